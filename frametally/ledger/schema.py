"""The schema of the ledger: the revision of a database, the known revisions, and the upgrade between them.

The migrations are in `migrations/`. Alembic, which runs them, takes longer to import than a ledger to open, so it is
imported only where there is something to run. A ledger that a newer version created is refused and not changed.
"""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa

from frametally.errors import SettingsError

_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))


def known_revisions() -> list[str]:
    """Every released revision of the schema, oldest first: the numbers that the files of the migrations begin with."""
    return sorted(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def revision_in(connection: sa.Connection) -> str | None:
    """The revision of this database; None where it has no ledger yet."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    return connection.execute(sa.select(_VERSION.c.version_num)).scalar_one_or_none()


def refuse_newer(revision: str | None) -> None:
    """Refuse a schema that a newer version created; None (no ledger yet) is accepted.

    Raises:
        SettingsError: this version does not know the revision.
    """
    known = known_revisions()
    if revision is not None and revision not in known:
        raise SettingsError(
            f"The ledger was created by a newer version: its schema is {revision}, "
            f"this version supports up to {known[-1]}.",
            "Nothing was changed. Run the newer version of Frametally, or use another ledger.",
        )


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Upgrade the schema to this revision, the newest by default. Idempotent.

    Raises:
        SettingsError: a newer version created it.
    """
    current = revision_in(connection)
    refuse_newer(current)
    if current == (known_revisions()[-1] if revision == "head" else revision):
        return
    with _MIGRATING:
        _run_migrations(connection, revision)


def _run_migrations(connection: sa.Connection, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


_MIGRATING = threading.Lock()  # Alembic keeps its context in module globals
