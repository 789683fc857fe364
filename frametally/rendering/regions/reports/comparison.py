"""What several jobs of one camera counted, side by side, as the page shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct, field

from frametally.regions.questions.comparison import DEFINITIONS, Curves, RegionComparison, Row
from frametally.rendering.regions.reports.figures import Figure, bin_edges, time_axis

_COLORS = ("#0b6e5f", "#d97706", "#7c3aed", "#2563eb", "#db2777")
"""Of the lines of the jobs, in their order."""
_MAX_ROWS = 60


class ComparedRow(Struct, frozen=True, kw_only=True):
    """One number of each job, with what it differs from the first by."""

    what: str
    region: str | None
    class_name: str | None
    unit: str
    values: list[float | None]
    differences: list[float | None]


class ComparedCurve(Struct, frozen=True):
    """A chart with a line for each job."""

    title: str
    figure: Figure


class ComparisonReport(Struct, frozen=True, kw_only=True):
    """The answer to a comparison."""

    state: str = "done"
    names: list[str]
    colors: list[str]
    rows: list[ComparedRow]
    """Those of all classes, then those that changed, the largest change first."""
    curves: list[ComparedCurve]
    common_s: tuple[float, float]
    definitions: dict[str, str] = field(default_factory=lambda: DEFINITIONS)


def bucket_s(last_s: float) -> float:
    """A round duration for the points of the charts."""
    edges = bin_edges(0.0, last_s)
    return float(edges[1] - edges[0])


def comparison_report(found: RegionComparison) -> ComparisonReport:
    """Rows and charts."""
    totals = [row for row in found.rows if row.class_name is None]
    changed = [row for row in found.changes if row.class_name is not None]
    return ComparisonReport(
        names=list(found.names),
        colors=list(_COLORS[: len(found.names)]),
        rows=[_row(row) for row in [*totals, *changed][:_MAX_ROWS]],
        curves=[_curve(curves, found) for curves in found.curves if np.nan_to_num(curves.values).any()],
        common_s=(found.first_s, found.last_s),
    )


def _row(row: Row) -> ComparedRow:
    return ComparedRow(
        what=row.what,
        region=row.region,
        class_name=row.class_name,
        unit=row.unit,
        values=list(row.values),
        differences=list(row.differences),
    )


def _curve(curves: Curves, found: RegionComparison) -> ComparedCurve:
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": found.time_s.tolist(),
            "y": _known(values.tolist()),
            "line": {"shape": "hv", "width": 1.5, "color": color},
        }
        for name, values, color in zip(found.names, curves.values, _COLORS, strict=False)
    ]
    title = f"{curves.region}: {curves.what}" if curves.region else curves.what.capitalize()
    return ComparedCurve(title, {"data": traces, "layout": {"xaxis": time_axis(found.first_s, found.last_s)}})


def _known(values: Sequence[float]) -> list[float | None]:
    """Null where nothing was analyzed."""
    return [None if math.isnan(value) else round(value, 3) for value in values]
