"""Notices of jobs that end while a tab is open: a toast each, their number in the tab's title.

The browser asks for a run when the stream of `frametally.notifications.end_stream` says that a job has ended; where
a launcher does not serve that route, every ten seconds.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from components.access import own_tickets
from components.access.sign_in import require_sign_in
from components.formatting import escape_markdown, plural
from components.header.page_title import set_ended_title
from components.job_status import status_icon
from frametally.errors import JobError
from frametally.ledger.ledger import Ledger
from frametally.notifications.end_stream import ENDS_PREFIX
from frametally.notifications.outbox import JobEnd, ends_after, last_event

_SEEN, _COUNT = "ended_jobs_seen", "ended_jobs_count"
_MAX_TOASTS = 3
_stream = st.components.v2.component(
    "frametally.ended_jobs", js=(Path(__file__).parent / "ended_jobs.js").read_text(), isolate_styles=False
)


def ended_jobs(ledger: Ledger) -> None:
    """Watch for jobs that end from now on. Each full rerun is a user action, so it resets the number in the title."""
    st.session_state[_COUNT] = 0
    if _SEEN not in st.session_state:
        st.session_state[_SEEN] = last_event(ledger)
    _watch(ledger)


@st.fragment
def _watch(ledger: Ledger) -> None:
    """Run one indexed query; draw nothing unless a job has ended."""
    require_sign_in()
    url = f".{ENDS_PREFIX}{own_tickets().for_ends()}?after={st.session_state[_SEEN]}"
    _stream(key="ended_jobs", data={"url": url}, on_ended_change=lambda: None)
    try:
        ended = ends_after(ledger, st.session_state.get(_SEEN, 0))
    except SQLAlchemyError:  # a temporary outage; the page itself shows it
        return
    if ended:
        st.session_state[_SEEN] = ended[-1].event_id
        st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + len(ended)
        _toasts(ledger, ended)
        set_ended_title(st.session_state[_COUNT])


def _toasts(ledger: Ledger, ended: list[JobEnd]) -> None:
    for end in ended[:_MAX_TOASTS]:
        try:
            name = escape_markdown(ledger.job(end.job_id).video_name)
        except JobError:  # deleted since
            continue
        st.toast(f"**{name}**: {end.status.word}", icon=status_icon(end.status), duration="long")
    if len(ended) > _MAX_TOASTS:
        st.toast(f"{plural(len(ended) - _MAX_TOASTS, 'more job')} ended.", icon=":material/list_alt:", duration="long")
