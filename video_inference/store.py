"""The job ledger: SQLAlchemy Core over SQLite (default) or any other database; its schema is in `migrations/`.

Every move of a job is guarded by a condition in the SQL itself, so that any number of threads and processes agree
on who made it: a call that finds the job elsewhere changes nothing and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.engine import Connection, RowMapping

from video_inference.contract import Standing
from video_inference.errors import JobError
from video_inference.jobs import Job, JobStatus, ModelChoice, sources_of
from video_inference.schema import upgrade


class Preset(Struct, frozen=True, kw_only=True):
    """A model choice that the team has saved under a name."""

    name: str
    model: ModelChoice


class _Moment(sa.types.TypeDecorator[datetime]):
    """An aware time, kept as UTC microseconds: the same value and the same order in every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002
        if value is not None and value.tzinfo is None:
            raise JobError("A time without its zone was about to be written.")
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else _EPOCH + timedelta(microseconds=value)


class _Told(sa.types.TypeDecorator[Standing]):
    """What a service told of a job, as JSON: it is shown and never searched."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Standing | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Standing | None:  # noqa: ARG002
        return None if value is None else _decode_standing(value)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_METADATA = sa.MetaData()

JOB = sa.Table(
    "job",
    _METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("key_id", sa.String(32), nullable=False),
    sa.Column("video_name", sa.Text, nullable=False),
    sa.Column("video_sha256", sa.String(64)),
    sa.Column("video_url", sa.Text),
    sa.Column("models", sa.Text, nullable=False),
    sa.Column("infer_fps", sa.Float, nullable=False),
    sa.Column("frames", sa.Integer),
    sa.Column("upload_url", sa.Text),
    sa.Column("remote_job_id", sa.Text),
    sa.Column("service_says", sa.Text, nullable=False),
    sa.Column("progress", sa.Float),
    sa.Column("standing", _Told),
    sa.Column("cancel_refused", sa.Boolean, nullable=False),
    sa.Column("failure", sa.Text, nullable=False),
    sa.Column("created_at", _Moment, nullable=False),
    sa.Column("checked_at", _Moment),
    sa.Column("answered_at", _Moment),
    sa.Column("began_at", _Moment),
    sa.Column("next_check_at", _Moment, nullable=False),
    sa.Column("ended_at", _Moment),
)
PRESET = sa.Table(
    "preset",
    _METADATA,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("model", sa.Text, nullable=False),
)


class Store:
    """The ledger of one deployment; safe to use from any thread."""

    def __init__(self, database_url: str) -> None:
        """Open the ledger and bring its schema up to date.

        Raises:
            SettingsError: a newer program made it; it is left as it is.
        """
        url = sa.make_url(database_url)
        if url.get_backend_name() == "sqlite" and url.database:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        self._engine = sa.create_engine(url, pool_pre_ping=True)
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

    def add(self, job: Job) -> None:
        """Write a new job down."""
        with self._writing.begin() as connection:
            connection.execute(JOB.insert().values(_row_of(job)))

    def job(self, job_id: str) -> Job:
        """The job with this id.

        Raises:
            JobError: there is none.
        """
        with self._engine.connect() as connection:
            row = connection.execute(JOB.select().where(JOB.c.id == job_id)).mappings().first()
        if row is None:
            raise JobError("There is no such job here.", "It may have been removed, or the link is from elsewhere.")
        return _job_of(row)

    def jobs(
        self,
        *,
        statuses: Sequence[JobStatus] = tuple(JobStatus),
        service: str | None = None,
        video_sha256: str | None = None,
        limit: int = 200,
    ) -> list[Job]:
        """Jobs in one of these states, of one service or of all, over one kept video or any; newest first."""
        query = JOB.select().where(JOB.c.status.in_(statuses)).order_by(JOB.c.created_at.desc(), JOB.c.id).limit(limit)
        if service is not None:
            query = query.where(JOB.c.service == service)
        if video_sha256 is not None:
            query = query.where(JOB.c.video_sha256 == video_sha256)
        with self._engine.connect() as connection:
            return [_job_of(row) for row in connection.execute(query).mappings()]

    def services_without_cancel(self) -> set[str]:
        """Services that turned out to have no way to call a job off."""
        query = sa.select(JOB.c.service).where(JOB.c.cancel_refused).distinct()
        with self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def due(self, now: datetime, services: Sequence[tuple[str, str]], *, limit: int = 1000) -> list[Job]:
        """Open jobs whose time has come, for these (service, key_id) pairs, the longest waiting first."""
        is_open = JOB.c.status.in_([status for status in JobStatus if status.is_open])
        ours = sa.tuple_(JOB.c.service, JOB.c.key_id).in_(services)
        query = JOB.select().where(is_open, ours, JOB.c.next_check_at <= now).order_by(JOB.c.next_check_at).limit(limit)
        with self._engine.connect() as connection:
            return [_job_of(row) for row in connection.execute(query).mappings()]

    def claim(self, job: Job, now: datetime, lease_s: float) -> bool:
        """Take the right to act on the job until `lease_s` from now; False where somebody else has it.

        One conditional UPDATE: of all threads and processes that try at once, one succeeds.
        """
        until = now + timedelta(seconds=lease_s)
        return self._update(job, {"next_check_at": until}, JOB.c.next_check_at <= now, JOB.c.status == job.status)

    def note(self, job: Job, **values: Any) -> bool:
        """Change fields of the job that are no move, where it is still in the state that the caller saw."""
        return self._update(job, values, JOB.c.status == job.status)

    def move(self, job: Job, target: JobStatus, **values: Any) -> bool:
        """Move the job, with whatever becomes true along with it; False where it is no longer in a state for that."""
        return self._update(job, {"status": target, **values}, JOB.c.status.in_(sources_of(target)))

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        with self._writing.begin() as connection:
            connection.execute(JOB.delete().where(JOB.c.id == job_id))

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
            changed = connection.execute(JOB.update().where(JOB.c.id == job.id, *conditions).values(values))
            return changed.rowcount == 1


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


def _row_of(job: Job) -> dict[str, Any]:
    row = {field.name: getattr(job, field.name) for field in fields(job)}
    return {**row, "models": msgspec.json.encode(job.models).decode()}


def _job_of(row: RowMapping) -> Job:
    values = {**row, "status": JobStatus(row["status"]), "models": _decode_models(row["models"])}
    return Job(**values)


_decode_model = msgspec.json.Decoder(ModelChoice).decode
_decode_models = msgspec.json.Decoder(tuple[ModelChoice, ...]).decode
_decode_standing = msgspec.json.Decoder(Standing).decode
