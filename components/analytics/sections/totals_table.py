"""The totals of each class, with their definitions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from components.formatting import escape_markdown, format_time, plural
from frametally.analysis.totals import DEFINITIONS, Totals
from frametally.audit.estimates import Estimate
from frametally.rendering.audits.report import Report

_CORRECTED: Final = "Corrected mean"
CORRECTED_MEANING: Final = (
    "objects per analyzed frame, corrected by the frames that were checked by eye, and the interval that holds the "
    "true value in 95 % of all samples"
)
_PRESENT: Final = "Corrected present"
_PRESENT_MEANING: Final = (
    "share of analyzed frames with at least one object, corrected in the same way; not known if more than the planned "
    "frames were checked"
)


def totals_table(rows: Sequence[Totals], audited: Report | None = None) -> None:
    """Draw a row per class; with checked frames, their interval beside the mean of the model."""
    corrected = [_corrected(row.mean) for row in audited.rows] if audited else []
    shown = [
        {
            "Class": row.class_name,
            "Mean": row.mean,
            **({_CORRECTED: corrected[at]} if audited else {}),
            "Peak": row.peak,
            "Present": None if row.present is None else row.present * 100,
            **({_PRESENT: _share(audited.rows[at].presence)} if audited else {}),
            "Time present": None if row.present_s is None else format_time(row.present_s),
            "First seen": None if row.first_seen_s is None else format_time(row.first_seen_s),
            "Last seen": None if row.last_seen_s is None else format_time(row.last_seen_s),
        }
        for at, row in enumerate(rows)
    ]
    settings = {name: st.column_config.Column(name, help=meaning) for name, meaning in DEFINITIONS.items()}
    settings["Mean"] = st.column_config.NumberColumn("Mean", help=DEFINITIONS["Mean"], format="%.2f")
    if audited:
        settings[_CORRECTED] = st.column_config.TextColumn(_CORRECTED, help=CORRECTED_MEANING)
        settings[_PRESENT] = st.column_config.TextColumn(_PRESENT, help=_PRESENT_MEANING)
    settings["Present"] = st.column_config.NumberColumn("Present", help=DEFINITIONS["Present"], format="%.0f %%")
    st.dataframe(shown, hide_index=True, column_config=settings)
    if audited:
        st.caption(_who(audited))
    with st.expander("About these metrics"):
        meanings = {**DEFINITIONS, **({_CORRECTED: CORRECTED_MEANING, _PRESENT: _PRESENT_MEANING} if audited else {})}
        st.markdown("\n".join(f"- **{name}**: {meaning}" for name, meaning in meanings.items()))


def _corrected(mean: Estimate | None) -> str:
    if mean is None:
        return "too few frames to say"
    return f"{mean.corrected:.2f} ({mean.interval.low:.2f} to {mean.interval.high:.2f})"


def _share(presence: Estimate | None) -> str:
    if presence is None:
        return "–"
    return f"{presence.corrected:.0%} ({presence.interval.low:.0%} to {presence.interval.high:.0%})".replace("%", " %")


def _who(audited: Report) -> str:
    """Who has checked, and when."""
    people = ", ".join(
        f"{escape_markdown(person.name)} ({plural(person.frames, 'frame')}, {person.last_at:%d %b %Y})"
        if person.name
        else f"{plural(person.frames, 'frame')}, {person.last_at:%d %b %Y}"
        for person in audited.people
    )
    state = " Preliminary: not all planned frames are checked." if audited.is_preliminary else ""
    state = " Sequential intervals: more than the planned frames were checked." if audited.is_sequential else state
    return f"Corrected by {plural(audited.checked, 'checked frame')}: {people}.{state}"
