"""The ledger's schema: which revision a database has, which ones this program knows, and the way from one to the next.

The steps are in `migrations/` (Alembic). A ledger of a newer program is refused before anything is touched.
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
    """Every revision of the schema that was ever released, the oldest first."""
    steps = ScriptDirectory.from_config(_config()).walk_revisions()
    return [step.revision for step in steps][::-1]


def revision_in(connection: sa.Connection) -> str | None:
    """The revision that this database has; None where it holds no ledger yet."""
    return MigrationContext.configure(connection).get_current_revision()


def refuse_newer(revision: str | None) -> None:
    """Have nothing to do with a schema that a later program made.

    Raises:
        SettingsError: this program does not know the revision.
    """
    known = known_revisions()
    if revision is not None and revision not in known:
        raise SettingsError(
            f"The job ledger is of a newer version: its schema is {revision}, this program knows up to {known[-1]}.",
            "Nothing was changed. Run the newer version of Frametally, or name another ledger.",
        )


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the schema to this revision, the newest by default; one that is there already changes nothing.

    Raises:
        SettingsError: a newer program made it.
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
