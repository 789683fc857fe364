"""Uploads: which videos a service still has and which are being uploaded, so that a video is not uploaded twice."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from frametally.job import Job, JobStatus
from frametally.ledger.ledger import Ledger, change, job_of
from frametally.ledger.tables import JOB

_UPLOAD_LOCK = 7_362_002
"""Key of the PostgreSQL advisory lock of `begin_upload`; SQLite has one writer at a time anyway."""


def kept_upload(ledger: Ledger, job: Job, since: datetime) -> Job | None:
    """The last job that uploaded this video to this service with this key since `since`; None where there is none."""
    query = JOB.select().where(*_same_upload(job), JOB.c.uploaded_at >= since, JOB.c.upload_url.is_not(None))
    with ledger.reading() as connection:
        row = connection.execute(query.order_by(JOB.c.uploaded_at.desc()).limit(1)).mappings().first()
    return None if row is None else job_of(row)


def begin_upload(ledger: Ledger, job: Job, now: datetime) -> bool:
    """Claim the upload of the video of a claimed job; False where another job is uploading it.

    An upload in progress is recognized by a `progress` that is not null and a lease that is renewed while it runs.
    """
    begun = [JOB.c.status == JobStatus.CREATED, JOB.c.progress.is_not(None), JOB.c.next_check_at > now]
    for_another = JOB.select().where(*_same_upload(job), *begun, JOB.c.id != job.id, JOB.c.deleted_at.is_(None))
    with ledger.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_UPLOAD_LOCK)))
        if connection.execute(for_another.limit(1)).first() is not None:
            return False
        change(connection, job, {"progress": 0.0, "service_message": ""}, JOB.c.status == job.status)
    return True


def forget_upload(ledger: Ledger, upload_url: str) -> None:
    """Mark an upload that the service rejected as not reusable."""
    with ledger.writing() as connection:
        connection.execute(JOB.update().where(JOB.c.upload_url == upload_url).values(uploaded_at=None))


def _same_upload(job: Job) -> list[sa.ColumnElement[bool]]:
    return [JOB.c[name] == getattr(job, name) for name in ("service", "key_id", "video_sha256")]
