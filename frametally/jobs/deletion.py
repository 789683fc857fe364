"""Deletion of jobs: they are hidden and can be restored for an hour, then removed with their results and exports."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from frametally.access.permissions import Action, require
from frametally.access.person import Person, actor_of
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.jobs import messages
from frametally.ledger import events
from frametally.ledger.events import Actor, EventKind
from frametally.ledger.ledger import Ledger
from frametally.ledger.owners import owners_of
from frametally.ledger.people.audit import find_action, keep_action
from frametally.ledger.tables import JOB
from frametally.results.archive import drop_removed, remove_results

UNDO_S = 3600.0
"""Minimum time for which a deleted job can be restored."""
_MARK = "deleted-"
_SUBMITTING = (JobStatus.CREATED, JobStatus.UPLOADED)


def delete(ledger: Ledger, job_ids: Sequence[str], now: datetime, *, actor: Person | None) -> list[str]:
    """Hide jobs and stop advancing them; returns the ids of those that were hidden.

    A job that must be canceled first is not hidden: one that is being submitted, as it might start at the service
    unnoticed, and one that the built-in engine runs.

    Raises:
        AccessDenied: the person may not delete one of them; none is hidden.
    """
    require(actor, Action.DELETE, *owners_of(ledger, job_ids))
    runs_here = sa.and_(JOB.c.status == JobStatus.SUBMITTED, JOB.c.service == EMBEDDED)
    may_go = sa.and_(JOB.c.deleted_at.is_(None), JOB.c.status.not_in(_SUBMITTING), ~runs_here)
    return _set(ledger, job_ids, may_go, now, now, messages.DELETED, actor_of(actor))


def delete_old(ledger: Ledger, days: int | None, now: datetime) -> list[str]:
    """Delete jobs that ended longer ago than this, as a user would; returns their ids. None: keeps them."""
    if days is None:
        return []
    is_old = sa.and_(JOB.c.ended_at < now - timedelta(days=days), JOB.c.deleted_at.is_(None))
    with ledger.reading() as connection:
        job_ids = list(connection.execute(sa.select(JOB.c.id).where(is_old)).scalars())
    return delete(ledger, job_ids, now, actor=None)


def can_be_deleted(job: Job) -> bool:
    """Whether `delete` would hide the job."""
    runs_here = job.status is JobStatus.SUBMITTED and job.service == EMBEDDED
    return job.deleted_at is None and job.status not in _SUBMITTING and not runs_here


def restore_jobs(ledger: Ledger, job_ids: Sequence[str], now: datetime, *, actor: Person | None) -> list[str]:
    """Restore deleted jobs as they were; returns the ids of those that are restored.

    Raises:
        AccessDenied: the person may not restore one of them; none is restored.
    """
    require(actor, Action.RESTORE, *owners_of(ledger, job_ids))
    return _set(ledger, job_ids, JOB.c.deleted_at.is_not(None), None, now, messages.RESTORED, actor_of(actor))


def remove_deleted(ledger: Ledger, results_dir: Path, now: datetime) -> int:
    """Remove jobs deleted longer ago than `UNDO_S`: job, history, results and exports; returns the number of jobs.

    The video is kept, as other jobs may use it. Results without a job in this ledger may belong to another ledger: they
    are kept, unless a marker file shows that a crash interrupted their removal.
    """
    is_old = JOB.c.deleted_at < now - timedelta(seconds=UNDO_S)
    with ledger.reading() as connection:
        known = set(connection.execute(sa.select(JOB.c.id)).scalars())
        job_ids = list(connection.execute(sa.select(JOB.c.id).where(is_old)).scalars())
    drop_removed(results_dir)
    for mark in results_dir.glob(f"{_MARK}*"):
        if (job_id := mark.name.removeprefix(_MARK)) not in known:
            _remove_files(job_id, results_dir)
    return sum(_remove(ledger, job_id, is_old, results_dir) for job_id in job_ids)


def _remove(ledger: Ledger, job_id: str, is_old: sa.ColumnElement[bool], results_dir: Path) -> bool:
    mark = results_dir / f"{_MARK}{job_id}"
    results_dir.mkdir(parents=True, exist_ok=True)
    mark.touch()
    deletion = find_action(ledger, job_id, messages.DELETED)
    # Unless it has just been restored.
    is_gone = ledger.remove(job_id, is_old, also=partial(keep_action, deletion))
    if is_gone:
        _remove_files(job_id, results_dir)
    else:
        mark.unlink(missing_ok=True)
    return is_gone


def _remove_files(job_id: str, results_dir: Path) -> None:
    remove_results(results_dir / job_id)
    shutil.rmtree(results_dir / job_id, ignore_errors=True)
    (results_dir / f"{_MARK}{job_id}").unlink(missing_ok=True)


def _set(
    ledger: Ledger,
    job_ids: Sequence[str],
    condition: sa.ColumnElement[bool],
    deleted_at: datetime | None,
    now: datetime,
    cause: str,
    actor: Actor | None,
) -> list[str]:
    done = []
    with ledger.writing() as connection:
        for job_id in job_ids:
            change = JOB.update().where(JOB.c.id == job_id, condition).values(deleted_at=deleted_at)
            if connection.execute(change).rowcount:
                events.write(connection, job_id, now, EventKind.ACTION, cause, actor=actor)
                done.append(job_id)
    return done
