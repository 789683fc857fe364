"""The texts of notifications and their errors. Queries of URLs in failures are redacted: they may contain secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from frametally.contract import ROBOFLOW_API_URL
from frametally.errors import NotificationError
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.network.urls import redact_queries
from frametally.notifications.outbox import Notice
from frametally.notifications.rule_reports import RuleReport
from frametally.regions.messages import rule_sentence

TEST_SUBJECT: Final = "Test message from Frametally"
TEST_TEXT: Final = "This is a test message from Frametally. You will be notified here when jobs end."
_CHECK_WEBHOOK: Final = "Check FRAMETALLY_WEBHOOK_URL."


def subject_of(notice: Notice, job: Job) -> str:
    """The subject of an email: video and status."""
    return f"{job.video_name} {JobStatus(notice.status).phrase}"


def text_of(notice: Notice, job: Job, public_url: str | None) -> str:
    """The message, as a few lines of plain text; `public_url`: the dashboard's URL, None: without a link."""
    models = ", ".join(model.label for model in job.models)
    lines = [f"{subject_of(notice, job)} ({models or 'models not known'}, on {_service(job)})."]
    if notice.status != JobStatus.SUCCEEDED and job.failure:
        lines.append(redact_queries(job.failure))
    if public_url:
        lines.append(link_to(job, public_url))
    return "\n".join(lines)


def payload_of(notice: Notice, job: Job, public_url: str | None, shared: str | None = None) -> dict[str, Any]:
    """The JSON body of the webhook. Slack and similar tools show `text`; `id` is the same in every attempt.

    `shared`: a link that shows the results without an account.
    """
    text = "\n".join(part for part in (text_of(notice, job, public_url), shared and f"Shared view: {shared}") if part)
    return {
        "id": f"{job.id}:{notice.event_id}",
        "event": f"job.{notice.status}",
        "text": escape_chat_markup(text),
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
            "failure": redact_queries(job.failure),
        },
        "url": link_to(job, public_url) if public_url else None,
        **({"share_url": shared} if shared else {}),
    }


def rule_payload(report: RuleReport, job: Job, public_url: str | None) -> dict[str, Any]:
    """The JSON body of the webhook for an interval of a rule; times in seconds after the first frame."""
    lines = [f"{job.video_name}: {rule_sentence(report.interval)}"]
    if public_url:
        lines.append(link_to(job, public_url))
    return {
        "id": f"{job.id}:{report.event_id}",
        "event": "rule.held",
        "text": escape_chat_markup("\n".join(lines)),
        "rule": {
            "name": report.rule,
            "zone": report.zone,
            "start_s": report.start_s,
            "end_s": report.end_s,
            "is_open": report.is_open,
            "peak": report.peak,
        },
        "job": {"id": job.id, "status": job.status, "video": job.video_name},
        "url": link_to(job, public_url) if public_url else None,
    }


def link_to(job: Job, public_url: str) -> str:
    """The URL of the dashboard page that shows the job."""
    page = f"analytics?job={job.id}" if job.status is JobStatus.SUCCEEDED else "jobs"
    return f"{public_url}/{page}"


def escape_chat_markup(text: str) -> str:
    """Text that Slack displays literally: a file name must not become a link or notify a channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def webhook_returned(status: int, retry_after_s: float | None) -> NotificationError:
    """The error for a response that is not 2xx."""
    return NotificationError(f"The webhook returned {status}.", _CHECK_WEBHOOK, retry_after_s=retry_after_s)


def webhook_failed(host: str, fault: str) -> NotificationError:
    """The error for a failure below HTTP."""
    return NotificationError(f"The webhook at {host} could not be reached: {fault}.", _CHECK_WEBHOOK)


def private_webhook() -> NotificationError:
    """The error for an address in a private network."""
    what = "The webhook URL leads to a private address."
    return NotificationError(what, "Set FRAMETALLY_WEBHOOK_PRIVATE_URLS to true to allow it.")


def invalid_webhook_url() -> NotificationError:
    """The error for a URL that is not http(s), or has credentials."""
    return NotificationError("The webhook URL is not valid.", _CHECK_WEBHOOK)


def invalid_webhook_secret() -> NotificationError:
    """The error for a secret whose part after `whsec_` is not base64."""
    return NotificationError("The webhook secret is not valid base64 after whsec_.", "Check FRAMETALLY_WEBHOOK_SECRET.")


def _service(job: Job) -> str:
    return {EMBEDDED: "the built-in engine", ROBOFLOW_API_URL: "Roboflow"}.get(job.service, job.service)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
