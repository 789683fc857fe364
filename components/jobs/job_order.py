"""The order of the list, remembered in the session and in the page's address: `sort=name`, `sort=-run`."""

from __future__ import annotations

from typing import get_args

import streamlit as st

from frametally.ledger.search import JobOrder, SortColumn

_ORDER, _PARAM = "jobs_order", "sort"


def job_order() -> JobOrder:
    """The order of the address, else of this session, else the newest first."""
    linked = _parse(st.query_params.get(_PARAM, ""))
    order: JobOrder = linked or st.session_state.get(_ORDER, JobOrder())
    st.session_state[_ORDER] = order
    return order


def set_job_order(order: JobOrder) -> None:
    """Sort the list in this way from the next run on."""
    st.session_state[_ORDER] = order
    if order == JobOrder():
        st.query_params.pop(_PARAM, None)
    else:
        st.query_params[_PARAM] = f"{'-' if order.descending else ''}{order.column}"


def _parse(text: str) -> JobOrder | None:
    columns: dict[str, SortColumn] = {column: column for column in get_args(SortColumn)}
    column = columns.get(text.removeprefix("-"))
    return JobOrder(column, text.startswith("-")) if column else None
