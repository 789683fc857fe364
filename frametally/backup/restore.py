"""Restore a backup. Its content is untrusted, and nothing is replaced before all of it has been checked.

    <data>/.restore/new/…     the unpacked backup
                    ready     from here on, the restore is completed rather than undone
                    old/…     replaced data, until the restore is complete

A crash before `ready` leaves the data unchanged; after it, the next restore completes this one.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
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
from frametally.config.layout import LAYOUT, locate, place_of
from frametally.config.settings import Settings
from frametally.errors import BackupError
from frametally.ledger import schema
from frametally.ledger.snapshot import check_copy, copy_in, ledger_exists, sqlite_path
from frametally.storage.atomic import atomic_path, fsync
from frametally.storage.cache import MARKS
from frametally.storage.locks import lock_exclusive
from frametally.storage.space import DISK_RESERVE_BYTES, TRY_AGAIN

STAGING_FOLDER: Final = ".restore"
_MAX_MANIFEST_BYTES: Final = 256 << 20
_IN_BACKUPS: Final = tuple(place for place in LAYOUT if place.backup not in ("never", "snapshot"))


def read_backup_manifest(source: Path) -> BackupManifest:
    """The manifest of a backup.

    Raises:
        BackupError: the file is not a readable backup.
        SettingsError: it was made by a newer version.
    """
    with _opened(source) as packed:
        return _manifest_of(packed)


def restore(
    settings: Settings, source: Path, *, replace: bool, on_progress: OnBytes = lambda _: None
) -> BackupManifest:
    """Replace the content of the data folder and the ledger with the backup.

    Videos and models that are not in the backup are kept. Backups contain no settings and no API keys of services.

    Raises:
        BackupError: it is damaged or not a backup, there is no room, or data exists and `replace` is False.
        SettingsError: a dashboard is running, or the backup was made by a newer version.
    """
    refuse_object_storage(
        settings,
        "Restore without FRAMETALLY_STORAGE_URL: the next start with it puts videos and results into the bucket.",
    )
    with lock_exclusive(settings.data_dir), _opened(source) as packed:
        manifest = _manifest_of(packed)
        complete_or_discard(settings)
        if not replace and _is_occupied(settings):
            raise BackupError(
                "The data folder or the ledger is not empty.",
                "Choose another folder with FRAMETALLY_DATA_DIR, or replace the data with --replace.",
            )
        shutil.rmtree(settings.data_dir / MARKS, ignore_errors=True)  # what is restored is in no object storage
        staging = settings.data_dir / STAGING_FOLDER
        _check_room(settings.data_dir, manifest)
        try:
            for name, entry in manifest.files.items():
                _unpack(packed, name, entry, staging / "new" / name, on_progress)
            for name in ("results", "shares"):
                (staging / "new" / name).mkdir(exist_ok=True)
            if check_copy(staging / "new" / LEDGER) != manifest.schema:
                raise BackupError("The ledger in the backup does not match its manifest.", "Use another backup.")
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        (staging / "ready").touch()
        fsync(staging)
        complete_or_discard(settings)
    return manifest


def is_incomplete(data_dir: Path) -> bool:
    """Whether a restore was interrupted after it had begun to replace data."""
    return (data_dir / STAGING_FOLDER / "ready").exists()


def complete_or_discard(settings: Settings) -> None:
    """Complete a restore that had begun to replace data; clean up one that had not.

    Raises:
        BackupError: the ledger cannot be replaced; nothing was changed.
    """
    staging = settings.data_dir / STAGING_FOLDER
    if is_incomplete(settings.data_dir):
        try:
            _put_ledger(settings, staging / "new" / LEDGER)
        except OSError as error:
            shutil.rmtree(staging, ignore_errors=True)
            raise BackupError(f"The ledger cannot be written: {error.strerror}.", "Check its permissions.") from error
        except BackupError:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        for unit in list(_units(staging / "new")):
            _swap(unit, locate(settings, unit.relative_to(staging / "new").as_posix()), staging / "old")
        fsync(settings.data_dir)
        (staging / "ready").unlink()
    shutil.rmtree(staging, ignore_errors=True)


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except FileNotFoundError as error:
        raise BackupError(f"File not found: {source.name}.", "Check the path.") from error
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _no_backup() from error


def _manifest_of(packed: zipfile.ZipFile) -> BackupManifest:
    try:
        info = packed.getinfo(MANIFEST)
        with packed.open(info) as file:
            manifest = msgspec.json.decode(file.read(min(info.file_size, _MAX_MANIFEST_BYTES)), type=BackupManifest)
    except (KeyError, zipfile.BadZipFile, msgspec.DecodeError, NotImplementedError, RuntimeError, OSError) as error:
        raise _no_backup() from error
    if manifest.format != FORMAT:
        raise BackupError("The backup was made by a newer version.", "Restore it with that version of Frametally.")
    schema.refuse_newer(manifest.schema)
    unsafe = [name for name, entry in manifest.files.items() if not _is_safe(name, entry)]
    if unsafe or LEDGER not in manifest.files:
        raise BackupError("The backup has unexpected contents.", "Use another backup; nothing was changed.")
    return manifest


def _is_safe(name: str, entry: FileEntry) -> bool:
    """Whether a file belongs to a place that backups contain; a video must also have the sha256 in its path."""
    if name == LEDGER:
        return True
    parts = name.split("/")
    if not all(part.strip(". ") and not re.search(r"[\\\x00-\x1f]", part) for part in parts):
        return False
    if place_of(name) not in _IN_BACKUPS:
        return False
    is_video = parts[0] == "media" and re.fullmatch(r"video\.\w+", parts[-1])
    return not is_video or parts[2] == entry.sha256


def _unpack(packed: zipfile.ZipFile, name: str, entry: FileEntry, target: Path, on_progress: OnBytes) -> None:
    """Write one file, at most as long as the manifest states; a symbolic link in the zip becomes a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    place = place_of(name)
    mode = 0o600 if place is None or place.is_private else 0o644
    try:
        with (
            packed.open(name) as source,
            os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as sink,
        ):
            sha256, size_bytes = _copy(source, sink, entry.size_bytes, on_progress)  # type: ignore[arg-type]
            sink.flush()
            os.fsync(sink.fileno())
    except (KeyError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(name) from error
    except OSError as error:
        raise BackupError(f"A file cannot be written: {error.strerror}.", TRY_AGAIN) from error
    if (sha256, size_bytes) != (entry.sha256, entry.size_bytes):
        raise _damaged(name)


def _copy(source: BinaryIO, sink: BinaryIO, max_bytes: int, on_progress: OnBytes) -> tuple[str, int]:
    digest, size_bytes = hashlib.sha256(), 0
    while size_bytes <= max_bytes and (block := source.read(BLOCK_BYTES)):
        digest.update(block)
        size_bytes += len(block)
        sink.write(block)
        on_progress(len(block))
    return digest.hexdigest(), size_bytes


def _check_room(data_dir: Path, manifest: BackupManifest) -> None:
    if shutil.disk_usage(data_dir).free - manifest.size_bytes < DISK_RESERVE_BYTES:
        raise BackupError("The disk has no room for the content of the backup.", TRY_AGAIN)


def _is_occupied(settings: Settings) -> bool:
    ledger = sqlite_path(settings.database_url)
    has_ledger = ledger.exists() if ledger else ledger_exists(settings.database_url)
    paths = (settings.results_dir, settings.link_secret_file, settings.engine_key_file)
    return has_ledger or any(path.exists() for path in paths)


def _units(staged: Path) -> Iterator[Path]:
    """The files and folders that are each replaced by one move; all but the ledger."""
    for place in _IN_BACKUPS:
        yield from sorted(staged.glob(place.replaced))


def _swap(new: Path, target: Path, old: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    old.mkdir(exist_ok=True)
    if target.exists() or target.is_symlink():
        shutil.move(target, old / uuid4().hex)
    shutil.move(new, target)


def _put_ledger(settings: Settings, copy: Path) -> None:
    if not copy.exists():  # replaced before the restore was interrupted
        return
    path = sqlite_path(settings.database_url)
    if path is None:
        copy_in(copy, settings.database_url)
        copy.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path, mode=0o600) as draft:
        shutil.copyfile(copy, draft)
        for ending in ("-wal", "-shm"):  # before the file itself: SQLite would replay them into the restored ledger
            path.with_name(path.name + ending).unlink(missing_ok=True)
    copy.unlink()


def _damaged(name: str) -> BackupError:
    return BackupError(f"The backup is damaged at {name}.", "Use another backup; nothing was changed.")


def _no_backup() -> BackupError:
    return BackupError("This file is not a complete backup of Frametally.", "Check the file, or use another backup.")
