"""Job status in words: the one table that list, filter, history, steps and notifications use."""

from __future__ import annotations

from dataclasses import dataclass

from frametally.job import Job, JobStatus


@dataclass(frozen=True)
class _Look:
    word: str
    """The status of a job."""
    step: str
    """What has become true with it, for the steps and the history."""
    color: str
    icon: str


_QUEUED = _Look("Queued", "Created", "blue", ":material/hourglass_empty:")
_LOOKS = {
    JobStatus.CREATED: _QUEUED,
    JobStatus.UPLOADED: _Look("Queued", "Uploaded", "blue", ":material/hourglass_empty:"),
    JobStatus.SUBMITTED: _Look("Running", "Queued", "orange", ":material/hourglass_top:"),
    JobStatus.SUCCEEDED: _Look("Done", "Results saved", "green", ":material/check_circle:"),
    JobStatus.FAILED: _Look("Failed", "Failed", "red", ":material/error:"),
    JobStatus.LOST: _Look("No response", "No response", "gray", ":material/help:"),
    JobStatus.CANCELLED: _Look("Canceled", "Canceled", "gray", ":material/cancel:"),
}


def status_badge(job: Job) -> str:
    """The status as a colored badge, in Markdown."""
    look = _QUEUED if is_in_queue(job) else _LOOKS[job.status]
    return f":{look.color}-badge[{look.icon} {look.word}]"


def status_word(status: JobStatus) -> str:
    """The status as one word."""
    return _LOOKS[status].word


def status_icon(status: JobStatus) -> str:
    """The icon of the status, as a Material shortcode."""
    return _LOOKS[status].icon


def step_word(status: JobStatus) -> str:
    """What has become true with this status: `Uploaded`."""
    return _LOOKS[status].step


def is_in_queue(job: Job) -> bool:
    """Whether the service reports that the job waits in its queue."""
    return (
        job.status is JobStatus.SUBMITTED and job.run_progress is not None and job.run_progress.jobs_before is not None
    )
