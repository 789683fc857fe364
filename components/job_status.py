"""How a job status looks: its badge, its icon and its name as a step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frametally.job import Job, JobStatus

BADGE_CSS: Final = (Path(__file__).parent / "assets/badge.css").read_text()
"""Colors of `.badge[data-color]`, for the shadow root of each component that shows a status."""


@dataclass(frozen=True)
class _Look:
    step: str
    """Name of the completed step, for the steps and the history."""
    color: str
    icon: str


_QUEUED = _Look("Created", "blue", ":material/hourglass_empty:")
_LOOKS = {
    JobStatus.CREATED: _QUEUED,
    JobStatus.UPLOADED: _Look("Uploaded", "blue", ":material/hourglass_empty:"),
    JobStatus.SUBMITTED: _Look("Queued", "orange", ":material/hourglass_top:"),
    JobStatus.SUCCEEDED: _Look("Results saved", "green", ":material/check_circle:"),
    JobStatus.FAILED: _Look("Failed", "red", ":material/error:"),
    JobStatus.LOST: _Look("No response", "gray", ":material/help:"),
    JobStatus.CANCELLED: _Look("Canceled", "gray", ":material/cancel:"),
}


def status_badge(job: Job) -> str:
    """The status as a colored badge, in Markdown."""
    look = _QUEUED if job.is_in_queue else _LOOKS[job.status]
    return f":{look.color}-badge[{look.icon} {job.status_word}]"


def status_color(job: Job) -> str:
    """The color of the status, by Streamlit's name."""
    return (_QUEUED if job.is_in_queue else _LOOKS[job.status]).color


def status_icon(status: JobStatus) -> str:
    """The icon of the status, as a Material shortcode."""
    return _LOOKS[status].icon


def step_word(status: JobStatus) -> str:
    """The step that is complete with this status: `Uploaded`."""
    return _LOOKS[status].step
