"""Commands on jobs: what the user chose to do, its execution, and the outcome as a toast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

import streamlit as st

from components.access import current_person
from components.formatting import escape_markdown, plural
from components.installed_models import installed_models
from components.preflight import known_preflight
from components.session import Connection
from frametally.access.person import Person
from frametally.client.errands import PATIENCE_S, within
from frametally.deployment import Deployment
from frametally.errors import FrametallyError, JobError
from frametally.job import Job
from frametally.jobs.actions import retry
from frametally.jobs.deletion import delete, restore_jobs
from frametally.jobs.messages import CANCEL_CONTINUES, REFRESH_CONTINUES
from frametally.jobs.preflight import find_issues

Action = Literal[
    "refresh", "cancel", "retry", "other_models", "edit", "delete", "restore", "history", "read_again", "import"
]
_DELETED = "deleted_jobs"
_DIALOG = "job_dialog"
_MAX_ERRORS = 3


@dataclass(frozen=True)
class JobCommand:
    """An action that the user chose for one or more jobs."""

    action: Action
    job_ids: tuple[str, ...]
    is_confirmed: bool = False


def execute(deployment: Deployment, command: JobCommand) -> None:
    """Run the command, or open a dialog if it needs input or a confirmation; then rerun the page."""
    needs_dialog = command.action in ("other_models", "edit", "history", "cancel") or (
        len(command.job_ids) > 1 and command.action == "retry"
    )
    if needs_dialog and not command.is_confirmed:
        request_dialog(command)
        st.rerun()
    now = deployment.workflow.clock()
    if command.action == "delete":
        _delete(deployment, command)
    elif command.action == "restore":
        restore_jobs(deployment.ledger, command.job_ids, now, actor=current_person())
        st.session_state.pop(_DELETED, None)
    elif command.action == "retry":
        _each(command, "Retried", lambda job_id: _retry(deployment, job_id, now))
    elif command.action == "cancel":
        _each(command, "Canceled", partial(_cancel, deployment, current_person()))
    elif command.action == "read_again":
        _each(command, "Read", partial(deployment.workflow.read_again, actor=current_person()))
    elif command.action == "refresh":
        _each(command, "Refreshed", partial(_refresh, deployment, current_person()))
    st.rerun()


def request_dialog(command: JobCommand) -> None:
    """Open the dialog of this command in the next run; it stays open until `close_dialog`."""
    st.session_state[_DIALOG] = command


def requested_dialog() -> JobCommand | None:
    """The command whose dialog is open."""
    command: JobCommand | None = st.session_state.get(_DIALOG)
    return command


def close_dialog() -> None:
    """Close the dialog in the next run."""
    st.session_state.pop(_DIALOG, None)


def undo_bar(deployment: Deployment) -> None:
    """Offer to restore the jobs that this session deleted last."""
    deleted: tuple[str, ...] = st.session_state.get(_DELETED, ())
    if not deleted:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="undo"):
        jobs = plural(len(deleted), "job")
        st.markdown(f":material/delete: {jobs} deleted. You can undo for 1 hour.", width="stretch")
        if st.button("Undo", icon=":material/undo:", key="undo_delete", type="primary"):
            execute(deployment, JobCommand("restore", deleted))
        if st.button("", icon=":material/close:", key="undo_close", type="tertiary", help="Dismiss"):
            del st.session_state[_DELETED]
            st.rerun()


def _delete(deployment: Deployment, command: JobCommand) -> None:
    deleted = delete(deployment.ledger, command.job_ids, deployment.workflow.clock(), actor=current_person())
    if deleted:
        st.session_state[_DELETED] = tuple(deleted)
    if len(deleted) < len(command.job_ids):
        st.toast(
            "Cancel jobs that are uploading or running on the built-in engine before you delete them.",
            icon=":material/info:",
        )


def _retry(deployment: Deployment, job_id: str, now: datetime) -> Job:
    """Start the job again.

    Raises:
        JobError: it would certainly fail; the message gives the reason.
    """
    job = deployment.ledger.job(job_id)
    installed = installed_models(Connection(service=job.service, key_id=job.key_id))
    kept = deployment.library.get(job.video_sha256 or "")
    for issue in find_issues(known_preflight(deployment, job.request, installed, kept)):
        if issue.stops:
            raise JobError(issue.what, issue.next_step)
    clients = deployment.clients
    return retry(deployment.ledger, deployment.library, job_id, now, actor=current_person(), clients=clients)


def _refresh(deployment: Deployment, person: Person, job_id: str) -> Job | None:
    """Check the status of the job now; None if it was just checked.

    Raises:
        FrametallyError: the service is slow to respond, or its slots are taken.
    """
    workflow = deployment.workflow
    act = partial(workflow.refresh, job_id, actor=person)
    service = deployment.ledger.job(job_id).service
    return within(PATIENCE_S, service, act, then=REFRESH_CONTINUES, slots=workflow.slots)


def _cancel(deployment: Deployment, person: Person, job_id: str) -> Job:
    """Cancel the job, at its service first.

    Raises:
        FrametallyError: it is not canceled, or not yet.
    """
    act = partial(deployment.workflow.cancel, job_id, actor=person)
    return within(PATIENCE_S, deployment.ledger.job(job_id).service, act, then=CANCEL_CONTINUES)


def _each(command: JobCommand, done: str, act: Callable[[str], object]) -> None:
    """Run `act` for one job after another and show the outcome; it returns None if the status was just checked."""
    errors: list[str] = []
    too_soon = 0
    count = len(command.job_ids)
    bar = st.progress(0.0, text="") if count > 1 else None
    for number, job_id in enumerate(command.job_ids, start=1):
        try:
            too_soon += act(job_id) is None
        except FrametallyError as error:
            errors.append(str(error))
        if bar:
            bar.progress(number / count, text=f"{number:,} of {count:,}")
    if too_soon:
        st.toast("Status was just checked. Try again in a minute.", icon=":material/schedule:")
    for text in list(dict.fromkeys(errors))[:_MAX_ERRORS]:
        st.toast(escape_markdown(text), icon=":material/error:", duration="long")
    succeeded = count - len(errors) - too_soon
    if succeeded and count > 1:
        st.toast(f"{done}: {succeeded:,} of {count:,}", icon=":material/check:")
