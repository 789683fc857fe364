"""The totals of each class, with what each of them means beside it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from components.video_card import format_time
from frametally.analysis.totals import DEFINITIONS, Totals
from frametally.analysis.view import View


def totals_table(view: View, rows: Sequence[Totals]) -> None:
    """Show a row per class, and on how many frames the numbers rest."""
    st.caption(frames_in_words(view))
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
    with st.expander("What these numbers mean"):
        st.markdown("\n".join(f"- **{name}**: {meaning}" for name, meaning in DEFINITIONS.items()))


def frames_in_words(view: View) -> str:
    """How many frames of the view were planned, analyzed, and not."""
    planned, analyzed = len(view.entries), view.analyzed_entries
    missing = f" · {planned - analyzed:,} not analyzed (null: hatched, not zero)" if planned > analyzed else ""
    where = " (in the whole video)" if view.time_range_s else ""
    odd = f" · {view.table.mismatched:,} of another kind than the rest{where}" if view.table.mismatched else ""
    return f"{planned:,} frame{'' if planned == 1 else 's'} planned · {analyzed:,} analyzed{missing}{odd}"
