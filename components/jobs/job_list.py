"""The live list of the jobs that match the filter, one page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from components.analytics_link import open_analytics
from components.jobs.job_commands import JobCommand, undo_bar
from components.jobs.job_filter import clear_filter, job_filter
from components.jobs.job_order import job_order, set_job_order
from components.jobs.job_rows import job_rows
from components.jobs.job_table import job_table
from components.jobs.outage_notice import outage_notice
from components.jobs.selection import is_selecting, select, selected_ids, selection
from frametally.clock import utc_now
from frametally.deployment import Deployment
from frametally.exports.jobs_csv import jobs_csv
from frametally.job import Job, JobStatus
from frametally.ledger.ledger import Ledger
from frametally.ledger.search import JobOrder, JobQuery, count_jobs, find

PER_PAGE = 20
_LIVE_S, _IDLE_S = 2, 10
_IS_LIVE, _SEEN, _PAGE, _QUERY = "jobs_live", "jobs_seen", "page", "jobs_query"
_OPEN = [status for status in JobStatus if status.is_open]


def refresh_s(ledger: Ledger) -> int:
    """Seconds until the list is drawn again: more if no job on the page is in progress.

    Depends on the jobs that were drawn last, at first on the whole ledger. A new interval requires a full rerun of the
    page, so it takes effect with the next tick of the timer and never delays a search.
    """
    if _IS_LIVE not in st.session_state:
        st.session_state[_IS_LIVE] = bool(ledger.jobs(statuses=_OPEN, limit=1))
    return _LIVE_S if st.session_state[_IS_LIVE] else _IDLE_S


def csv_button(ledger: Ledger) -> None:
    """Draw a button that downloads the jobs of the list.

    Outside of the list, which is drawn every few seconds: a file that is generated at the click belongs to the run that
    drew the button, and would be gone after the next one.
    """
    shown = _shown_query()
    st.download_button(
        "CSV",
        lambda: jobs_csv(ledger, shown[0]),
        "jobs.csv",
        "text/csv",
        key="jobs_csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        help="All jobs that match, one per row.",
    )


def job_list(deployment: Deployment) -> JobCommand | None:
    """Draw the filter and the current page; returns the command that the user chose."""
    ledger = deployment.ledger
    query = job_filter(ledger)
    _shown_query()[0] = query
    matching = count_jobs(ledger, query)
    if not matching:
        _no_jobs(query)
        undo_bar(deployment)
        return None
    outage_notice(ledger, utc_now())
    head, body = st.container(), st.container()
    with st.container(horizontal_alignment="center"):
        page = _page(query, -(-matching // PER_PAGE))
    order = job_order()
    jobs = find(ledger, query, limit=PER_PAGE, offset=(page - 1) * PER_PAGE, order=order)
    before, st.session_state[_SEEN] = st.session_state.get(_SEEN), (query, page)
    if before == (query, page):
        st.session_state[_IS_LIVE] = any(job.status.is_open and job.deleted_at is None for job in jobs)
    with head:
        command = _head(ledger, query, jobs, matching)
        undo_bar(deployment)
    with body:
        return _rows(deployment, jobs, order) or command


def _rows(deployment: Deployment, jobs: Sequence[Job], order: JobOrder) -> JobCommand | None:
    """Draw the rows and do what the user asked for, or return it as a command."""
    selected = selected_ids() if is_selecting() else None
    event = job_table(
        job_rows(deployment, jobs, utc_now()),
        order,
        selected,
        on_order=set_job_order,
        on_selected=partial(select, jobs),
    )
    if event.opened:
        open_analytics(event.opened)
    return JobCommand(event.command[0], (event.command[1],)) if event.command else None


def _shown_query() -> list[JobQuery]:
    """The filter of the list as its last run drew it, in a list that the button of that session shares."""
    shown: list[JobQuery] = st.session_state.setdefault(_QUERY, [JobQuery()])
    return shown


def _no_jobs(query: JobQuery) -> None:
    if query == JobQuery():
        st.info("No jobs yet. Upload a video to start the first one.", icon=":material/info:")
        st.page_link("../pages/upload.py", label="Upload a video", icon=":material/upload:")
    else:
        st.info("No jobs match.", icon=":material/search_off:")
        st.button("Clear filters", icon=":material/filter_list_off:", key="clear_filters", on_click=clear_filter)


def _page(query: JobQuery, pages: int) -> int:
    """The current page; a changed filter starts at the first one."""
    state = st.session_state
    if _SEEN in state and state[_SEEN][0] != query:
        state[_PAGE] = 1
    if state.get(_PAGE, 1) > pages:
        state[_PAGE] = pages
    return st.pagination(pages, key=_PAGE, bind="query-params") if pages > 1 else 1


def _head(ledger: Ledger, query: JobQuery, jobs: Sequence[Job], matching: int) -> JobCommand | None:
    with st.container(horizontal=True, vertical_alignment="center", key="jobs_head"):
        st.markdown(f"**{matching:,}** {'job' if matching == 1 else 'jobs'}", width="stretch")
        return selection(ledger, query, jobs, matching)
