"""What happened to a job, line by line, and the calls that prove how seldom its service was asked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import streamlit as st

from components.errors import escape_markdown
from components.formatting import format_duration
from components.job_status import state_word
from frametally.contract import STATUS_FLOOR_S
from frametally.job import EMBEDDED, Job
from frametally.ledger.events import Event, EventKind
from frametally.ledger.ledger import Ledger

HISTORY = "History"
_OPEN = "open_histories"
_SHOWN_CALLS = 50


def open_history(job_id: str) -> None:
    """Have the card of this job show its history."""
    st.session_state.setdefault(_OPEN, set()).add(job_id)


def is_history_open(job_id: str) -> bool:
    """Whether somebody has opened the history of this job, in this session."""
    return job_id in st.session_state.get(_OPEN, ())


def job_history(ledger: Ledger, job: Job) -> None:
    """What happened to a job, on its card; it is read only where somebody has opened it."""
    if not is_history_open(job.id):
        return
    with st.container(border=True, gap="xsmall", key=f"history-{job.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            there = f" · at the service `{_code(job.remote_job_id)}`" if job.remote_job_id else ""
            st.caption(f"**{HISTORY}** of `{job.id}`{there}", width="stretch")
            st.button("", key=f"close-{job.id}", icon=":material/close:", type="tertiary", on_click=_close, args=(job,))
        moves = ledger.history(job.id, kinds=[kind for kind in EventKind if kind is not EventKind.ASKED])
        st.markdown("  \n".join(_line(event) for event in moves) or "It is from before the history was kept.")
        _calls(job, ledger.history(job.id, kinds=[EventKind.ASKED]))


def _close(job: Job) -> None:
    st.session_state[_OPEN].discard(job.id)


def _code(text: str) -> str:
    """Text from outside, to stand between backticks."""
    return text.replace("`", "'")


def _line(event: Event) -> str:
    what = f"**{state_word(event.status)}**" if event.status else ""
    cause = escape_markdown(event.cause)
    return f":gray[{event.at:%d %b %H:%M:%S}] {' · '.join(part for part in (what, cause) if part)}"


def _calls(job: Job, calls: Sequence[Event]) -> None:
    if not calls:
        return
    st.caption(f"**Asked how it stands** · {_floor(job, calls)}")
    gaps_s = [None, *((later.at - earlier.at).total_seconds() for earlier, later in pairwise(calls))]
    rows = [
        {"At (UTC)": f"{call.at:%d %b %H:%M:%S}", "After (s)": gap_s, "It said": call.cause}
        for call, gap_s in zip(calls, gaps_s, strict=True)
    ]
    st.dataframe(rows[::-1][:_SHOWN_CALLS], hide_index=True, height="content" if len(rows) < 8 else 280)
    if len(rows) > _SHOWN_CALLS:
        st.caption(f"The last {_SHOWN_CALLS} of {len(rows):,}.")


def _floor(job: Job, calls: Sequence[Event]) -> str:
    if job.service == EMBEDDED:
        return "the built-in engine invites a call every second or two; one a minute is written down"
    shortest_s = min(((later.at - earlier.at).total_seconds() for earlier, later in pairwise(calls)), default=None)
    if shortest_s is None:
        return "once"
    invited = "" if shortest_s >= STATUS_FLOOR_S else ", where the service had invited it"
    return f"{len(calls):,} times, never sooner than {format_duration(shortest_s)} after the last{invited}"
