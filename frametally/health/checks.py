"""Checks of the data folder: faults that prevent a start, and warnings that a page shows."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from frametally.backup.restore import STAGING_FOLDER, is_incomplete
from frametally.config.settings import Settings
from frametally.errors import SettingsError
from frametally.ledger.database import is_full
from frametally.ledger.snapshot import sqlite_path
from frametally.storage.space import DISK_RESERVE_BYTES, LOW_DISK_BYTES, TRY_AGAIN, format_size, is_disk_full

LEDGER_CHECK_S: Final = 1.0
"""Time limit for the integrity check of the ledger: enough for about 100 MB; of a larger one, a part is checked."""
_CHECK_DATA_DIR: Final = "Check FRAMETALLY_DATA_DIR and the permissions of the folder."


@dataclass(frozen=True)
class HealthWarning:
    """A condition that will cause a failure unless it is corrected."""

    what: str
    next_step: str


def check_usable(settings: Settings) -> None:
    """Check the data folder and the ledger before they are opened; takes seconds at most, whatever their size.

    Raises:
        SettingsError: the deployment cannot start with them.
    """
    try:
        _check_writable(settings.data_dir)
        for path in (settings.link_secret_file, settings.engine_key_file):
            if path.exists():
                _check_readable(path)
    except OSError as error:
        next_step = TRY_AGAIN if is_disk_full(error) else _CHECK_DATA_DIR
        raise SettingsError(f"The data folder cannot be used: {error.strerror}.", next_step) from error
    if is_incomplete(settings.data_dir):
        raise SettingsError(
            "A restore of the data folder was interrupted.",
            "Run it again: frametally restore FILE --replace. No data of the backup is lost.",
        )
    ledger = sqlite_path(settings.database_url)
    if ledger and ledger.exists() and _is_damaged(ledger):
        raise SettingsError(
            f"The job ledger {ledger.name} is damaged.",
            "Keep a copy of it. Then restore a backup (frametally restore FILE --replace), "
            "or recover its content with sqlite3's .recover.",
        )


def health_warnings(settings: Settings) -> list[HealthWarning]:
    """Warnings about the data folder; a few system calls, cheap enough for every page."""
    return [*_low_disk(settings.data_dir), *_exposed_secrets(settings), *_leftovers(settings.data_dir)]


def ledger_unavailable(error: SQLAlchemyError) -> SettingsError:
    """The error to show if the ledger stops responding, without the database's message, which may contain data."""
    if is_full(error):
        return SettingsError(
            "The disk of the job ledger is full.", "Free some disk space, then reload the page. No job is lost."
        )
    return SettingsError(
        f"The job ledger does not respond ({type(error).__name__}).",
        "Check that its database is running and its disk has room, then reload the page. No job is lost.",
    )


def _check_writable(data_dir: Path) -> None:
    if data_dir.exists() and not data_dir.is_dir():
        raise SettingsError("The data folder is a file.", _CHECK_DATA_DIR)
    data_dir.mkdir(parents=True, exist_ok=True)
    trial = data_dir / f".trial-{os.getpid()}-{time.monotonic_ns()}"
    trial.touch()
    trial.unlink()


def _check_readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except PermissionError as error:
        what = f"The file {path.name} in the data folder belongs to another user."
        raise SettingsError(
            what, "Start Frametally as that user, or change the owner of the data folder (chown -R)."
        ) from error


def _is_damaged(ledger: Path) -> bool:
    """Whether SQLite finds a fault within the time limit; what was not checked by then counts as intact."""
    with closing(sqlite3.connect(ledger, timeout=5)) as connection:
        timer = threading.Timer(LEDGER_CHECK_S, connection.interrupt)
        timer.start()
        try:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",)) and timer.is_alive()
        except sqlite3.OperationalError:  # interrupted, busy or not accessible: opening the ledger reports it
            return False
        except sqlite3.DatabaseError:  # not a database, or malformed
            return True
        finally:
            timer.cancel()
            timer.join()


def _low_disk(data_dir: Path) -> Iterator[HealthWarning]:
    free_bytes = shutil.disk_usage(data_dir).free
    if free_bytes < LOW_DISK_BYTES:
        yield HealthWarning(
            f"The disk of the data folder is nearly full: {format_size(free_bytes)} free.",
            f"Free some space: below {format_size(DISK_RESERVE_BYTES)}, new videos are not accepted.",
        )


def _exposed_secrets(settings: Settings) -> Iterator[HealthWarning]:
    for path in (settings.link_secret_file, settings.engine_key_file):
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            name = path.relative_to(settings.data_dir)
            yield HealthWarning(f"The file {name} is accessible to other users.", f"Run chmod 600 on {name}.")


def _leftovers(data_dir: Path) -> Iterator[HealthWarning]:
    if (data_dir / STAGING_FOLDER).exists() and not is_incomplete(data_dir):
        yield HealthWarning(
            "A restore was interrupted before it changed anything.",
            f"Run it again, or remove the folder {STAGING_FOLDER} from the data folder.",
        )
