"""What a brief states about two models on the same frames."""

from __future__ import annotations

from collections.abc import Mapping

from frametally.analysis.comparison import DEFINITIONS, Comparison, agreement_of
from frametally.reports.facts import Compared, ComparedRow


def compared(comparison: Comparison, colors: Mapping[str, str]) -> Compared:
    """Agreement of the models, as a whole and by class."""
    rows = [
        ComparedRow(
            name=name,
            color=colors[name],
            matched=matched,
            only_a=only_a,
            only_b=only_b,
            agreement=agreement_of(matched, only_a, only_b),
        )
        for name, (matched, only_a, only_b) in zip(comparison.classes, comparison.by_class.tolist(), strict=True)
    ]
    return Compared(
        agreement=comparison.agreement,
        frames=int(comparison.compared.sum()),
        rows=tuple(rows),
        definitions=DEFINITIONS,
    )
