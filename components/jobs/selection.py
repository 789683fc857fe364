"""Selecting several jobs and choosing one action for all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import streamlit as st

from components.access import current_person, is_ever_allowed
from components.jobs.job_commands import Action, JobCommand
from components.jobs.job_permissions import may_command
from frametally.access import permissions
from frametally.job import Job, JobStatus
from frametally.jobs.deletion import can_be_deleted
from frametally.ledger.ledger import Ledger
from frametally.ledger.search import JobQuery, find

_SELECTING, _SELECTED = "jobs_selecting", "selected_jobs"
_MAX_JOBS = 10_000


@dataclass(frozen=True)
class _BulkAction:
    action: Action
    done: str
    """Past participle, for the message that the action applies to none of the selected jobs."""
    applies_to: Callable[[Job], bool]


_BULK_ACTIONS = {
    "Retry": _BulkAction("retry", "retried", lambda job: job.status.can_be_retried and job.deleted_at is None),
    "Refresh status": _BulkAction(
        "refresh",
        "refreshed",
        lambda job: bool(job.remote_job_id) and (job.status.is_open or job.status is JobStatus.LOST),
    ),
    "Cancel": _BulkAction("cancel", "canceled", lambda job: job.status.is_open),
    "Edit tags…": _BulkAction("edit", "tagged", lambda _: True),
    "Delete": _BulkAction("delete", "deleted", can_be_deleted),
    "Restore": _BulkAction("restore", "restored", lambda job: job.deleted_at is not None),
}


def is_selecting() -> bool:
    """Whether the rows show their checkboxes."""
    return bool(st.session_state.get(_SELECTING))


def selected_ids() -> set[str]:
    """Ids of the selected jobs, of all pages that this session has seen."""
    selected: set[str] = st.session_state.setdefault(_SELECTED, set())
    return selected


def select(jobs: Sequence[Job], job_ids: Collection[str]) -> None:
    """Select exactly these of the jobs of a page."""
    selected_ids().difference_update(job.id for job in jobs)
    selected_ids().update(job.id for job in jobs if job.id in job_ids)


def selection(ledger: Ledger, query: JobQuery, jobs: Sequence[Job], matching: int) -> JobCommand | None:
    """Draw the controls of the selection; returns the command that the user chose.

    Args:
        ledger: where the jobs of other pages are found.
        query: the current filter.
        jobs: the jobs on the current page.
        matching: the number of jobs on all pages.
    """
    if not is_ever_allowed(permissions.Action.EDIT) or not st.toggle("Select", key=_SELECTING):
        return None
    selected = [job for job in jobs if job.id in selected_ids()]
    command = _bulk_command(ledger, query, selected, matching) if selected else None
    are_all = len(selected) == len(jobs)
    st.button(
        "Clear" if are_all else "Select page",
        key="select_page",
        type="tertiary",
        on_click=select,
        args=(jobs, () if are_all else [job.id for job in jobs]),
    )
    return command


def _bulk_command(ledger: Ledger, query: JobQuery, selected: Sequence[Job], matching: int) -> JobCommand | None:
    everything = matching > len(selected) and st.checkbox(f"Select all {matching:,}", key="select_matching")
    label = f"{matching if everything else len(selected):,} selected"
    chosen = st.menu_button(label, list(_BULK_ACTIONS), key="bulk_action", icon=":material/checklist:", type="primary")
    if not chosen:
        return None
    bulk = _BULK_ACTIONS[chosen]
    candidates = find(ledger, query, limit=_MAX_JOBS) if everything else selected
    person = current_person()
    job_ids = tuple(job.id for job in candidates if bulk.applies_to(job) and may_command(person, bulk.action, job))
    if not job_ids:
        st.toast(f"None of the selected jobs can be {bulk.done}.", icon=":material/info:")
        return None
    return JobCommand(bulk.action, job_ids)
