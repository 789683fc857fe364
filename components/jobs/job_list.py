"""A page of the jobs that match, live, and what can be done with many of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from components.jobs.job_card import PICKING, job_cards, pick_key
from components.jobs.job_commands import Act, JobCommand, undo_bar
from components.jobs.job_filter import job_filter
from components.jobs.outage_notice import outage_notice
from frametally.clock import utc_now
from frametally.deployment import Deployment
from frametally.exports.jobs_csv import jobs_csv
from frametally.job import Job, JobStatus
from frametally.jobs.deletion import can_be_deleted
from frametally.ledger.ledger import Ledger
from frametally.ledger.search import JobQuery, count, find

PER_PAGE = 10
_MOVES, _SEEN = "jobs_move", "jobs_seen"
_OPEN = [status for status in JobStatus if status.is_open]
_MAX_AT_ONCE = 10_000
_WITH_MANY: dict[str, tuple[Act, Callable[[Job], bool]]] = {
    "Retry": ("retry", lambda job: job.status.can_be_retried and job.deleted_at is None),
    "Ask now": ("ask", lambda job: bool(job.remote_job_id) and (job.status.is_open or job.status is JobStatus.LOST)),
    "Cancel": ("cancel", lambda job: job.status.is_open),
    "Tags…": ("edit", lambda _: True),
    "Delete": ("delete", can_be_deleted),
    "Bring back": ("restore", lambda job: job.deleted_at is not None),
}
"""What can be done with many at once, and with which of them."""


def refresh_s(ledger: Ledger) -> int:
    """How often the list is to be drawn again, in seconds: seldom where nothing in view is under way.

    What was in view last tells, and before anything was, whether any job of the ledger is under way. Another pace
    takes another run of the page: it waits for the next turn of the clock, so that nobody who searches waits for it.
    """
    if _MOVES not in st.session_state:
        st.session_state[_MOVES] = bool(ledger.jobs(statuses=_OPEN, limit=1))
    return 2 if st.session_state[_MOVES] else 10


def job_list(deployment: Deployment) -> JobCommand | None:
    """Draw the filter and the page in view; returns what the person wants done."""
    ledger = deployment.ledger
    query = job_filter(ledger)
    matching = count(ledger, query)
    if not matching:
        _nothing(query)
        undo_bar(deployment)
        return None
    outage_notice(ledger, utc_now())
    head, body = st.container(), st.container()
    with st.container(horizontal_alignment="center"):
        page = _page(query, -(-matching // PER_PAGE))
    jobs = find(ledger, query, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    before, st.session_state[_SEEN] = st.session_state.get(_SEEN), (query, page)
    if before == (query, page):
        st.session_state[_MOVES] = any(_moves(job) for job in jobs)
    with head:
        wish = _with_many(ledger, query, jobs, matching)
        undo_bar(deployment)
    with body:
        return job_cards(deployment, jobs, utc_now()) or wish


def _moves(job: Job) -> bool:
    return job.status.is_open and job.deleted_at is None


def _nothing(query: JobQuery) -> None:
    if query == JobQuery():
        st.info("No job yet. Upload a video to start the first one.", icon=":material/info:")
        st.page_link("../pages/upload.py", label="Upload a video", icon=":material/upload:")
    else:
        st.info("No job matches. Take something out of the search or the filter.", icon=":material/search_off:")


def _page(query: JobQuery, pages: int) -> int:
    """Which page is in view; another search begins at its first one."""
    state = st.session_state
    if _SEEN in state and state[_SEEN][0] != query:
        state["page"] = 1
    state_page = state.get("page", 1)
    if state_page > pages:
        state["page"] = pages
    return st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1


def _with_many(ledger: Ledger, query: JobQuery, jobs: Sequence[Job], matching: int) -> JobCommand | None:
    with st.container(horizontal=True, vertical_alignment="center", key="jobs_head"):
        st.markdown(f"**{matching:,}** {'job' if matching == 1 else 'jobs'}", width="stretch")
        wish = _pick(ledger, query, jobs, matching)
        st.download_button(
            "CSV",
            lambda: jobs_csv(ledger, query),
            "jobs.csv",
            "text/csv",
            key="jobs_csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
            help="All jobs that match, a row each, with units in the names of the columns.",
        )
    return wish


def _pick(ledger: Ledger, query: JobQuery, jobs: Sequence[Job], matching: int) -> JobCommand | None:
    """Picking several jobs, and what to do with them."""
    if not st.toggle("Pick several", key=PICKING):
        return None
    picked = [job for job in jobs if st.session_state.get(pick_key(job.id))]
    wish = _wish(ledger, query, picked, matching) if picked else None
    are_all = len(picked) == len(jobs)
    label = "None" if are_all else "All in view"
    st.button(label, key="pick_all", type="tertiary", on_click=_set_picked, args=(jobs, not are_all))
    return wish


def _wish(ledger: Ledger, query: JobQuery, picked: Sequence[Job], matching: int) -> JobCommand | None:
    everything = matching > len(picked) and st.checkbox(f"All {matching:,} that match", key="pick_matching")
    label = f"{matching if everything else len(picked):,} picked"
    chosen = st.menu_button(label, list(_WITH_MANY), key="with_many", icon=":material/checklist:", type="primary")
    if not chosen:
        return None
    act, fits = _WITH_MANY[chosen]
    ids = tuple(job.id for job in (find(ledger, query, limit=_MAX_AT_ONCE) if everything else picked) if fits(job))
    if not ids:
        st.toast(f"{chosen}: nothing that would do for any of them.", icon=":material/info:")
        return None
    return JobCommand(act, ids)


def _set_picked(jobs: Sequence[Job], is_picked: bool) -> None:
    for job in jobs:
        st.session_state[pick_key(job.id)] = is_picked
