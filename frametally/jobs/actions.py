"""What people do with jobs beyond running them: start one again, run other models over its video, adopt one."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from frametally.errors import JobError
from frametally.job import Job, JobStatus, ModelChoice
from frametally.jobs.submit import KEPT_THERE_S
from frametally.ledger.ledger import Ledger, job_of
from frametally.ledger.tables import JOB
from frametally.ledger.tags import tags_of
from frametally.ledger.uploads import kept_upload
from frametally.library.library import Library

CAN_BE_RETRIED = (JobStatus.FAILED, JobStatus.LOST, JobStatus.CANCELLED)


class AlreadyHere(JobError):
    """The job is in the ledger; `job_id` says under which id."""

    def __init__(self, job: Job) -> None:
        where = "among the deleted ones" if job.deleted_at else "here"
        super().__init__(f"This job is {where} already: {job.video_name}.", "Open it instead of adopting it again.")
        self.job_id = job.id


def retry(ledger: Ledger, library: Library, job_id: str, now: datetime) -> Job:
    """Start a job that ended badly again, with the same video, models and rate; returns the new job.

    However often this is asked of one job, and by however many at once, one new job comes of it; that one can be
    retried in its turn, or deleted to make way for another.

    Raises:
        JobError: it has not ended badly, its video is gone, or nobody knows what it ran.
    """
    job = ledger.job(job_id)
    if job.status not in CAN_BE_RETRIED:
        raise JobError("Only a job that ended without results can be started again.", "Run other models over it.")
    for number in range(_MAX_RETRIES):
        new_id = str(uuid.uuid5(_RETRIES, f"{job_id} {number}"))
        there = _find(ledger, JOB.c.id == new_id)
        if there is None:
            return _again(ledger, library, job, now, new_id, f"Another try of job {job_id}.")
        if there.deleted_at is None:
            return there
    raise JobError("This job has been started again and deleted too often.", "Start a new one on Upload.")


def duplicate(
    ledger: Ledger, library: Library, job_id: str, models: Sequence[ModelChoice], infer_fps: float, now: datetime
) -> Job:
    """Run other models over the video of a job, at the same service; returns the new job.

    Raises:
        JobError: no model was named, or the video is gone.
    """
    wanted = replace(ledger.job(job_id), models=tuple(models), infer_fps=infer_fps)
    return _again(ledger, library, wanted, now, str(uuid.uuid4()), f"Over the video of job {job_id}.")


def adopt(
    ledger: Ledger,
    *,
    service: str,
    key_id: str,
    remote_job_id: str,
    now: datetime,
    video_name: str = "",
    video_sha256: str | None = None,
    video_url: str | None = None,
    models: Sequence[ModelChoice] = (),
    infer_fps: float | None = None,
) -> Job:
    """Take over a job that was started elsewhere, by its id at the service; the watcher asks for it from now on.

    Raises:
        AlreadyHere: this very job of this service is in the ledger.
        JobError: that is no id.
    """
    remote_job_id = remote_job_id.strip()
    if not remote_job_id.isprintable() or not 0 < len(remote_job_id) <= _MAX_ID_CHARS or " " in remote_job_id:
        raise JobError("That is no id of a job.", "Paste the job_id that the service gave when it was started.")
    there = _find(ledger, sa.and_(JOB.c.service == service, JOB.c.remote_job_id == remote_job_id))
    if there is not None:
        raise AlreadyHere(there)
    job = Job(
        id=str(uuid.uuid5(_ADOPTED, f"{service}\n{remote_job_id}")),  # two who adopt it at once want one row
        status=JobStatus.SUBMITTED,
        service=service,
        key_id=key_id,
        video_name=video_name or UNKNOWN_VIDEO,
        video_sha256=video_sha256,
        video_url=video_url,
        models=tuple(models),
        infer_fps=infer_fps,
        remote_job_id=remote_job_id,
        created_at=now,
        last_known_at=now,
        next_check_at=now,
    )
    return _add(ledger, job, "Started elsewhere, adopted by its id there.")


def _again(ledger: Ledger, library: Library, job: Job, now: datetime, new_id: str, cause: str) -> Job:
    """A new job of the same video and tags. Whether its service still has the video is found out when it is sent."""
    kept = library.get(job.video_sha256 or "")
    if not (kept or job.video_url or kept_upload(ledger, job, now - timedelta(seconds=KEPT_THERE_S))):
        raise JobError("The video of this job is not here any more.", "Upload it again and start a new job.")
    new = Job(
        id=new_id,
        status=JobStatus.CREATED,
        service=job.service,
        key_id=job.key_id,
        video_name=job.video_name,
        video_sha256=job.video_sha256,
        video_url=job.video_url,
        models=job.models,
        infer_fps=job.infer_fps,
        frames=kept.info.planned_count(job.request_fps) if kept else None,
        notes=job.notes,
        created_at=now,
        next_check_at=now,
    )
    new = _add(ledger, new, cause, tags_of(ledger, [job.id]).get(job.id, []))
    ledger.log_act(job.id, f"Run again as job {new.id}.")
    return new


def _add(ledger: Ledger, job: Job, cause: str, tags: Sequence[str] = ()) -> Job:
    """Write it down, unless somebody has just written the same; then that one."""
    try:
        ledger.add(job, cause=cause, tags=tags)
    except sa.exc.IntegrityError:
        return ledger.job(job.id)
    return job


def _find(ledger: Ledger, condition: sa.ColumnElement[bool]) -> Job | None:
    with ledger.reading() as connection:
        row = connection.execute(JOB.select().where(condition).limit(1)).mappings().first()
    return None if row is None else job_of(row)


UNKNOWN_VIDEO = "Unknown video"
_MAX_RETRIES = 50
_MAX_ID_CHARS = 200
_RETRIES = uuid.UUID("5a0a7a0e-0d0c-4f0e-9d43-6c9a41d3b7b1")
_ADOPTED = uuid.UUID("b3b0c9c2-86c5-4f0a-8f0b-3f4a1d1a2c55")
