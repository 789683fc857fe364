"""Snapshots: the ledger copied to one SQLite file while it is in use, and restored into any database.

Snapshots of PostgreSQL and of SQLite at the same revision have the same schema, so each can be restored into the other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from frametally.errors import BackupError, SettingsError
from frametally.ledger import schema
from frametally.ledger.database import is_full
from frametally.storage.space import TRY_AGAIN

_ROWS_AT_ONCE: Final = 1000
_DAMAGED: Final = ("The ledger in the backup is damaged.", "Use another backup; nothing was changed.")


def sqlite_path(database_url: str) -> Path | None:
    """The file of a ledger in SQLite; None for another database.

    Raises:
        SettingsError: this is not a database URL.
    """
    try:
        url = sa.make_url(database_url)
    except sa.exc.ArgumentError:  # the text of the error may contain the URL
        what = "FRAMETALLY_DATABASE_URL is not a database URL."
        raise SettingsError(what, "Use the form postgresql+psycopg://user:password@host/name.") from None
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def ledger_in_words(database_url: str) -> str:
    """The ledger as shown to users: its file, or its database URL without password and options.

    Raises:
        SettingsError: this is not a database URL.
    """
    path = sqlite_path(database_url)
    if path:
        return str(path)
    url = sa.make_url(database_url)
    return str(sa.URL.create(url.drivername, url.username, host=url.host, port=url.port, database=url.database))


def copy_out(database_url: str, target: Path) -> str:
    """Write a consistent copy of the ledger to a new SQLite file; returns the revision of its schema.

    Raises:
        BackupError: there is no ledger, or it cannot be read.
        SettingsError: a newer version created it.
    """
    path = sqlite_path(database_url)
    try:
        if path:
            _vacuum_into(path, target)
        else:
            _copy_tables_out(database_url, target)
    except (sqlite3.Error, sa.exc.SQLAlchemyError) as error:
        if is_full(error):
            raise BackupError("The disk has no room for this backup.", TRY_AGAIN) from None
        what = f"The ledger cannot be read ({type(error).__name__})."
        raise BackupError(what, "Check FRAMETALLY_DATABASE_URL, and that the database is running.") from None
    return check_copy(target)


def check_copy(ledger: Path) -> str:
    """Check that a copy is intact; returns the revision of its schema.

    Raises:
        BackupError: it is damaged, or contains no ledger.
        SettingsError: a newer version created it.
    """
    engine = _engine(ledger)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA trusted_schema = OFF")
            if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
                raise BackupError(*_DAMAGED)
            revision = schema.revision_in(connection)
    except sa.exc.SQLAlchemyError as error:
        raise BackupError(*_DAMAGED) from error
    finally:
        engine.dispose()
    if revision is None:
        raise BackupError("The file contains no ledger.", "Choose a file that contains the dashboard's ledger.")
    schema.refuse_newer(revision)
    return revision


def job_ids(ledger: Path) -> set[str]:
    """The ids of the jobs in a copy."""
    with closing(sqlite3.connect(ledger)) as connection:
        return {row[0] for row in connection.execute("SELECT id FROM job")}


def ledger_exists(database_url: str) -> bool:
    """Whether the database has a ledger, with or without jobs; not for SQLite, where it would create the file.

    Raises:
        BackupError: the database reports an error, or cannot be reached.
    """
    with _answering(database_url) as connection:
        return schema.revision_in(connection) is not None


def copy_in(ledger: Path, database_url: str) -> None:
    """Replace the ledger in a database by this copy, in one transaction if the database has transactional DDL.

    Raises:
        BackupError: the copy is damaged, or the database reported an error; PostgreSQL is then unchanged.
        SettingsError: a newer version created the copy.
    """
    revision = check_copy(ledger)
    source = _engine(ledger)
    try:
        with source.connect() as held, _answering(database_url) as connection:
            _drop_tables(connection)
            schema.upgrade(connection, revision)
            _copy_rows(held, connection)
            connection.commit()
    finally:
        source.dispose()


def _vacuum_into(path: Path, target: Path) -> None:
    if not path.is_file():
        raise BackupError("There is no ledger yet.", "Start the dashboard once, or check FRAMETALLY_DATA_DIR.")
    with closing(sqlite3.connect(path, timeout=15)) as connection:
        connection.execute("VACUUM INTO ?", (str(target),))


def _copy_tables_out(database_url: str, target: Path) -> None:
    copy = _engine(target)
    source = sa.create_engine(database_url, isolation_level="REPEATABLE READ", hide_parameters=True)
    try:
        with source.connect() as held, copy.begin() as connection:
            revision = schema.revision_in(held)
            if revision is None:
                raise BackupError("There is no ledger yet.", "Start the dashboard once.")
            schema.upgrade(connection, revision)
            _copy_rows(held, connection)
    finally:
        source.dispose()
        copy.dispose()


def _copy_rows(source: sa.Connection, target: sa.Connection) -> None:
    """Copy every row of every table, referenced tables first; the tables of `target` are empty."""
    tables = _tables_in(target)
    for table in tables.sorted_tables:
        rows = source.execute(sa.select(sa.text("*")).select_from(sa.table(table.name))).mappings()
        for batch in rows.partitions(_ROWS_AT_ONCE):
            target.execute(table.insert(), [dict(row) for row in batch])
        _count_on(target, table)


def _count_on(connection: sa.Connection, table: sa.Table) -> None:
    """On PostgreSQL, set the sequence of the table's key to continue after the copied rows."""
    column = table.autoincrement_column
    if connection.dialect.name == "postgresql" and column is not None:
        sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
        connection.execute(sa.select(sa.func.setval(sequence, sa.func.coalesce(sa.func.max(column), 1))))


def _drop_tables(connection: sa.Connection) -> None:
    if schema.revision_in(connection) is not None:
        everything = sa.MetaData()
        everything.reflect(connection)
        everything.drop_all(connection)


def _tables_in(connection: sa.Connection) -> sa.MetaData:
    found = sa.MetaData()
    found.reflect(connection, only=lambda name, _: name != "alembic_version")
    return found


@contextmanager
def _answering(database_url: str) -> Iterator[sa.Connection]:
    engine = sa.create_engine(database_url, hide_parameters=True)
    try:
        with engine.connect() as connection:
            yield connection
    except sa.exc.SQLAlchemyError as error:  # the text of the error may contain the URL
        what = f"The database of the ledger reported an error ({type(error).__name__})."
        raise BackupError(what, "Check FRAMETALLY_DATABASE_URL, and that the database is running.") from None
    finally:
        engine.dispose()


def _engine(path: Path) -> sa.Engine:
    return sa.create_engine(sa.URL.create("sqlite", database=str(path)), hide_parameters=True)
