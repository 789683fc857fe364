"""The job ledger: SQLAlchemy Core over SQLite (default) or any other database; its schema is in `migrations/`.

Every move of a job is guarded by a condition in the SQL itself, so that any number of threads and processes agree
on who made it: a call that finds the job elsewhere changes nothing and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import Connection, RowMapping

from frametally.clock import utc_now
from frametally.contract import STATUS_FLOOR_S
from frametally.errors import InvalidResponse, JobError, RateLimited, ServerError, ServiceError, ServiceUnreachable
from frametally.job import Job, JobStatus, ModelChoice, sources_of
from frametally.ledger import circuit_breaker, events
from frametally.ledger.circuit_breaker import Outage
from frametally.ledger.events import Event, EventKind
from frametally.ledger.schema import upgrade
from frametally.ledger.tables import EVENT, JOB, JOB_TAG, NOTICE, PRESET


class Preset(Struct, frozen=True, kw_only=True):
    """A model choice that the team has saved under a name."""

    name: str
    model: ModelChoice


class Ledger:
    """The ledger of one deployment; safe to use from any thread."""

    def __init__(self, database_url: str, clock: Callable[[], datetime] = utc_now) -> None:
        """Open the ledger and bring its schema up to date; `clock` says when a move was made.

        Raises:
            SettingsError: a newer program made it; it is left as it is.
        """
        self.clock = clock
        url = sa.make_url(database_url)
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(url, pool_pre_ping=True, hide_parameters=True)  # signed links
        if url.get_backend_name() == "sqlite":
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)
        self._writing = self._engine.execution_options(is_writing=True)
        try:
            migrate(self._writing)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._engine.dispose()

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for questions of other modules; nothing is written through it."""
        return self._engine.connect()

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction for changes of other modules."""
        return self._writing.begin()

    def add(self, *jobs: Job, cause: str = "", tags: Sequence[str] = ()) -> None:
        """Write new jobs down, all or none, with these tags and the beginning of their history.

        `cause`: what they come from, for a person to read.
        """
        with self._writing.begin() as connection:
            connection.execute(JOB.insert(), [_row_of(job) for job in jobs])
            pairs = [{"job_id": job.id, "tag": tag} for job in jobs for tag in tags]
            if pairs:
                connection.execute(JOB_TAG.insert(), pairs)
            for job in jobs:
                events.write(
                    connection, job.id, self.clock(), EventKind.ADDED, cause, status=job.status, actor=job.owner
                )

    def job(self, job_id: str) -> Job:
        """The job with this id.

        Raises:
            JobError: there is none.
        """
        with self._engine.connect() as connection:
            row = connection.execute(JOB.select().where(JOB.c.id == job_id)).mappings().first()
        if row is None:
            raise JobError("There is no such job here.", "It may have been removed, or the link is from elsewhere.")
        return job_of(row)

    def jobs(
        self,
        *,
        statuses: Sequence[JobStatus] = tuple(JobStatus),
        service: str | None = None,
        video_sha256: str | None = None,
        limit: int = 200,
    ) -> list[Job]:
        """Jobs in one of these states, of one service or of all, over one kept video or any; newest first."""
        wanted = sa.and_(JOB.c.status.in_(statuses), JOB.c.deleted_at.is_(None))
        query = JOB.select().where(wanted).order_by(JOB.c.created_at.desc(), JOB.c.id).limit(limit)
        if service is not None:
            query = query.where(JOB.c.service == service)
        if video_sha256 is not None:
            query = query.where(JOB.c.video_sha256 == video_sha256)
        with self._engine.connect() as connection:
            return [job_of(row) for row in connection.execute(query).mappings()]

    def services_without_cancel(self) -> set[str]:
        """Services that turned out to have no way to call a job off."""
        query = sa.select(JOB.c.service).where(JOB.c.cancel_refused).distinct()
        with self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def due(self, now: datetime, services: Sequence[tuple[str, str]], *, limit: int = 1000) -> list[Job]:
        """Open jobs whose time has come, for these (service, key_id) pairs, the longest waiting first."""
        open_statuses = [status for status in JobStatus if status.is_open]
        is_open = sa.and_(JOB.c.status.in_(open_statuses), JOB.c.deleted_at.is_(None))
        ours = sa.tuple_(JOB.c.service, JOB.c.key_id).in_(services)
        query = JOB.select().where(is_open, ours, JOB.c.next_check_at <= now).order_by(JOB.c.next_check_at).limit(limit)
        with self._engine.connect() as connection:
            return [job_of(row) for row in connection.execute(query).mappings()]

    def claim(self, job: Job, now: datetime, lease_s: float) -> bool:
        """Take the right to act on the job until `lease_s` from now; False where somebody else has it.

        One conditional UPDATE: of all threads and processes that try at once, one succeeds.
        """
        until = now + timedelta(seconds=lease_s)
        return self._update(job, {"next_check_at": until}, JOB.c.next_check_at <= now, JOB.c.status == job.status)

    def compare_and_set(self, job: Job, name: str, now: datetime) -> bool:
        """Write down that something begins now; False where somebody else has begun it since the caller saw the job.

        Who was away for longer than a lease (a suspended machine) stops here, before it calls a service again.
        """
        unchanged = JOB.c[name].is_not_distinct_from(getattr(job, name))
        return self._update(job, {name: now}, JOB.c.status == job.status, unchanged)

    def update(self, job: Job, **values: Any) -> bool:
        """Change fields of the job that are no move, where it is still in the state that the caller saw."""
        return self._update(job, values, JOB.c.status == job.status)

    def transition(
        self,
        job: Job,
        target: JobStatus,
        cause: str = "",
        source: JobStatus | None = None,
        /,
        *,
        actor: str | None = None,
        **values: Any,
    ) -> bool:
        """Move the job, with whatever becomes true along with it; False where it is no longer in a state for that.

        The move goes into the job's history in the same transaction, its cause the failure where none is given. With a
        `source` it is made from that state only.
        """
        sources = sources_of(target) if source is None else (source,)
        with self._writing.begin() as connection:
            moved = change(connection, job, {"status": target, **values}, JOB.c.status.in_(sources))
            if moved:
                why = cause or values.get("failure", "")
                events.write(connection, job.id, self.clock(), EventKind.MOVED, why, status=target, actor=actor)
        return moved

    def log_call(
        self, job_id: str, at: datetime, answer: str, *, invited: bool = False, actor: str | None = None
    ) -> None:
        """Write into the job's history that its service was asked how it stands, when, and what it said to that.

        Every call under the floor's rule has a row: they prove it. A service that invites more (`Retry-After` under the
        floor, as the built-in engine's every second) gets a row a minute of the `invited` calls, or a day's job would
        leave tens of thousands; what such a job becomes is a move, and always written.
        """
        with self._writing.begin() as connection:
            if invited and events.was_asked_since(connection, job_id, at - timedelta(seconds=STATUS_FLOOR_S)):
                return
            events.write(connection, job_id, at, EventKind.ASKED, answer, actor=actor)

    def log_act(self, job_id: str, what: str, *, actor: str | None) -> None:
        """Record an action by a person that does not change the status."""
        with self._writing.begin() as connection:
            events.write(connection, job_id, self.clock(), EventKind.ACT, what, actor=actor)

    def write_notes(self, job_id: str, notes: str, *, actor: str | None) -> None:
        """Replace the note of a job."""
        with self._writing.begin() as connection:
            changed = JOB.update().where(JOB.c.id == job_id, JOB.c.notes != notes).values(notes=notes)
            if connection.execute(changed).rowcount:
                events.write(connection, job_id, self.clock(), EventKind.ACT, "Note edited.", actor=actor)

    def history(self, job_id: str, *, kinds: Sequence[EventKind] = tuple(EventKind), limit: int = 1000) -> list[Event]:
        """What happened to a job, in the order in which it was written; the newest `limit` of it."""
        with self._engine.connect() as connection:
            return events.read(connection, job_id, kinds, limit)

    def remove(self, job_id: str, *conditions: sa.ColumnElement[bool]) -> bool:
        """Remove a job with its history, tags and notices if the conditions hold; returns whether they do."""
        with self._writing.begin() as connection:
            if not connection.execute(JOB.delete().where(JOB.c.id == job_id, *conditions)).rowcount:
                return False
            for table in (EVENT, JOB_TAG, NOTICE):
                connection.execute(table.delete().where(table.c.job_id == job_id))
        return True

    def outages(self) -> list[Outage]:
        """Services that do not answer as they should now."""
        with self._engine.connect() as connection:
            return circuit_breaker.read(connection)

    def record_failure(self, service: str, now: datetime, asked_for_s: float | None) -> None:
        """A call to the service failed; `asked_for_s`: how long it wants to be left alone, where it says so."""
        with self._writing.begin() as connection:
            circuit_breaker.record_failure(connection, service, now, asked_for_s)

    def record_success(self, service: str) -> None:
        """The service answered as it should."""
        if any(outage.service == service for outage in self.outages()):  # a look is cheaper than a write
            with self._writing.begin() as connection:
                circuit_breaker.record_success(connection, service)

    @contextmanager
    def circuit(self, service: str, clock: Callable[[], datetime]) -> Iterator[None]:
        """Pass the result of one call to the API of a service to its circuit breaker.

        No answer, a server error, a rate limit and an invalid response count as failures; any other error is an answer.
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
        """Be the one who tries whether the service is back; False where somebody else is."""
        with self._writing.begin() as connection:
            return circuit_breaker.claim_probe(connection, service, now)

    def presets(self) -> list[Preset]:
        """Saved model choices by name."""
        with self._engine.connect() as connection:
            rows = connection.execute(PRESET.select().order_by(PRESET.c.name)).mappings()
            return [Preset(name=row["name"], model=_decode_model(row["model"])) for row in rows]

    def save_preset(self, preset: Preset) -> None:
        """Save a model choice; an earlier one of the same name is replaced."""
        with self._writing.begin() as connection:
            connection.execute(PRESET.delete().where(PRESET.c.name == preset.name))
            row = {"name": preset.name, "model": msgspec.json.encode(preset.model).decode()}
            connection.execute(PRESET.insert().values(row))

    def remove_preset(self, name: str) -> None:
        """Forget a saved model choice."""
        with self._writing.begin() as connection:
            connection.execute(PRESET.delete().where(PRESET.c.name == name))

    def _update(self, job: Job, values: dict[str, Any], *conditions: sa.ColumnElement[bool]) -> bool:
        with self._writing.begin() as connection:
            return change(connection, job, values, *conditions)


