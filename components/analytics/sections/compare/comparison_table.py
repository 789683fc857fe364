"""The table of a comparison: mean and peak of each class for both models, and its matched boxes."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from components.analytics.cached_counts import cached_totals
from frametally.analysis.comparison import DEFINITIONS, Comparison
from frametally.analysis.totals import DEFINITIONS as METRICS
from frametally.analysis.totals import Totals
from frametally.analysis.view import View

_PARTS = {"Mean": "%.2f", "Peak": "%d"}


def comparison_table(view: View, found: Comparison) -> None:
    """Draw a row per class with its numbers, and what they mean."""
    models = (found.model_a, found.model_b)
    sides = [replace(view, model=model) for model in models]
    rows = [{row.class_name: row for row in cached_totals(side)} for side in sides]
    absent = [_absent(side) for side in sides]
    columns = [(of, part, model) for part in _PARTS for of, model in enumerate(models)]
    st.dataframe(
        [
            {"Class": name}
            | {f"{part}: {model}": getattr(rows[of].get(name, absent[of]), part.lower()) for of, part, model in columns}
            | {"Both": int(both), f"Only {found.model_a}": int(a), f"Only {found.model_b}": int(b)}
            for name, (both, a, b) in zip(found.classes, found.by_class, strict=True)
        ],
        hide_index=True,
        column_config={
            f"{part}: {model}": st.column_config.NumberColumn(format=_PARTS[part], help=METRICS[part])
            for _, part, model in columns
        },
    )
    meanings = {**{part: METRICS[part] for part in _PARTS}, "Both": DEFINITIONS["Matched"]}
    meanings["Agreement"] = DEFINITIONS["Agreement"]
    text = "; ".join(f"**{name}**: {meaning}" for name, meaning in meanings.items())
    st.caption(f"Mean and peak of each model are over all frames that it analyzed. {text}.")


def _absent(view: View) -> Totals:
    """The totals of a class that only the other model has: 0, or None if no frame was analyzed."""
    zero = 0 if view.analyzed_entries else None
    return Totals("", zero, zero, zero, zero, None, None)
