"""The filter of the job list: search text, status, and more in a popover, all stored in the page's address."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from components.session import service_label, visit_of
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.ledger.search import JobQuery, Known, known

_DELETED = "Deleted"
_STATUSES = {
    "In progress": tuple(status for status in JobStatus if status.is_open),
    **{status.word: (status,) for status in JobStatus if not status.is_open},
    _DELETED: (),
}
_MORE = ("tag", "ran", "at", "since", "until")
_PAGE = "jobs"
_KEYS = ("q", "state", *_MORE)
_REQUESTED, _LAST, _VISIT = "requested_filter", "last_filter", "filtered_visit"


def show_jobs(text: str, *, deleted: bool = False) -> None:
    """Rerun the page with only the jobs that match this text, among the deleted ones or the others."""
    _request(text, deleted=deleted)
    st.rerun()


def clear_filter() -> None:
    """Show all jobs from the next run on."""
    _request("", deleted=False)


def job_filter(ledger: Ledger) -> JobQuery:
    """Let the user filter the jobs."""
    _restore_last()
    _apply_request()
    with st.container(horizontal=True, vertical_alignment="center"):
        text = st.text_input(
            "Search",
            key="q",
            type="search",
            live="50ms",
            placeholder="Name, model, note, tag or ID",
            icon=":material/search:",
            label_visibility="collapsed",
            bind="query-params",
        )
        query = _more(JobQuery(text=text or ""), ledger)
    chosen = st.pills(
        "Status",
        list(_STATUSES),
        selection_mode="multi",
        key="state",
        bind="query-params",
        label_visibility="collapsed",
    )
    if visit_of(_PAGE) is not None:
        st.session_state[_LAST] = {key: st.session_state[key] for key in _KEYS if st.session_state.get(key)}
    statuses = tuple(status for word in chosen for status in _STATUSES[word])
    return replace(query, statuses=statuses, deleted=_DELETED in chosen)


@st.cache_data(ttl="10s", show_spinner=False)
def _known(_ledger: Ledger, only_owner: str | None) -> Known:  # noqa: ARG001 (part of the key of the cache)
    return known(_ledger)


def known_jobs(ledger: Ledger) -> Known:
    """The values that the jobs in this ledger can be filtered by, at most 10 s old."""
    return _known(ledger, ledger.only_owner)


def forget_known_jobs() -> None:
    """Ask again: a tag has changed."""
    _known.clear()


def _more(query: JobQuery, ledger: Ledger) -> JobQuery:
    """The rest of the filter, drawn only if it is open or in use."""
    used = sum(bool(st.session_state.get(key)) for key in _MORE)
    label = f"Filter ({used})" if used else "Filter"
    with st.popover(label, icon=":material/filter_list:", key="jobs_filter", on_change="rerun") as box:
        if not (box.open or used or any(key in st.query_params for key in _MORE)):
            return query
        values = known_jobs(ledger)
        tags = st.multiselect("Tag", values.tags, key="tag", bind="query-params")
        models = st.multiselect("Model", values.models, key="ran", bind="query-params")
        services = st.multiselect("Service", values.services, key="at", bind="query-params", format_func=service_label)
        left, right = st.columns(2)
        since: date | None = left.date_input("From (UTC)", None, key="since", bind="query-params")
        until: date | None = right.date_input("To (UTC)", None, key="until", bind="query-params")
    return replace(
        query,
        tags=tuple(tags),
        models=tuple(models),
        services=tuple(services),
        since=_midnight(since),
        until=_midnight(until + timedelta(days=1)) if until else None,
    )


def _restore_last() -> None:
    """At the begin of a visit, filter as at the last one; if the address has a filter, as in the address only.

    In a run that follows the browser's Back button, Streamlit replaces values that are set here by those of the
    address, and the link that left the page has removed the filter from it. So the values are set in another run.
    """
    visit = visit_of(_PAGE)
    if visit is None or visit == st.session_state.get(_VISIT):
        return
    st.session_state[_VISIT] = visit
    if any(key in st.query_params for key in _KEYS):
        for key in _KEYS:
            st.session_state.pop(key, None)
    elif last := st.session_state.get(_LAST):
        st.session_state[_REQUESTED] = {"q": "", "state": [], **last}
        st.rerun()


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _request(text: str, *, deleted: bool) -> None:
    st.session_state[_REQUESTED] = {"q": text, "state": [_DELETED] if deleted else []}


def _apply_request() -> None:
    """Set the widgets as requested; the state of a widget can only be set before the widget is drawn."""
    requested: dict[str, object] | None = st.session_state.pop(_REQUESTED, None)
    if requested is not None:
        empty: dict[str, object] = {"tag": [], "ran": [], "at": [], "since": None, "until": None, "page": 1}
        st.session_state.update(empty | requested)
