"""The totals of each class, with what each of them means beside it."""

from __future__ import annotations

import streamlit as st

from components.video_card import clock
from video_inference.analysis.counts import DEFINITIONS, Counts, totals


def totals_table(counts: Counts) -> None:
    """Show mean, peak, presence, first and last sight per class, and how many frames they rest on."""
    planned, analysed = len(counts.analysed), int(counts.analysed.sum())
    missing = (
        f" · {planned - analysed} not analysed (null, shown grey, not counted as zero)" if planned > analysed else ""
    )
    st.caption(f"{planned:,} frames planned · {analysed:,} analysed{missing}")
    rows = [
        {
            "Class": row.class_name,
            "Mean": row.mean,
            "Peak": row.peak,
            "Present": None if row.present is None else row.present * 100,
            "First seen": None if row.first_seen_s is None else clock(row.first_seen_s),
            "Last seen": None if row.last_seen_s is None else clock(row.last_seen_s),
        }
        for row in totals(counts)
    ]
    settings = {name: st.column_config.Column(name, help=meaning) for name, meaning in DEFINITIONS.items()}
    settings["Mean"] = st.column_config.NumberColumn("Mean", help=DEFINITIONS["Mean"], format="%.2f")
    settings["Present"] = st.column_config.NumberColumn("Present", help=DEFINITIONS["Present"], format="%.0f %%")
    st.dataframe(rows, hide_index=True, column_config=settings)
    with st.expander("What these numbers mean"):
        st.markdown("\n".join(f"- **{name}**: {meaning}" for name, meaning in DEFINITIONS.items()))
