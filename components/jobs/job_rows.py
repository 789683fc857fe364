"""What the list shows of each job, as data for the component that draws the rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from components.access import current_person
from components.download_link import download_url
from components.formatting import format_age, said_by_service
from components.job_progress import finished_jobs, progress_of
from components.job_status import status_color
from components.jobs.job_actions import RowAction, job_actions
from components.jobs.job_permissions import may_command
from components.jobs.job_times import run_time, times
from components.key_needed import key_needed
from components.session import service_label
from frametally.access.person import Person
from frametally.analysis.view_spec import ViewSpec
from frametally.deployment import Deployment
from frametally.job import Job, JobStatus
from frametally.jobs.messages import PLAIN_CANCELLATIONS
from frametally.ledger.tags import tags_of
from frametally.library.tickets import Tickets
from frametally.previews.routes import sparkline_url, thumbnail_url
from frametally.results import find_original
from frametally.sample import is_sample


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a job failed, or what its service reports."""

    text: str
    is_error: bool
    line: str = ""
    """What the row shows of it, if that is less."""


class JobRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of the list; every text is plain."""

    id: str
    name: str
    status: str
    color: str
    model: str
    facts: str
    times: str
    age: str
    run: str = ""
    is_sample: bool = False
    tags: list[str] = []
    note: str = ""
    thumbnail: str = ""
    """Relative URL; empty where no video is stored."""
    sparkline: str = ""
    """Relative URL; empty where there are no results."""
    share: float | None = None
    """Progress of the current step, 0 to 1."""
    progress: str = ""
    problems: list[Problem] = []
    actions: list[RowAction] = []
    original: str = ""
    """Relative URL of results that could not be read."""
    href: str = ""
    """Relative URL of the analytics of a finished job."""


@dataclass(frozen=True)
class _Context:
    """What the rows of a page share."""

    deployment: Deployment
    now: datetime
    finished: Mapping[str, Sequence[Job]]
    """Finished jobs by service, for the estimates."""
    without_cancel: Collection[str]
    """Services that cannot cancel a job."""
    tags: Mapping[str, list[str]]
    person: Person
    tickets: Tickets


def job_rows(deployment: Deployment, jobs: Sequence[Job], now: datetime) -> list[JobRow]:
    """The rows of these jobs, in the same order."""
    ledger, person = deployment.ledger, current_person()
    services = {job.service for job in jobs if job.status.is_open}
    context = _Context(
        deployment=deployment,
        now=now,
        finished={service: finished_jobs(ledger, service) for service in services},
        without_cancel=ledger.services_without_cancel() if services else (),
        tags=tags_of(ledger, [job.id for job in jobs]),
        person=person,
        tickets=deployment.tickets.held_by(person.holder),
    )
    return [_row(job, context) for job in jobs]


def run_label(job: Job) -> str:
    """Models and frame rate of a job; an imported job may have neither."""
    return f"{_models(job)} · {_rate(job)}"


def _row(job: Job, context: _Context) -> JobRow:
    deployment, now = context.deployment, context.now
    is_done = job.status is JobStatus.SUCCEEDED
    share, progress = _progress(job, context)
    unread = _unread_results(deployment, job)
    results_dir, tickets = deployment.settings.results_dir, context.tickets
    return JobRow(
        id=job.id,
        name=job.video_name,
        is_sample=is_sample(job),
        status=job.status_word,
        color=status_color(job),
        model=_models(job),
        facts=f"{_rate(job)} · {service_label(job.service)}",
        times=times(job, now),
        age=format_age(now - job.created_at),
        run=run_time(job, now),
        tags=context.tags.get(job.id, []),
        note=job.notes,
        thumbnail=thumbnail_url(deployment.library, tickets, job.video_sha256),
        sparkline=sparkline_url(results_dir, tickets, job.id) if is_done else "",
        share=share,
        progress=progress,
        problems=_problems(job, key_needed(job, deployment.clients, context.person, now)),
        actions=[
            offered
            for offered in job_actions(job, now, context.without_cancel, has_unread=unread is not None)
            if may_command(context.person, offered.action, job)
        ],
        original=download_url(deployment, unread, _results_name(job)) if unread else "",
        href=_analytics_url(job) if is_done and not job.deleted_at else "",
    )


def _models(job: Job) -> str:
    return ", ".join(model.label for model in job.models) or "models unknown"


def _rate(job: Job) -> str:
    return "frame rate unknown" if job.infer_fps is None else f"{job.infer_fps:.4g} fps"


def _progress(job: Job, context: _Context) -> tuple[float | None, str]:
    if not job.status.is_open or job.deleted_at:
        return None, ""
    return progress_of(job, context.finished.get(job.service, ()), context.now)


def _problems(job: Job, key_needed: str) -> list[Problem]:
    problems = [Problem(text, is_error=False) for text in (key_needed, job.service_message) if text]
    if job.failure and job.status is not JobStatus.CANCELLED:
        problems.insert(0, Problem(job.failure, is_error=True, line=said_by_service(job.failure)))
    elif job.failure and job.failure not in PLAIN_CANCELLATIONS:
        problems.append(Problem(job.failure, is_error=False))
    return problems


def _unread_results(deployment: Deployment, job: Job) -> Path | None:
    """The original results of a job that failed because they could not be read."""
    return find_original(deployment.settings.results_dir / job.id) if job.status is JobStatus.FAILED else None


def _results_name(job: Job) -> str:
    return f"{Path(job.video_name).stem or 'video'}.results.json"


def _analytics_url(job: Job) -> str:
    return f"analytics?{urlencode(ViewSpec(job_ids=(job.id,)).to_query(), doseq=True)}"
