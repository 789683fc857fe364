"""The rows of the list: one component that draws them, opens them, and reports what the user chose.

Keys: j and k move between rows, Enter opens one, x selects it. Rows keep their elements while the list is refreshed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import msgspec
import streamlit as st

from components.job_status import BADGE_CSS
from components.jobs.job_commands import Action
from components.jobs.job_rows import JobRow
from components.jobs.job_table.layout import HTML
from components.web.own_root import component_with_own_root
from frametally.ledger.search import JobOrder, SortColumn

TABLE_KEY = "job_table"
_HERE = Path(__file__).parent
_SCRIPTS = ("menu.js", "sparkline.js", "row.js", "table.js")
_STYLES = ("table.css", "row.css", "narrow.css")
_component = component_with_own_root(
    "frametally.job_table",
    html=HTML,
    css="\n".join((_HERE / name).read_text() for name in _STYLES) + BADGE_CSS,
    scripts=[_HERE / name for name in _SCRIPTS],
)


@dataclass(frozen=True)
class TableEvent:
    """What the user has just asked for; each is None if nothing of it."""

    command: tuple[Action, str] | None = None
    """An action on the job with this id."""
    opened: str | None = None
    """Id of the finished job to open."""


def job_table(
    rows: Sequence[JobRow],
    order: JobOrder,
    selected: Collection[str] | None,
    *,
    on_order: Callable[[JobOrder], None],
    on_selected: Callable[[frozenset[str]], None],
) -> TableEvent:
    """Draw the rows; returns what the user asked for.

    Args:
        rows: one page of the list.
        order: how the list is sorted.
        selected: ids of the selected rows; None hides the checkboxes.
        on_order: called before the next run with the new order.
        on_selected: called before the next run with the ids of all selected rows of the page.
    """
    data = {
        "rows": msgspec.to_builtins(rows),
        "order": {"column": order.column, "descending": order.descending},
        "selected": None if selected is None else sorted(selected),
    }

    def report_order() -> None:
        order = _order(_sent("order"))
        if order:
            on_order(order)

    def report_selected() -> None:
        ids = _sent("selected")
        on_selected(frozenset(each for each in ids if isinstance(each, str)) if isinstance(ids, list) else frozenset())

    result = _component(
        key=TABLE_KEY,
        data=data,
        on_command_change=lambda: None,
        on_order_change=report_order,
        on_selected_change=report_selected,
    )
    return _event(result.command)


def _sent(name: str) -> object:
    """What the browser has sent with a trigger."""
    return st.session_state[TABLE_KEY].get(name)


def _event(command: object) -> TableEvent:
    """The event; a value of another form than ours is ignored, as it comes from the browser."""
    if not isinstance(command, dict) or not isinstance(job_id := command.get("job_id"), str):
        return TableEvent()
    actions: dict[str, Action] = {action: action for action in get_args(Action)}
    action = actions.get(str(command.get("action")))
    return TableEvent((action, job_id) if action else None, job_id if command.get("action") == "open" else None)


def _order(value: object) -> JobOrder | None:
    if not isinstance(value, dict) or value.get("column") not in get_args(SortColumn):
        return None
    return JobOrder(value["column"], value.get("descending") is True)
