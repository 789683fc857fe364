"""Counts that are corrected by checked frames, on the chart of a brief: a dashed line with its interval as a band."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from frametally.reports.facts import CheckedPart, Corrected
from frametally.reports.numbers.figures import Figure, shown_name

DEFINITION: Final = "Dashed, with a band: corrected by checked frames at min. confidence {:g}, and the 95 % interval."
_OPACITY: Final = "24"
"""Hex, after the color."""


def corrected_lines(parts: Sequence[CheckedPart], names: Sequence[str], colors: Mapping[str, str]) -> list[Figure]:
    """Two traces for each class of which something can be said; their `meta` has its code as `corrected`."""
    traces: list[Figure] = []
    for code, name in enumerate(names):
        known = [(part.start_s, part.end_s, mean) for part in parts if (mean := part.means[code])]
        if known:
            traces += _traces(known, code, shown_name(name), colors[name])
    return traces


def _traces(known: list[tuple[float, float, Corrected]], code: int, name: str, color: str) -> Iterator[Figure]:
    shared = {
        "type": "scatter",
        "mode": "lines",
        "name": f"{name}, corrected",
        "hoverinfo": "skip",
        "meta": {"corrected": code},
    }
    yield {
        **shared,
        "x": [x for start_s, end_s, _ in known for x in (start_s, start_s, end_s, end_s, None)],
        "y": [y for _, _, mean in known for y in (mean.low, mean.high, mean.high, mean.low, None)],
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": f"{color}{_OPACITY}",
    }
    yield {
        **shared,
        "x": [x for start_s, end_s, _ in known for x in (start_s, end_s, None)],
        "y": [y for _, _, mean in known for y in (mean.corrected, mean.corrected, None)],
        "line": {"color": color, "width": 2, "dash": "dash"},
    }
