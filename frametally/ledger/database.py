"""The database of the ledger: SQLAlchemy Core over SQLite (default) or PostgreSQL, opened and migrated."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from frametally.ledger.schema import upgrade

_SQLITE_FULL = "database or disk is full"
_POSTGRESQL_FULL = "53100"
_SQLITE_NEEDS_BYTES = 64 << 10
"""For the index of its log."""
_MIGRATION_LOCK = 7_362_001
"""Key of the PostgreSQL advisory lock under which one process migrates at a time."""


def open_database(database_url: str) -> sa.Engine:
    """Open the database, and create the folder of an SQLite file; the schema is not changed.

    Transactions that write must use `execution_options(is_writing=True)`.
    """
    url = sa.make_url(database_url)
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    # Parameters are hidden: signed links must not appear in error messages.
    engine = sa.create_engine(url, pool_pre_ping=True, hide_parameters=True)
    if is_sqlite:
        sa.event.listen(engine, "connect", _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def migrate(engine: sa.Engine) -> None:
    """Upgrade the schema to the newest revision; processes that start together do so one after the other.

    Raises:
        SettingsError: a newer version created the schema; it is not changed.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":  # on SQLite, BEGIN IMMEDIATE has the same effect
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        upgrade(connection)


def is_full(error: Exception) -> bool:
    """Whether the disk of the database has no room; `error`: of SQLAlchemy or of a driver."""
    cause = getattr(error, "orig", error)
    return _SQLITE_FULL in str(cause) or getattr(cause, "sqlstate", "") == _POSTGRESQL_FULL


def lacks_room(database_url: str) -> bool:
    """Whether the disk of an SQLite database has no room to open it; SQLite itself reports an error of the disk."""
    url = sa.make_url(database_url)
    folder = Path(url.database or "").parent
    is_file = url.get_backend_name() == "sqlite" and folder.is_dir()
    return is_file and shutil.disk_usage(folder).free < _SQLITE_NEEDS_BYTES


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not open transactions; `_begin_sqlite` does
    connection.execute("PRAGMA busy_timeout = 15000")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: sa.Connection) -> None:
    # After a plain BEGIN, a write that follows a read does not wait: it fails at once if another writer came first.
    is_writing = connection.get_execution_options().get("is_writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
