"""The ledger: the jobs of a deployment, their history, and the leases on them.

Every change of a job is guarded by a condition in its SQL statement, so of concurrent threads and processes only one
makes it: if the job has changed since it was read, the call changes nothing and returns False.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Self

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from frametally.clock import utc_now
from frametally.contract import STATUS_FLOOR_S
from frametally.errors import InvalidResponse, JobError, RateLimited, ServerError, ServiceError, ServiceUnreachable
from frametally.job import OPEN, Job, JobStatus, ModelChoice, sources_of
from frametally.ledger import circuit_breaker, events
from frametally.ledger.circuit_breaker import Outage
from frametally.ledger.database import migrate, open_database
from frametally.ledger.events import Actor, Event, EventKind
from frametally.ledger.presets import Presets
from frametally.ledger.tables import (
    EVENT,
    JOB,
    JOB_CAMERA,
    JOB_TAG,
    MOMENT_NOTE,
    NOTICE,
    RULE_CHECK,
    RULE_REPORT,
    SHARE,
    SHARE_JOB,
)


class Ledger:
    """The ledger of one deployment; safe to use from any thread."""

    def __init__(self, database_url: str, clock: Callable[[], datetime] = utc_now) -> None:
        """Open the ledger and upgrade its schema; `clock` gives the time of history entries.

        Raises:
            SettingsError: a newer version created it; it is not changed.
            SQLAlchemyError: the database cannot be opened.
        """
        self.clock = clock
        self.only_owner: str | None = None
        """See `seen_by`."""
        self._engine = open_database(database_url)
        self._writing = self._engine.execution_options(is_writing=True)
        self.presets = Presets(self._writing)
        try:
            migrate(self._writing)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._engine.dispose()

    def seen_by(self, owner: str | None) -> Self:
        """The same ledger, in which jobs of others cannot be found, listed or counted; None: that of all jobs.

        It limits what is read to be shown. Rights to act are checked by the actions, which ask for every owner.
        """
        seen = copy.copy(self)
        seen.only_owner = owner
        return seen

    @property
    def visible(self) -> list[sa.ColumnElement[bool]]:
        """The conditions on the jobs that are seen."""
        return [] if self.only_owner is None else [JOB.c.owner == self.only_owner]

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for read-only queries of other modules."""
        return self._engine.connect()

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction for changes of other modules."""
        return self._writing.begin()

    def add(
        self,
        *jobs: Job,
        cause: str = "",
        tags: Sequence[str] = (),
        camera: str | None = None,
        actor: Actor | None = None,
    ) -> None:
        """Insert new jobs in one transaction, with these tags and the first entry of their history.

        `cause`: why they were created, as shown to users. `camera`: which took their videos; its rules are to be
        checked once there are results. `actor`: by default, their `owner`.
        """
        with self._writing.begin() as connection:
            connection.execute(JOB.insert(), [_row_of(job) for job in jobs])
            pairs = [{"job_id": job.id, "tag": tag} for job in jobs for tag in tags]
            if pairs:
                connection.execute(JOB_TAG.insert(), pairs)
            if camera is not None and jobs:
                checks = {"state": "waiting", "attempts": 0, "next_try_at": self.clock()}
                connection.execute(JOB_CAMERA.insert(), [{"job_id": job.id, "camera": camera} for job in jobs])
                connection.execute(RULE_CHECK.insert(), [{"job_id": job.id, **checks} for job in jobs])
            for job in jobs:
                who = actor or (Actor(job.owner) if job.owner else None)
                events.write(connection, job.id, self.clock(), EventKind.CREATED, cause, status=job.status, actor=who)

    def job(self, job_id: str) -> Job:
        """The job with this id.

        Raises:
            JobError: there is none.
        """
        with self._engine.connect() as connection:
            row = connection.execute(JOB.select().where(JOB.c.id == job_id, *self.visible)).mappings().first()
        if row is None:
            raise JobError("This job does not exist.", "It may have been removed, or belong to another server.")
        return job_of(row)

    def jobs(
        self,
        *,
        statuses: Sequence[JobStatus] = tuple(JobStatus),
        service: str | None = None,
        video_sha256: str | None = None,
        limit: int = 200,
    ) -> list[Job]:
        """Jobs with these statuses, of one service or all, over one stored video or any; newest first, none deleted."""
        wanted = sa.and_(JOB.c.status.in_(statuses), JOB.c.deleted_at.is_(None), *self.visible)
        query = JOB.select().where(wanted).order_by(JOB.c.created_at.desc(), JOB.c.id).limit(limit)
        if service is not None:
            query = query.where(JOB.c.service == service)
        if video_sha256 is not None:
            query = query.where(JOB.c.video_sha256 == video_sha256)
        with self._engine.connect() as connection:
            return [job_of(row) for row in connection.execute(query).mappings()]

    def services_without_cancel(self) -> set[str]:
        """Services that turned out not to support cancellation."""
        query = sa.select(JOB.c.service).where(JOB.c.cancel_refused).distinct()
        with self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def due(self, now: datetime, services: Sequence[tuple[str, str]], *, limit: int = 1000) -> list[Job]:
        """Open jobs that are due, for these (service, key_id) pairs, the longest overdue first."""
        is_open = sa.and_(JOB.c.status.in_(sorted(OPEN)), JOB.c.deleted_at.is_(None))
        ours = sa.tuple_(JOB.c.service, JOB.c.key_id).in_(services)
        query = JOB.select().where(is_open, ours, JOB.c.next_check_at <= now).order_by(JOB.c.next_check_at).limit(limit)
        with self._engine.connect() as connection:
            return [job_of(row) for row in connection.execute(query).mappings()]

    def claim(self, job: Job, now: datetime, lease_s: float) -> bool:
        """Acquire the lease on the job for `lease_s`; False where the job is not due, or another process has the lease.

        One conditional UPDATE: of concurrent threads and processes, one succeeds.
        """
        until = now + timedelta(seconds=lease_s)
        return self._update(job, {"next_check_at": until}, JOB.c.next_check_at <= now, JOB.c.status == job.status)

    def compare_and_set(self, job: Job, name: str, now: datetime) -> bool:
        """Set the time field `name` to `now`; False where it has changed since the job was read.

        This keeps a process whose lease expired (a suspended machine) from calling the service again.
        """
        unchanged = JOB.c[name].is_not_distinct_from(getattr(job, name))
        return self._update(job, {name: now}, JOB.c.status == job.status, unchanged)

    def update(self, job: Job, **values: Any) -> bool:
        """Change fields other than the status; False where the status has changed since the job was read."""
        return self._update(job, values, JOB.c.status == job.status)

    def transition(
        self,
        job: Job,
        target: JobStatus,
        cause: str = "",
        source: JobStatus | None = None,
        /,
        *,
        actor: Actor | None = None,
        **values: Any,
    ) -> bool:
        """Change the status, and other fields with it; False where the job's status does not allow it.

        The history entry is written in the same transaction; its cause defaults to the failure. With a `source`, the
        transition is made from that status only.
        """
        sources = sources_of(target) if source is None else (source,)
        with self._writing.begin() as connection:
            is_changed = change(connection, job, {"status": target, **values}, JOB.c.status.in_(sources))
            if is_changed:
                reason = cause or values.get("failure", "")
                events.write(connection, job.id, self.clock(), EventKind.TRANSITION, reason, status=target, actor=actor)
        return is_changed

    def log_call(
        self, job_id: str, at: datetime, answer: str, *, invited: bool = False, actor: Actor | None = None
    ) -> None:
        """Record a status call and its response in the history, which proves that the minimum interval was kept.

        `invited`: the service allowed a shorter interval by `Retry-After` (the built-in engine sends 1 s). Only one
        such call per `STATUS_FLOOR_S` is recorded: otherwise a long job would have tens of thousands of entries.
        """
        with self._writing.begin() as connection:
            if invited and events.has_status_call_since(connection, job_id, at - timedelta(seconds=STATUS_FLOOR_S)):
                return
            events.write(connection, job_id, at, EventKind.STATUS_CALL, answer, actor=actor)

    def log_action(self, job_id: str, what: str, *, actor: Actor | None) -> None:
        """Record a user's action that does not change the status."""
        with self._writing.begin() as connection:
            events.write(connection, job_id, self.clock(), EventKind.ACTION, what, actor=actor)

    def write_notes(self, job_id: str, notes: str, *, actor: Actor | None) -> None:
        """Replace the note of a job."""
        with self._writing.begin() as connection:
            changed = JOB.update().where(JOB.c.id == job_id, JOB.c.notes != notes).values(notes=notes)
            if connection.execute(changed).rowcount:
                events.write(connection, job_id, self.clock(), EventKind.ACTION, events.NOTE_EDITED, actor=actor)

    def history(self, job_id: str, *, kinds: Sequence[EventKind] = tuple(EventKind), limit: int = 1000) -> list[Event]:
        """The newest `limit` entries of a job's history, oldest first."""
        with self._engine.connect() as connection:
            return events.read(connection, job_id, kinds, limit)

    def remove(
        self, job_id: str, *conditions: sa.ColumnElement[bool], also: Callable[[Connection], None] | None = None
    ) -> bool:
        """Remove a job with its history, tags, notifications and own notes; False where the conditions do not hold.

        Links to views of it end. `also`: what is written in the same transaction.
        """
        with self._writing.begin() as connection:
            if not connection.execute(JOB.delete().where(JOB.c.id == job_id, *conditions)).rowcount:
                return False
            of_job = SHARE.c.id.in_(sa.select(SHARE_JOB.c.share_id).where(SHARE_JOB.c.job_id == job_id))
            ended = SHARE.update().where(of_job, SHARE.c.revoked_at.is_(None))
            connection.execute(ended.values(revoked_at=self.clock()))
            for table in (EVENT, JOB_CAMERA, JOB_TAG, NOTICE, RULE_CHECK, RULE_REPORT, SHARE_JOB):
                connection.execute(table.delete().where(table.c.job_id == job_id))
            # Those of a stored video belong to the video.
            connection.execute(MOMENT_NOTE.delete().where(MOMENT_NOTE.c.video == f"job:{job_id}"))
            if also:
                also(connection)
        return True

    def outages(self) -> list[Outage]:
        """The circuits of services whose last call failed."""
        with self._engine.connect() as connection:
            return circuit_breaker.read(connection)

    def record_failure(self, service: str, now: datetime, retry_after_s: float | None) -> None:
        """Count a failed call; `retry_after_s`: the pause that the service requested, None where it did not."""
        with self._writing.begin() as connection:
            circuit_breaker.record_failure(connection, service, now, retry_after_s)

    def record_success(self, service: str) -> None:
        """Close the circuit of a service that responded."""
        if any(outage.service == service for outage in self.outages()):  # reading is cheaper than writing
            with self._writing.begin() as connection:
                circuit_breaker.record_success(connection, service)

    @contextmanager
    def circuit(self, service: str, clock: Callable[[], datetime]) -> Iterator[None]:
        """Count the call to a service within this context as a success or failure of its circuit breaker.

        Unreachable, server error, rate limit and invalid response are failures. Any other `ServiceError` is a success:
        the service responded.
        """
        try:
            yield
        except (ServiceUnreachable, ServerError, RateLimited, InvalidResponse) as error:
            self.record_failure(service, clock(), error.retry_after_s)
            raise
        except ServiceError:
            self.record_success(service)
            raise
        self.record_success(service)

    def claim_probe(self, service: str, now: datetime) -> bool:
        """Claim the next probe of a service; False where it is not due, or another job has claimed it."""
        with self._writing.begin() as connection:
            return circuit_breaker.claim_probe(connection, service, now)

    def _update(self, job: Job, values: dict[str, Any], *conditions: sa.ColumnElement[bool]) -> bool:
        with self._writing.begin() as connection:
            return change(connection, job, values, *conditions)


def change(connection: Connection, job: Job, values: dict[str, Any], *conditions: sa.ColumnElement[bool]) -> bool:
    """Update a job; False where it is deleted, or the conditions do not hold."""
    matches = sa.and_(JOB.c.id == job.id, JOB.c.deleted_at.is_(None), *conditions)
    return connection.execute(JOB.update().where(matches).values(values)).rowcount == 1


def _row_of(job: Job) -> dict[str, Any]:
    row = {field.name: getattr(job, field.name) for field in fields(job)}
    return {**row, "models": msgspec.json.encode(job.models).decode()}


def job_of(row: RowMapping) -> Job:
    """The job in a row of the table."""
    values = {**row, "status": JobStatus(row["status"]), "models": decode_models(row["models"])}
    return Job(**values)


decode_models = msgspec.json.Decoder(tuple[ModelChoice, ...]).decode
