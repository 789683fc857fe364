"""The schema of the ledger: the revision of a database, the known revisions, and the upgrade between them.

The migrations are in `migrations/` (Alembic). A ledger that a newer version created is refused and not changed.
"""

from __future__ import annotations

import threading
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from frametally.errors import SettingsError


def known_revisions() -> list[str]:
    """Every released revision of the schema, oldest first."""
    steps = ScriptDirectory.from_config(_config()).walk_revisions()
    return [step.revision for step in steps][::-1]


def revision_in(connection: sa.Connection) -> str | None:
    """The revision of this database; None where it has no ledger yet."""
    return MigrationContext.configure(connection).get_current_revision()


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
    with _MIGRATING:
        refuse_newer(revision_in(connection))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


_MIGRATING = threading.Lock()  # Alembic keeps its context in module globals
