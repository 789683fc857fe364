"""Which jobs are looked at: words, states, and the rest in a popover; all of it in the address."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import streamlit as st

from components.session import service_label
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.ledger.search import JobQuery, Known, known

_DELETED = "Deleted"
_STATES = {
    "Under way": tuple(status for status in JobStatus if status.is_open),
    "Done": (JobStatus.SUCCEEDED,),
    "Failed": (JobStatus.FAILED,),
    "Lost": (JobStatus.LOST,),
    "Cancelled": (JobStatus.CANCELLED,),
    _DELETED: (),
}
_MORE = ("tag", "ran", "at", "since", "until")
_WANTED = "wanted_jobs"


def show_jobs(text: str, *, deleted: bool = False) -> None:
    """Run the page again with only the jobs in view in which this text stands, of the deleted ones or the others."""
    st.session_state[_WANTED] = {"q": text, "state": [_DELETED] if deleted else []}
    st.rerun()


def job_filter(ledger: Ledger) -> JobQuery:
    """Let the person say which jobs to show."""
    _arrive()
    with st.container(horizontal=True, vertical_alignment="center"):
        text = st.text_input(
            "Search",
            key="q",
            type="search",
            live="50ms",
            placeholder="Name, model, note, tag or id",
            icon=":material/search:",
            label_visibility="collapsed",
            bind="query-params",
        )
        query = _more(JobQuery(text=text or ""), ledger)
    states = st.pills(
        "State", list(_STATES), selection_mode="multi", key="state", bind="query-params", label_visibility="collapsed"
    )
    statuses = tuple(status for state in states for status in _STATES[state])
    return replace(query, statuses=statuses, deleted=_DELETED in states)


@st.cache_data(ttl="10s", show_spinner=False)
def known_jobs(_ledger: Ledger) -> Known:
    """What there is to filter by, as of a moment ago; `known_jobs.clear()` after a change."""
    return known(_ledger)


def _more(query: JobQuery, ledger: Ledger) -> JobQuery:
    """The rest of the filter, drawn only where it is open or in use."""
    picked = sum(bool(st.session_state.get(key)) for key in _MORE)
    label = f"Filter ({picked})" if picked else "Filter"
    with st.popover(label, icon=":material/filter_list:", key="jobs_filter", on_change="rerun") as box:
        if not (box.open or picked or any(key in st.query_params for key in _MORE)):
            return query
        there = known_jobs(ledger)
        tags = st.multiselect("Tag", there.tags, key="tag", bind="query-params")
        models = st.multiselect("Model", there.models, key="ran", bind="query-params")
        services = st.multiselect("Service", there.services, key="at", bind="query-params", format_func=service_label)
        left, right = st.columns(2)
        since: date | None = left.date_input("From (UTC)", None, key="since", bind="query-params")
        until: date | None = right.date_input("To, that day included", None, key="until", bind="query-params")
    return replace(
        query,
        tags=tuple(tags),
        models=tuple(models),
        services=tuple(services),
        since=_midnight(since),
        until=_midnight(until + timedelta(days=1)) if until else None,
    )


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _arrive() -> None:
    wanted: dict[str, object] | None = st.session_state.pop(_WANTED, None)
    if wanted is not None:
        empty: dict[str, object] = {"tag": [], "ran": [], "at": [], "since": None, "until": None, "page": 1}
        st.session_state.update(empty | wanted)
