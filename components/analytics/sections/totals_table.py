"""The totals of each class, with their definitions."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.formatting import format_time
from frametally.analysis.totals import DEFINITIONS, Totals


def totals_table(rows: Sequence[Totals]) -> None:
    """Draw a row per class."""
    shown = [
        {
            "Class": row.class_name,
            "Mean": row.mean,
            "Peak": row.peak,
            "Present": None if row.present is None else row.present * 100,
            "Time present": None if row.present_s is None else format_time(row.present_s),
            "First seen": None if row.first_seen_s is None else format_time(row.first_seen_s),
            "Last seen": None if row.last_seen_s is None else format_time(row.last_seen_s),
        }
        for row in rows
    ]
    settings = {name: st.column_config.Column(name, help=meaning) for name, meaning in DEFINITIONS.items()}
    settings["Mean"] = st.column_config.NumberColumn("Mean", help=DEFINITIONS["Mean"], format="%.2f")
    settings["Present"] = st.column_config.NumberColumn("Present", help=DEFINITIONS["Present"], format="%.0f %%")
    st.dataframe(shown, hide_index=True, column_config=settings)
    with st.expander("About these metrics"):
        st.markdown("\n".join(f"- **{name}**: {meaning}" for name, meaning in DEFINITIONS.items()))
