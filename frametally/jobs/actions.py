"""Actions on existing jobs: retry one, run other models over its video, import one that was started elsewhere."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from frametally.access.permissions import Action, may, require
from frametally.access.person import Person, actor_of, id_of
from frametally.client.client import VideoInferenceClient
from frametally.client.messages import NotFound
from frametally.client.registry import PERSONAL, ClientRegistry
from frametally.contract import STATUS_FLOOR_S
from frametally.errors import InvalidResponse, JobError, RateLimited, ServerError, ServiceUnreachable
from frametally.job import Job, JobStatus, ModelChoice, RunRequest
from frametally.jobs import messages
from frametally.jobs.submit import UPLOAD_LIFETIME_S
from frametally.ledger.ledger import Ledger, job_of
from frametally.ledger.region_sets import camera_of, set_camera
from frametally.ledger.tables import JOB
from frametally.ledger.tags import tags_of
from frametally.ledger.uploads import kept_upload
from frametally.library.library import Library
from frametally.network.urls import split_url

UNKNOWN_VIDEO = "Unknown video"
_MAX_RETRIES = 50
_MAX_ID_CHARS = 200
_RETRIES = uuid.UUID("5a0a7a0e-0d0c-4f0e-9d43-6c9a41d3b7b1")
_IMPORTED = uuid.UUID("b3b0c9c2-86c5-4f0a-8f0b-3f4a1d1a2c55")


class AlreadyImported(JobError):
    """The ledger already has this job of this service, as `job_id`."""

    def __init__(self, job: Job) -> None:
        super().__init__(*messages.already_imported(job))
        self.job_id = job.id


def retry(
    ledger: Ledger,
    library: Library,
    job_id: str,
    now: datetime,
    *,
    actor: Person | None,
    clients: ClientRegistry | None = None,
) -> Job:
    """Create a job with the request of one that ended without results; returns the new job.

    Idempotent, also for concurrent calls: each job has at most one retry, which can be retried in turn. A deleted
    retry is replaced by another. With `clients`, a job of the built-in engine goes to that of this dashboard.

    Raises:
        AccessDenied: the person may not retry it.
        JobError: the job did not end without results, its video no longer exists, its request is incomplete (an
            imported job), or too many of its retries were deleted.
    """
    job = _placed(ledger.job(job_id), clients)
    require(actor, Action.RETRY, job.owner)
    if not job.status.can_be_retried:
        raise JobError(*messages.NOT_RETRIABLE)
    for number in range(_MAX_RETRIES):
        new_id = str(uuid.uuid5(_RETRIES, f"{job_id} {number}"))
        existing = _find(ledger, JOB.c.id == new_id)
        if existing is None:
            return _run_again(
                ledger, library, job, now, new_id, messages.retry_of(job_id), actor=actor, checks_rules=True
            )
        if existing.deleted_at is None:
            return existing
    raise JobError(*messages.TOO_MANY_RETRIES)


def duplicate(
    ledger: Ledger,
    library: Library,
    job_id: str,
    models: Sequence[ModelChoice],
    infer_fps: float | None,
    now: datetime,
    *,
    actor: Person | None,
    clients: ClientRegistry | None = None,
) -> Job:
    """Create a job that runs other models over the video of an earlier one, on the same service; returns the new job.

    `clients`: as for `retry`.

    Raises:
        AccessDenied: the person may not start jobs from this one.
        JobError: the request lacks a model or a frame rate, or the video no longer exists.
    """
    job = replace(_placed(ledger.job(job_id), clients), models=tuple(models), infer_fps=infer_fps)
    require(actor, Action.RERUN, job.owner)
    return _run_again(ledger, library, job, now, str(uuid.uuid4()), messages.duplicate_of(job_id), actor=actor)


def import_job(
    ledger: Ledger,
    request: RunRequest,
    remote_job_id: str,
    now: datetime,
    *,
    actor: Person | None,
    client: VideoInferenceClient | None = None,
) -> Job:
    """Track a job that was started elsewhere, by its id at the service; returns the job in the ledger.

    `request`: what is known about it; all but the service and the key may be missing. `client`: makes the first status
    call, to find out whether the service has the job; None leaves that to the watcher.

    Raises:
        AccessDenied: the person may not import jobs.
        AlreadyImported: the ledger already has this job of this service.
        JobError: `remote_job_id` is not a job id, or the service does not have the job.
        ServiceError: the service refused the status call. If it cannot answer, the job is tracked nevertheless.
    """
    require(actor, Action.IMPORT)
    remote_job_id = remote_job_id.strip()
    if not remote_job_id.isprintable() or not 0 < len(remote_job_id) <= _MAX_ID_CHARS or " " in remote_job_id:
        raise JobError(*messages.NOT_A_JOB_ID)
    existing = _find(ledger, sa.and_(JOB.c.service == request.service, JOB.c.remote_job_id == remote_job_id))
    if existing is not None and actor is not None and not may(actor, Action.SEE_JOB, existing.owner):
        raise JobError(*messages.IMPORTED_BY_ANOTHER)
    if existing is not None:
        raise AlreadyImported(existing)
    job = Job(
        # Derived from the service's id, so that concurrent imports of one job insert the same row.
        id=str(uuid.uuid5(_IMPORTED, f"{request.service}\n{remote_job_id}")),
        status=JobStatus.SUBMITTED,
        **replace(request, video_name=request.video_name or UNKNOWN_VIDEO).as_fields(),
        remote_job_id=remote_job_id,
        created_at=now,
        last_known_at=now,
        next_check_at=now,
        owner=id_of(actor),
    )
    checked, answer = _first_check(job, client, now) if client else (job, "")
    imported = _add(ledger, checked, messages.IMPORTED, actor=actor)
    if answer:
        ledger.log_call(imported.id, now, answer, actor=actor_of(actor))
    return imported


def _first_check(job: Job, client: VideoInferenceClient, now: datetime) -> tuple[Job, str]:
    """The job after a status call, and the response as a history entry; the next call is due as the service allows."""
    wait_s: float | None = None
    try:
        response = client.get_status(job.remote_job_id or "")
        answer, wait_s = messages.status_entry(response.report), response.retry_after_s
    except NotFound as error:
        raise JobError(*messages.unknown_at_service(split_url(client.api_url).netloc)) from error
    except (ServiceUnreachable, RateLimited, ServerError, InvalidResponse) as error:
        answer = error.what
    pause = timedelta(seconds=STATUS_FLOOR_S if wait_s is None else wait_s)
    return replace(job, checked_at=now, next_check_at=now + pause), answer


def _placed(job: Job, clients: ClientRegistry | None) -> Job:
    return replace(job, key_id=clients.placed(job.request).key_id) if clients else job


def _run_again(
    ledger: Ledger,
    library: Library,
    job: Job,
    now: datetime,
    new_id: str,
    cause: str,
    *,
    actor: Person | None,
    checks_rules: bool = False,
) -> Job:
    """Add a job with the request, note, tags and camera of `job`; its step decides whether an upload can be reused.

    `checks_rules`: whether the rules of the camera are to be checked, as no earlier job on this video has results.
    """
    if actor is not None and job.key_id.startswith(PERSONAL) and job.owner != actor.id:
        raise JobError(*messages.KEY_OF_ANOTHER)
    if missing := job.request.missing:
        raise JobError(*messages.incomplete(missing))
    kept = library.get(job.video_sha256 or "")
    if not (kept or job.video_url or kept_upload(ledger, job, now - timedelta(seconds=UPLOAD_LIFETIME_S))):
        raise JobError(*messages.VIDEO_GONE)
    new = Job(
        id=new_id,
        status=JobStatus.CREATED,
        **job.request.as_fields(),
        frames=kept.info.planned_count(job.known_fps) if kept else None,
        notes=job.notes,
        created_at=now,
        next_check_at=now,
        owner=id_of(actor),
    )
    tags, camera = tags_of(ledger, [job.id]).get(job.id, []), camera_of(ledger, job.id)
    new = _add(ledger, new, cause, tags, camera=camera if checks_rules else None, actor=actor)
    if camera is not None and not checks_rules:
        set_camera(ledger, new.id, camera)
    ledger.log_action(job.id, messages.run_again_as(new.id), actor=actor_of(actor))
    return new


def _add(
    ledger: Ledger,
    job: Job,
    cause: str,
    tags: Sequence[str] = (),
    *,
    camera: str | None = None,
    actor: Person | None,
) -> Job:
    """Add the job, or return the one that a concurrent call has just added under the same id."""
    try:
        ledger.add(job, cause=cause, tags=tags, camera=camera, actor=actor_of(actor))
    except sa.exc.IntegrityError:
        return ledger.job(job.id)
    return job


def _find(ledger: Ledger, condition: sa.ColumnElement[bool]) -> Job | None:
    with ledger.reading() as connection:
        row = connection.execute(JOB.select().where(condition).limit(1)).mappings().first()
    return None if row is None else job_of(row)
