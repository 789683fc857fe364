"""The states of a job in words and colors."""

from __future__ import annotations

from components.errors import escape_markdown
from components.job_progress import is_queued
from frametally.job import Job, JobStatus

_LOOKS = {
    JobStatus.CREATED: ("Sending", "blue", ":material/cloud_upload:"),
    JobStatus.UPLOADED: ("Scheduling", "blue", ":material/schedule_send:"),
    JobStatus.SUBMITTED: ("Running", "orange", ":material/hourglass_top:"),
    JobStatus.SUCCEEDED: ("Done", "green", ":material/check_circle:"),
    JobStatus.FAILED: ("Failed", "red", ":material/error:"),
    JobStatus.LOST: ("Lost", "gray", ":material/help:"),
    JobStatus.CANCELLED: ("Cancelled", "gray", ":material/cancel:"),
}
_QUEUED = ("Queued", "blue", ":material/hourglass_empty:")


def state_badge(job: Job) -> str:
    """The state of a job as a colored word, in Markdown."""
    word, color, icon = _QUEUED if is_queued(job) else _LOOKS[job.status]
    return f":{color}-badge[{icon} {word}]"


def state_word(status: JobStatus) -> str:
    """The state as people call it."""
    return _LOOKS[status][0]


def what_runs(job: Job) -> str:
    """Its models and frame rate; an adopted job may know neither."""
    models = ", ".join(escape_markdown(model.label) for model in job.models) or "models unknown"
    return f"{models} · {'frame rate unknown' if job.infer_fps is None else f'{job.infer_fps:.4g} fps'}"
