"""What people want done with jobs, and doing it: what went well is shown, what did not is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

import streamlit as st

from components.errors import escape_markdown
from components.jobs.job_history import open_history
from components.model_picker import installed_models
from components.preflight_notes import known_preflight
from components.session import Connection, current_actor
from frametally.deployment import Deployment
from frametally.errors import FrametallyError, JobError
from frametally.job import Job
from frametally.jobs.actions import retry
from frametally.jobs.deletion import delete, restore
from frametally.jobs.preflight import find_issues

Act = Literal["ask", "cancel", "retry", "duplicate", "edit", "delete", "restore", "history", "read", "adopt"]
_UNDO = "deleted_jobs"
_DIALOG = "job_dialog"


@dataclass(frozen=True)
class JobCommand:
    """What the person wants done with one or several jobs."""

    act: Act
    job_ids: tuple[str, ...]
    asked_twice: bool = False
    """The person has confirmed it."""


def execute(deployment: Deployment, wish: JobCommand) -> None:
    """Do it, and run what is drawn around it again; what needs a further word from the person becomes a dialog."""
    needs_a_word = wish.act in ("duplicate", "edit") or (len(wish.job_ids) > 1 and wish.act in ("cancel", "retry"))
    if needs_a_word and not wish.asked_twice:
        request_dialog(wish)
        st.rerun()
    now = deployment.workflow.clock()
    if wish.act == "delete":
        _delete(deployment, wish)
    elif wish.act == "restore":
        restore(deployment.ledger, wish.job_ids, now, actor=current_actor())
        st.session_state.pop(_UNDO, None)
    elif wish.act == "history":
        open_history(wish.job_ids[0])
    elif wish.act == "retry":
        _each(wish, "Started again", lambda job_id: _retry(deployment, job_id, now))
    elif wish.act == "cancel":
        _each(wish, "Cancelled", partial(deployment.workflow.cancel, actor=current_actor()))
    elif wish.act == "read":
        _each(wish, "Read", partial(deployment.workflow.read_again, actor=current_actor()))
    elif wish.act == "ask":
        _each(wish, "Asked", partial(deployment.workflow.refresh, actor=current_actor()))
    st.rerun()


def request_dialog(wish: JobCommand) -> None:
    """Open the dialog for this wish in the next run, and keep it open until it is closed."""
    st.session_state[_DIALOG] = wish


def requested_dialog() -> JobCommand | None:
    """The wish for which a dialog is open."""
    wish: JobCommand | None = st.session_state.get(_DIALOG)
    return wish


def close_dialog() -> None:
    """No dialog is wanted any more."""
    st.session_state.pop(_DIALOG, None)


def undo_bar(deployment: Deployment) -> None:
    """Say what this session has just deleted, and offer to bring it back."""
    gone: tuple[str, ...] = st.session_state.get(_UNDO, ())
    if not gone:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="undo"):
        what = "1 job" if len(gone) == 1 else f"{len(gone):,} jobs"
        st.markdown(f":material/delete: {what} deleted, for good in an hour.", width="stretch")
        if st.button("Undo", icon=":material/undo:", key="undo_delete", type="primary"):
            execute(deployment, JobCommand("restore", gone))
        if st.button("", icon=":material/close:", key="undo_close", type="tertiary", help="Leave them deleted"):
            del st.session_state[_UNDO]
            st.rerun()


def _delete(deployment: Deployment, wish: JobCommand) -> None:
    gone = delete(deployment.ledger, wish.job_ids, deployment.workflow.clock(), actor=current_actor())
    if gone:
        st.session_state[_UNDO] = tuple(gone)
    if len(gone) < len(wish.job_ids):
        st.toast("What is being sent, or runs on the built-in engine, must be cancelled first.", icon=":material/info:")


def _retry(deployment: Deployment, job_id: str, now: datetime) -> Job:
    """Start it again, unless that is known to fail.

    Raises:
        JobError: it says why.
    """
    job = deployment.ledger.job(job_id)
    installed = installed_models(Connection(service=job.service, key_id=job.key_id))
    kept = deployment.library.get(job.video_sha256 or "")
    for issue in find_issues(known_preflight(deployment, job.request, installed, kept)):
        if issue.stops:
            raise JobError(issue.what, issue.next_step)
    return retry(deployment.ledger, deployment.library, job_id, now, actor=current_actor())


def _each(wish: JobCommand, done_word: str, act: Callable[[str], object]) -> None:
    """Do it to one job after the other; the faults are told together."""
    faults: list[str] = []
    too_soon = 0
    bar = st.progress(0.0, text="") if len(wish.job_ids) > 1 else None
    for number, job_id in enumerate(wish.job_ids, start=1):
        try:
            too_soon += act(job_id) is None
        except FrametallyError as error:
            faults.append(str(error))
        if bar:
            bar.progress(number / len(wish.job_ids), text=f"{number:,} of {len(wish.job_ids):,}")
    _tell(wish, done_word, faults, too_soon)


def _tell(wish: JobCommand, done_word: str, faults: list[str], too_soon: int) -> None:
    done = len(wish.job_ids) - len(faults) - too_soon
    if too_soon:
        st.toast("Somebody has just asked: at most one call a minute for each job.", icon=":material/schedule:")
    for fault in list(dict.fromkeys(faults))[:3]:
        st.toast(escape_markdown(fault), icon=":material/error:", duration="long")
    if done and len(wish.job_ids) > 1:
        st.toast(f"{done_word}: {done:,} of {len(wish.job_ids):,}.", icon=":material/check:")
