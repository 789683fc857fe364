"""Create a backup, also while a dashboard runs.

The ledger is copied first. Results are archived before a job is marked as succeeded, so the backup contains the
results of every job that its ledger marks as succeeded.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

import msgspec

from frametally.backup.contents import (
    BLOCK_BYTES,
    FORMAT,
    LEDGER,
    MANIFEST,
    BackupManifest,
    FileEntry,
    OnBytes,
    refuse_object_storage,
)
from frametally.config.layout import LAYOUT, BackupPart, Place, place_of
from frametally.config.settings import Settings
from frametally.errors import BackupError
from frametally.ledger.snapshot import copy_out, job_ids, sqlite_path
from frametally.storage.atomic import atomic_path
from frametally.storage.derived import derived_bytes
from frametally.storage.folders import files_below, size_of

_MAX_TRIES: Final = 5


def sizes(settings: Settings) -> dict[str, int]:
    """Size in bytes of what can be backed up: `ledger` (if it is a file), `results`, `shares`, `videos`, `models`."""
    ledger = sqlite_path(settings.database_url)
    return {
        "ledger": sum(path.stat().st_size for path in _files_of(ledger)) if ledger else 0,
        "results": size_of(settings.results_dir) - derived_bytes(settings.results_dir),
        "shares": size_of(settings.shares_dir),
        "videos": size_of(settings.media_dir / "videos"),
        "models": size_of(settings.models_dir),
    }


def back_up(
    settings: Settings,
    target: Path,
    *,
    parts: Sequence[BackupPart],
    made_at: datetime,
    on_progress: OnBytes = lambda _: None,
) -> BackupManifest:
    """Write a backup to the new file `target`, with owner-only permissions.

    Raises:
        BackupError: the target exists, there is no room for it, or the ledger cannot be read.
        SettingsError: the ledger belongs to a newer version.
    """
    _check_target(settings, target, parts)
    ledger = target.with_name(f".{target.name}.{uuid4().hex}.db")
    try:
        os.close(os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        schema = copy_out(settings.database_url, ledger)
        with atomic_path(target, replace=False, mode=0o600) as draft, zipfile.ZipFile(draft, "w") as packed:
            writer = _Writer(packed, on_progress)
            _write_all(writer, settings, ledger, list(parts))
            manifest = BackupManifest(
                format=FORMAT, made_at=made_at, schema=schema, parts=list(parts), files=writer.files
            )
            packed.writestr(MANIFEST, msgspec.json.encode(manifest))
    except FileExistsError as error:
        raise _exists(target) from error
    except OSError as error:
        what = f"The backup cannot be written: {error.strerror or type(error).__name__}."
        raise BackupError(what, "Free some disk space, or choose another location.") from error
    finally:
        ledger.unlink(missing_ok=True)
    return manifest


class _Writer:
    """Adds files to the zip and records their sizes and digests."""

    def __init__(self, packed: zipfile.ZipFile, on_progress: OnBytes) -> None:
        self._packed = packed
        self._on_progress = on_progress
        self.files: dict[str, FileEntry] = {}

    def add(self, name: str, source: BinaryIO, *, compress: bool = False) -> None:
        digest, size_bytes = hashlib.sha256(), 0
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        with self._packed.open(info, "w", force_zip64=True) as sink:
            while block := source.read(BLOCK_BYTES):
                digest.update(block)
                size_bytes += len(block)
                sink.write(block)
                self._on_progress(len(block))
        self.files[name] = FileEntry(size_bytes, digest.hexdigest())


def _write_all(writer: _Writer, settings: Settings, ledger: Path, parts: list[BackupPart]) -> None:
    with ledger.open("rb") as file:
        writer.add(LEDGER, file, compress=True)
    jobs = job_ids(ledger)
    for place in LAYOUT:
        if place.is_in_backup(parts):
            _write_place(writer, settings, place, jobs)


def _write_place(writer: _Writer, settings: Settings, place: Place, jobs: set[str]) -> None:
    """All instances of a place; of jobs, only those in the copied ledger."""
    for name, path in place.instances(settings):
        if place.path.endswith("/"):
            if "<job>" not in place.path or path.name in jobs:
                _add_folder(writer, path, name)
        else:
            with suppress(FileNotFoundError), path.open("rb") as file:
                writer.add(name, file)


def _add_folder(writer: _Writer, folder: Path, name: str) -> None:
    """All files of a folder as it is at one moment; nothing if it has been removed."""
    with ExitStack() as stack:
        for path, file in _open_together(folder, name, stack):
            writer.add(path, file)


def _open_together(folder: Path, name: str, stack: ExitStack) -> list[tuple[str, BinaryIO]]:
    """(path in the backup, open file) for each file; replacing or removing the folder no longer affects them."""
    for _ in range(_MAX_TRIES):
        before = _contents(folder, name)
        with ExitStack() as opening, suppress(FileNotFoundError):
            files: list[tuple[str, BinaryIO]] = [
                (f"{name}/{path}", opening.enter_context((folder / path).open("rb"))) for path in before
            ]
            if _contents(folder, name) == before:
                stack.enter_context(opening.pop_all())
                return files
    raise BackupError(f"The folder {folder.name} is being modified.", "Try again when fewer jobs are running.")


def _contents(folder: Path, name: str) -> dict[str, int]:
    """Inode numbers of the files to back up, by path below the folder; files of nested places are left out."""
    place, found = place_of(f"{name}/x"), {}
    for path in sorted(files_below(folder)):
        below = path.relative_to(folder).as_posix()
        with suppress(FileNotFoundError):
            if place_of(f"{name}/{below}") == place and path.is_file() and not path.is_symlink():
                found[below] = path.stat().st_ino
    return found


def _check_target(settings: Settings, target: Path, parts: Sequence[BackupPart]) -> None:
    refuse_object_storage(
        settings, "Back up the database and the bucket with the tools of their services; see docs/storage.md."
    )
    if target.exists():
        raise _exists(target)
    if not target.parent.is_dir():
        raise BackupError("The folder for the backup does not exist.", "Create it, or choose another location.")
    size_bytes = sizes(settings)
    included = ("results", "shares", *parts)
    needed = 2 * size_bytes["ledger"] + sum(size_bytes[name] for name in size_bytes if name in included)
    if shutil.disk_usage(target.parent).free < needed:
        raise BackupError("The disk has no room for this backup.", "Free some disk space, or choose another location.")


def _exists(target: Path) -> BackupError:
    return BackupError(f"The file {target.name} already exists.", "Choose a new name; backups are never overwritten.")


def _files_of(ledger: Path) -> list[Path]:
    """The ledger and its write-ahead log."""
    return [path for path in (ledger, ledger.with_name(f"{ledger.name}-wal")) if path.exists()]
