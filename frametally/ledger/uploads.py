"""Uploads: which videos a service still has, and which are being uploaded, so that none is uploaded twice."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from frametally.job import Job, JobStatus
from frametally.ledger.ledger import Ledger, change, job_of
from frametally.ledger.tables import JOB

_UPLOAD_LOCK = 7_362_002
"""Key of the PostgreSQL advisory lock for this decision; SQLite has one writer at a time anyway."""


def kept_upload(ledger: Ledger, job: Job, since: datetime) -> Job | None:
    """The last job that uploaded the same video to the same service with the same key; None where none has since."""
    query = JOB.select().where(*_same_upload(job), JOB.c.uploaded_at >= since, JOB.c.upload_url.is_not(None))
    with ledger.reading() as connection:
        row = connection.execute(query.order_by(JOB.c.uploaded_at.desc()).limit(1)).mappings().first()
    return None if row is None else job_of(row)


def begin_upload(ledger: Ledger, job: Job, now: datetime) -> bool:
    """Claim the upload of the video of a claimed job; False where another job is uploading it.

    A job whose upload has begun has a progress, and its lease is renewed for as long as the upload runs.
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
    """Do not reuse an upload that the service has not kept."""
    with ledger.writing() as connection:
        connection.execute(JOB.update().where(JOB.c.upload_url == upload_url).values(uploaded_at=None))


def _same_upload(job: Job) -> list[sa.ColumnElement[bool]]:
    return [JOB.c[name] == getattr(job, name) for name in ("service", "key_id", "video_sha256")]