def migrate(engine: sa.Engine) -> None:
    """Bring the schema up to date; processes that start together take turns."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE makes processes wait already
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(7362001)"))
        upgrade(connection)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not open transactions of its own: BEGIN is ours to say
    connection.execute("PRAGMA busy_timeout = 15000")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later could not wait its turn: it would fail at once.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("is_writing") else "BEGIN")


def change(connection: Connection, job: Job, values: dict[str, Any], *conditions: sa.ColumnElement[bool]) -> bool:
    """Change a job that is not deleted, where the conditions hold."""
    is_ours = sa.and_(JOB.c.id == job.id, JOB.c.deleted_at.is_(None), *conditions)
    return connection.execute(JOB.update().where(is_ours).values(values)).rowcount == 1


def _row_of(job: Job) -> dict[str, Any]:
    row = {field.name: getattr(job, field.name) for field in fields(job)}
    return {**row, "models": msgspec.json.encode(job.models).decode()}


def job_of(row: RowMapping) -> Job:
    """The job of a row of its table."""
    values = {**row, "status": JobStatus(row["status"]), "models": decode_models(row["models"])}
    return Job(**values)


_decode_model = msgspec.json.Decoder(ModelChoice).decode
decode_models = msgspec.json.Decoder(tuple[ModelChoice, ...]).decode
