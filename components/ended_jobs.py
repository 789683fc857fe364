"""Jobs that end while a tab is open, on whatever page: a toast each, and the number of them in the tab's title."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from components.errors import escape_markdown
from frametally.errors import JobError
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.notifications.outbox import JobEnd, ends_after, last_event

_SEEN, _COUNT = "ended_jobs_seen", "ended_jobs_count"
_MAX_TOASTS = 3
_ICON = str(Path(__file__).parent / "assets/mark.svg")
_LOOKS = {
    JobStatus.SUCCEEDED: ("is done", ":material/check_circle:"),
    JobStatus.FAILED: ("has failed", ":material/error:"),
    JobStatus.LOST: ("is lost", ":material/help:"),
    JobStatus.CANCELLED: ("was cancelled", ":material/cancel:"),
}


def ended_jobs(ledger: Ledger) -> None:
    """Tell of what ends from now on; whoever does something on a page has seen what the title says."""
    st.session_state[_COUNT] = 0
    if _SEEN not in st.session_state:
        st.session_state[_SEEN] = last_event(ledger)
    _tell(ledger)


@st.fragment(run_every="4s")
def _tell(ledger: Ledger) -> None:
    """One question to an index of the ledger; nothing is drawn where nothing has ended."""
    try:
        ended = ends_after(ledger, st.session_state.get(_SEEN, 0))
    except SQLAlchemyError:  # for a while; the page itself says so where it matters
        return
    if ended:
        st.session_state[_SEEN] = ended[-1].event_id
        st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + len(ended)
        _toasts(ledger, ended)
        st.set_page_config(page_title=f"({st.session_state[_COUNT]} done) Frametally", page_icon=_ICON, layout="wide")


def _toasts(ledger: Ledger, ended: list[JobEnd]) -> None:
    for end in ended[:_MAX_TOASTS]:
        words, icon = _LOOKS[end.status]
        try:
            name = escape_markdown(ledger.job(end.job_id).video_name)
        except JobError:  # it was removed meanwhile
            continue
        st.toast(f"**{name}** {words}.", icon=icon, duration="long")
    if len(ended) > _MAX_TOASTS:
        st.toast(f"{len(ended) - _MAX_TOASTS} more jobs have ended.", icon=":material/list_alt:", duration="long")
