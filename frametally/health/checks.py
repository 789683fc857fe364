"""What is wrong with the data folder: what nothing can start with, and what somebody should look at."""

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

from frametally.backup.restore import FOLDER, is_half_done
from frametally.config.settings import Settings
from frametally.errors import SettingsError
from frametally.ledger.snapshot import sqlite_path
from frametally.storage.space import DISK_RESERVE_BYTES, LOW_DISK_BYTES, format_size

LEDGER_CHECK_S: Final = 1.0
"""For how long a ledger is read through at start: all of some 100 MB, the beginning of a larger one."""
_DATA_DIR: Final = "Check FRAMETALLY_DATA_DIR, and that this user may write there."


@dataclass(frozen=True)
class HealthWarning:
    """Something that works today and will not for ever."""

    what: str
    next_step: str


def refuse_unusable(settings: Settings) -> None:
    """Look at the data folder and the ledger before anything opens them; seconds at most, however much they hold.

    Raises:
        SettingsError: nothing can start with them; it says what to do.
    """
    try:
        _try_to_write(settings.data_dir)
        for path in (settings.link_secret_file, settings.engine_key_file):
            if path.exists():
                _try_to_read(path)
    except OSError as error:
        raise SettingsError(f"The data folder cannot be used: {error.strerror}.", _DATA_DIR) from error
    if is_half_done(settings.data_dir):
        raise SettingsError(
            "A restore of the data folder was cut short.",
            "Run it again: frametally restore FILE --replace. Nothing of the backup is lost.",
        )
    ledger = sqlite_path(settings.database_url)
    if ledger and ledger.exists() and _is_damaged(ledger):
        raise SettingsError(
            f"The job ledger {ledger.name} is damaged.",
            "Keep a copy of it. Then put a backup back (frametally restore FILE --replace), "
            "or save what can be read of it with sqlite3's .recover.",
        )


def health_warnings(settings: Settings) -> list[HealthWarning]:
    """What to look at soon; a few system calls, so that every page may ask."""
    return [*_low_disk(settings.data_dir), *_open_secrets(settings), *_leftovers(settings.data_dir)]


def ledger_silent(error: SQLAlchemyError) -> SettingsError:
    """A ledger that opened once and does not answer now, in words: the error's own text holds what was asked of it."""
    return SettingsError(
        f"The job ledger does not answer ({type(error).__name__}).",
        "Check that its database is up and its disk has room, then load the page again. No job is lost.",
    )


def _try_to_write(data_dir: Path) -> None:
    if data_dir.exists() and not data_dir.is_dir():
        raise SettingsError("The data folder is a file.", _DATA_DIR)
    data_dir.mkdir(parents=True, exist_ok=True)
    trial = data_dir / f".trial-{os.getpid()}-{time.monotonic_ns()}"
    trial.touch()
    trial.unlink()


def _try_to_read(path: Path) -> None:
    try:
        path.open("rb").close()
    except PermissionError as error:
        what = f"The file {path.name} of the data folder belongs to another user."
        raise SettingsError(what, "Start Frametally as that user, or give it the whole folder (chown -R).") from error


def _is_damaged(ledger: Path) -> bool:
    """Whether SQLite finds a fault within a second; what was not read by then is not judged."""
    with closing(sqlite3.connect(ledger, timeout=5)) as connection:
        timer = threading.Timer(LEDGER_CHECK_S, connection.interrupt)
        timer.start()
        try:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",)) and timer.is_alive()
        except sqlite3.OperationalError:  # interrupted, busy, not to be opened: what comes next will say so
            return False
        except sqlite3.DatabaseError:  # not a database, or malformed
            return True
        finally:
            timer.cancel()
            timer.join()


def _low_disk(data_dir: Path) -> Iterator[HealthWarning]:
    free_bytes = shutil.disk_usage(data_dir).free
    if free_bytes < LOW_DISK_BYTES:
        reserve = format_size(DISK_RESERVE_BYTES)
        yield HealthWarning(
            f"The disk of the data folder is nearly full: {format_size(free_bytes)} are left.",
            f"Free some space: at {reserve} no video is taken any more.",
        )


def _open_secrets(settings: Settings) -> Iterator[HealthWarning]:
    for path in (settings.link_secret_file, settings.engine_key_file):
        if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            name = path.relative_to(settings.data_dir)
            yield HealthWarning(f"Other users of this machine may read the file {name}.", f"Run chmod 600 on {name}.")


def _leftovers(data_dir: Path) -> Iterator[HealthWarning]:
    if (data_dir / FOLDER).exists() and not is_half_done(data_dir):
        yield HealthWarning(
            "A restore was cut short before it changed anything.",
            f"Run it again, or remove the folder {FOLDER} from the data folder.",
        )
