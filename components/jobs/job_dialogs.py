"""What needs a further word from the person: a note, other models, a job of elsewhere, or a second yes."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from components.errors import escape_markdown, show_error, show_errors
from components.job_status import what_runs
from components.jobs.job_commands import Act, JobCommand, close_dialog, execute, requested_dialog
from components.jobs.job_filter import known_jobs, show_jobs
from components.model_picker import installed_models, model_picker
from components.preflight_notes import known_preflight, may_start
from components.rate_picker import rate_picker
from components.session import Connection, current_actor, service_label
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.job import RunRequest
from frametally.jobs.actions import AlreadyImported, duplicate, import_job
from frametally.ledger.tags import add_tags, remove_tags, tags_of

_NO_VIDEO = "Not known, or not here"


def job_dialog(deployment: Deployment, connection: Connection) -> None:
    """Draw the dialog that is wanted, if there is one."""
    wish = requested_dialog()
    if wish is None:
        return
    if wish.act == "adopt":
        _adopt(deployment, connection)
    elif wish.act == "edit":
        _edit(deployment, wish)
    elif wish.act == "duplicate":
        _other_models(deployment, wish.job_ids[0])
    else:
        _second_yes(deployment, wish)


@st.dialog("Note and tags", icon=":material/label:", on_dismiss=close_dialog)
@show_errors()
def _edit(deployment: Deployment, wish: JobCommand) -> None:
    jobs = [deployment.ledger.job(job_id) for job_id in wish.job_ids]
    st.caption(escape_markdown(jobs[0].video_name) if len(jobs) == 1 else f"{len(jobs):,} jobs")
    there = tags_of(deployment.ledger, wish.job_ids)
    on_all = [tag for tag in there.get(jobs[0].id, []) if all(tag in there.get(job.id, []) for job in jobs)]
    options = sorted({*known_jobs(deployment.ledger).tags, *on_all})
    tags = st.multiselect(
        "Tags",
        options,
        default=on_all,
        accept_new_options=True,
        key="edit_tags",
        placeholder="Pick one, or type a new one",
        help=None if len(jobs) == 1 else "Those that all of them have. Tags that only some have stay.",
    )
    notes = st.text_area("Note", jobs[0].notes, key="edit_notes", max_chars=2000) if len(jobs) == 1 else None
    if st.button("Save", type="primary", icon=":material/check:", key="edit_save"):
        try:
            add_tags(deployment.ledger, wish.job_ids, tags, actor=current_actor())
        except FrametallyError as error:
            show_error(error)
            return
        removed = [tag for tag in on_all if tag not in tags]
        remove_tags(deployment.ledger, wish.job_ids, removed, actor=current_actor())
        if notes is not None:
            deployment.ledger.write_notes(jobs[0].id, notes.strip(), actor=current_actor())
        known_jobs.clear()
        close_dialog()
        st.rerun()


@st.dialog("Run other models", icon=":material/content_copy:", on_dismiss=close_dialog)
@show_errors()
def _other_models(deployment: Deployment, job_id: str) -> None:
    job = deployment.ledger.job(job_id)
    st.caption(
        f"{escape_markdown(job.video_name)} · so far {what_runs(job)} · {escape_markdown(service_label(job.service))}"
    )
    connection = Connection(service=job.service, key_id=job.key_id)
    installed = installed_models(connection)
    models = model_picker(deployment.ledger.presets(), installed, key="duplicate_models")
    kept = deployment.library.get(job.video_sha256 or "")
    infer_fps = rate_picker(kept.info if kept else None, key="duplicate_rate")
    request = replace(job.request, models=tuple(models), infer_fps=infer_fps)
    ready = may_start(known_preflight(deployment, request, installed, kept)) and not request.missing
    if st.button("Run", type="primary", icon=":material/play_arrow:", key="duplicate_run", disabled=not ready):
        now, actor = deployment.workflow.clock(), current_actor()
        try:
            duplicate(deployment.ledger, deployment.library, job.id, models, infer_fps, now, actor=actor)
        except FrametallyError as error:
            show_error(error)
            return
        close_dialog()
        st.rerun()


@st.dialog("Are you sure?", icon=":material/help:", on_dismiss=close_dialog)
@show_errors()
def _second_yes(deployment: Deployment, wish: JobCommand) -> None:
    number = f"{len(wish.job_ids):,}"
    questions: dict[Act, tuple[str, str]] = {
        "cancel": (f"Cancel {number} jobs? Those under way end without results.", "Cancel them"),
        "retry": (f"Start {number} jobs again? A service may charge for each of them.", "Start them again"),
    }
    question, yes = questions[wish.act]
    st.markdown(question)
    if st.button(yes, type="primary", key="second_yes"):
        close_dialog()
        execute(deployment, JobCommand(wish.act, wish.job_ids, asked_twice=True))


@st.dialog("I started this elsewhere", icon=":material/add_link:", on_dismiss=close_dialog)
@show_errors()
def _adopt(deployment: Deployment, connection: Connection) -> None:
    """Take over a job of the current service by its id there; what is not known of it stays unknown."""
    where = escape_markdown(connection.label)
    st.caption(f"A job at **{where}**, from a script or another machine. It is watched from now on.")
    remote_job_id = st.text_input("Job id", key="adopt_id", placeholder="The job_id that the service gave")
    videos = known_jobs(deployment.ledger).videos
    sha256 = st.selectbox(
        "Its video",
        [None, *videos],
        key="adopt_video",
        format_func=lambda sha256: videos[sha256] if sha256 else _NO_VIDEO,
        help="Needed only to see the frames behind the counts.",
    )
    if st.button("Adopt", type="primary", icon=":material/add_link:", key="adopt", disabled=not remote_job_id):
        try:
            request = RunRequest(
                service=connection.service,
                key_id=connection.key_id or "",
                video_name=videos.get(sha256 or "", ""),
                video_sha256=sha256,
            )
            now = deployment.workflow.clock()
            job = import_job(deployment.ledger, request, remote_job_id, now, actor=current_actor())
        except AlreadyImported as error:
            st.session_state["adopt_there"] = error.job_id
            show_error(error)
        except FrametallyError as error:
            show_error(error)
        else:
            close_dialog()
            show_jobs(job.id)
    there: str | None = st.session_state.get("adopt_there")
    if there and st.button("Show it", key="adopt_show", icon=":material/search:"):
        del st.session_state["adopt_there"]
        close_dialog()
        show_jobs(there, deleted=deployment.ledger.job(there).deleted_at is not None)
