"""Dialogs of commands: note and tags, other models, history, import, confirmations."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import streamlit as st

from components.access import current_person
from components.errors import show_error, show_errors
from components.formatting import distinct_labels, escape_markdown, plural
from components.installed_models import installed_models
from components.jobs.job_commands import Action, JobCommand, close_dialog, execute, request_dialog, requested_dialog
from components.jobs.job_filter import forget_known_jobs, known_jobs, show_jobs
from components.jobs.job_history import job_history
from components.jobs.job_rows import run_label
from components.model_picker import model_picker
from components.preflight import known_preflight, may_start
from components.rate_picker import rate_picker
from components.session import Connection, service_label
from frametally.client.errands import PATIENCE_S, StillWaiting, within
from frametally.contract import STATUS_FLOOR_S
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.job import Job, RunRequest
from frametally.jobs.actions import AlreadyImported, duplicate, import_job
from frametally.jobs.messages import IMPORT_CONTINUES
from frametally.ledger.tags import tags_of
from frametally.team.notes import change_tags, write_note

_NO_VIDEO = "No video"
_IMPORTED, _REFUSED = "imported_job", "refused_imports"


def job_dialog(deployment: Deployment, connection: Connection) -> None:
    """Draw the dialog of the requested command, if any."""
    command = requested_dialog()
    if command is None:
        return
    if command.action == "import":
        _import(deployment, connection)
    elif command.action == "edit":
        _edit(deployment, command)
    elif command.action == "other_models":
        _other_models(deployment, command)
    elif command.action == "history":
        _history(deployment, command)
    else:
        _confirm(deployment, command)


@st.dialog("Note and tags", icon=":material/label:", on_dismiss=close_dialog)
@show_errors()
def _edit(deployment: Deployment, command: JobCommand) -> None:
    jobs = [deployment.ledger.job(job_id) for job_id in command.job_ids]
    st.caption(escape_markdown(jobs[0].video_name) if len(jobs) == 1 else plural(len(jobs), "job"))
    current = tags_of(deployment.ledger, command.job_ids)
    shared = [tag for tag in current.get(jobs[0].id, []) if all(tag in current.get(job.id, []) for job in jobs)]
    tags = st.multiselect(
        "Tags",
        sorted({*known_jobs(deployment.ledger).tags, *shared}),
        default=shared,
        accept_new_options=True,
        key="edit_tags",
        placeholder="Choose or type a tag",
        help=None if len(jobs) == 1 else "The tags that all selected jobs share. Other tags stay as they are.",
    )
    notes = st.text_area("Note", jobs[0].notes, key="edit_notes", max_chars=2000) if len(jobs) == 1 else None
    if st.button("Save", type="primary", icon=":material/check:", key="edit_save"):
        try:
            removed, actor = [tag for tag in shared if tag not in tags], current_person()
            change_tags(deployment.ledger, command.job_ids, added=tags, removed=removed, actor=actor)
            if notes is not None:
                write_note(deployment.ledger, jobs[0].id, notes.strip(), actor=actor)
        except FrametallyError as error:
            show_error(error)
            return
        forget_known_jobs()
        close_dialog()
        st.rerun()


@st.dialog("Re-run with other models", icon=":material/content_copy:", on_dismiss=close_dialog)
@show_errors()
def _other_models(deployment: Deployment, command: JobCommand) -> None:
    job = deployment.ledger.job(command.job_ids[0])
    service = escape_markdown(service_label(job.service))
    st.caption(f"{escape_markdown(job.video_name)} · current: {escape_markdown(run_label(job))} · {service}")
    installed = installed_models(Connection(service=job.service, key_id=job.key_id))
    models = model_picker(deployment.ledger, job.service, installed, key="other_models")
    kept = deployment.library.get(job.video_sha256 or "")
    infer_fps = rate_picker(kept.info if kept else None, job.service, key="other_rate")
    request = replace(job.request, models=tuple(models), infer_fps=infer_fps)
    ready = may_start(known_preflight(deployment, request, installed, kept)) and not request.missing
    clicked = st.button("Run", type="primary", icon=":material/play_arrow:", key="other_run", disabled=not ready)
    if clicked and run_once(deployment, command, request):
        st.rerun()


def run_once(deployment: Deployment, command: JobCommand, request: RunRequest) -> bool:
    """Create the job of the dialog and close the dialog; False if that failed and the error is shown.

    The dialog is closed before the job is created, so the second click of a double click finds no open dialog.
    """
    if requested_dialog() != command:
        return True
    close_dialog()
    now, actor, job_id = deployment.workflow.clock(), current_person(), command.job_ids[0]
    try:
        duplicate(
            deployment.ledger,
            deployment.library,
            job_id,
            request.models,
            request.infer_fps,
            now,
            actor=actor,
            clients=deployment.clients,
        )
    except FrametallyError as error:
        request_dialog(command)
        show_error(error)
        return False
    return True


@st.dialog("History", icon=":material/history:", width="large", on_dismiss=close_dialog)
@show_errors()
def _history(deployment: Deployment, command: JobCommand) -> None:
    job_history(deployment.ledger, deployment.ledger.job(command.job_ids[0]))


@st.dialog("Are you sure?", icon=":material/help:", on_dismiss=close_dialog)
@show_errors()
def _confirm(deployment: Deployment, command: JobCommand) -> None:
    is_one = len(command.job_ids) == 1
    name = escape_markdown(deployment.ledger.job(command.job_ids[0]).video_name)
    jobs = f"**{name}**" if is_one else plural(len(command.job_ids), "job")
    questions: dict[Action, tuple[str, str]] = {
        "cancel": (f"Cancel {jobs}? No results are kept.", "Cancel job" if is_one else "Cancel jobs"),
        "retry": (f"Retry {jobs}? The service may charge for each of them.", "Retry jobs"),
    }
    question, answer = questions[command.action]
    st.markdown(question)
    if st.button(answer, type="primary", key="confirm"):
        close_dialog()
        execute(deployment, JobCommand(command.action, command.job_ids, is_confirmed=True))


@st.dialog("Import a job started elsewhere", icon=":material/add_link:", on_dismiss=close_dialog)
@show_errors()
def _import(deployment: Deployment, connection: Connection) -> None:
    """Import a job of the current service by its ID there."""
    service = escape_markdown(connection.label)
    st.caption(f"A job at **{service}** that a script or another machine started. Its status is checked from now on.")
    remote_job_id = st.text_input("Job ID", key="import_id", placeholder="job_id from the service")
    videos = known_jobs(deployment.ledger).videos
    labels = distinct_labels(videos)
    sha256 = st.selectbox(
        "Video (optional)",
        [None, *videos],
        key="import_video",
        format_func=lambda sha256: labels[sha256] if sha256 else _NO_VIDEO,
        help="Needed only to show the analyzed frames.",
    )
    if st.button("Import", type="primary", icon=":material/add_link:", key="import", disabled=not remote_job_id):
        try:
            request = RunRequest(
                service=connection.service,
                key_id=connection.key_id or "",
                video_name=videos.get(sha256 or "", ""),
                video_sha256=sha256,
            )
            now = deployment.workflow.clock()
            job = _import_job(deployment, request, remote_job_id.strip(), now)
        except AlreadyImported as error:
            st.session_state[_IMPORTED] = error.job_id
            show_error(error)
        except FrametallyError as error:
            show_error(error)
        else:
            close_dialog()
            show_jobs(job.id)
    existing: str | None = st.session_state.get(_IMPORTED)
    if existing and st.button("Show job", key="import_show", icon=":material/search:"):
        del st.session_state[_IMPORTED]
        close_dialog()
        show_jobs(existing, deleted=deployment.ledger.job(existing).deleted_at is not None)


def _import_job(deployment: Deployment, request: RunRequest, remote_job_id: str, now: datetime) -> Job:
    """Import the job after a status call. An ID that the service does not know is not asked for again in a minute."""
    refused: dict[tuple[str, str], tuple[datetime, FrametallyError]] = st.session_state.setdefault(_REFUSED, {})
    known = (request.service, remote_job_id)
    if known in refused and now - refused[known][0] < timedelta(seconds=STATUS_FLOOR_S):
        raise refused[known][1]
    client = deployment.clients.client(request.service, request.key_id)
    person = current_person()

    def act() -> Job:
        return import_job(deployment.ledger, request, remote_job_id, now, actor=person, client=client)

    try:
        return within(PATIENCE_S, request.service, act, then=IMPORT_CONTINUES)
    except (AlreadyImported, StillWaiting):
        raise
    except FrametallyError as error:
        refused[known] = now, error
        raise
