"""What is told of a job that has ended: no key, no signed link, and nothing that a chat would take for a command."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from frametally.contract import ROBOFLOW_API_URL
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.notifications.outbox import Notice

_WORDS: Final = {
    JobStatus.SUCCEEDED: "is done",
    JobStatus.FAILED: "has failed",
    JobStatus.LOST: "is lost: its service stopped answering for it",
    JobStatus.CANCELLED: "was cancelled",
}
_QUERY: Final = re.compile(r"(https?://[^\s?#]+)[?#]\S*")


def subject_of(notice: Notice, job: Job) -> str:
    """One line."""
    return f"{job.video_name} {_WORDS[JobStatus(notice.status)]}"


def text_of(notice: Notice, job: Job, public_url: str | None) -> str:
    """A few lines for a person to read."""
    models = ", ".join(model.label for model in job.models)
    lines = [f"{subject_of(notice, job)} ({models or 'models not known'}, on {_service(job)})."]
    if notice.status != JobStatus.SUCCEEDED and job.failure:
        lines.append(without_queries(job.failure))
    if public_url:
        lines.append(link_to(job, public_url))
    return "\n".join(lines)


def payload_of(notice: Notice, job: Job, public_url: str | None) -> dict[str, Any]:
    """The webhook's JSON. `text` is what Slack and its like show; `id` is the same at every attempt."""
    return {
        "id": f"{job.id}:{notice.event_id}",
        "event": f"job.{notice.status}",
        "text": chat_safe(text_of(notice, job, public_url)),
        "job": {
            "id": job.id,
            "status": notice.status,
            "video": job.video_name,
            "models": [model.label for model in job.models],
            "infer_fps": job.infer_fps,
            "frames": job.frames,
            "service": _service(job),
            "created_at": _iso(job.created_at),
            "ended_at": _iso(job.ended_at),
            "failure": without_queries(job.failure),
        },
        "url": link_to(job, public_url) if public_url else None,
    }


def link_to(job: Job, public_url: str) -> str:
    """Where the dashboard shows it."""
    page = f"analytics?job={job.id}" if job.status is JobStatus.SUCCEEDED else "jobs"
    return f"{public_url}/{page}"


def without_queries(text: str) -> str:
    """The text with its addresses cut where a key or a signature may begin."""
    return _QUERY.sub(r"\1", text)


def chat_safe(text: str) -> str:
    """Text that Slack shows as it is: a file name must not become a link, or call everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _service(job: Job) -> str:
    return {EMBEDDED: "the built-in engine", ROBOFLOW_API_URL: "Roboflow"}.get(job.service, job.service)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
