"""Putting a backup back. Nothing in the file is trusted, and nothing is replaced before all of it has been checked.

    <data>/.restore/new/…     what came out of the backup, checked
                    ready     from here on the restore is finished, not undone
                    old/…     what it replaces, until it has been replaced

A crash before `ready` leaves everything as it was; one after it is finished by the next restore.
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

from frametally.backup.create import BLOCK_BYTES, FORMAT, LEDGER, MANIFEST, FileEntry, Manifest, Progress
from frametally.config.settings import Settings
from frametally.errors import BackupError
from frametally.ledger import schema
from frametally.ledger.snapshot import check_copy, copy_in, holds_rows, sqlite_path
from frametally.storage.atomic import atomic_path, fsync
from frametally.storage.locks import lock_exclusive
from frametally.storage.space import DISK_RESERVE_BYTES

FOLDER: Final = ".restore"
_MAX_MANIFEST_BYTES: Final = 256 << 20
_PLACES: Final = re.compile(
    r"ledger\.db|colors\.json|secret|engine/key"
    r"|results/[A-Za-z0-9-]{1,64}(/[^/]{1,255}){1,4}"
    r"|media/videos/[0-9a-f]{64}/[^/]{1,255}"
    r"|models/[^/]{1,255}/[^/]{1,255}(/[^/]{1,255}){1,8}"
)
_UNIT_PARTS: Final = {"media": 3, "models": 3, "engine": 2}
"""How many parts of a path are replaced as one: a video, a model; of the rest all that lies under the first part."""


def read_manifest(source: Path) -> Manifest:
    """What a backup says of itself.

    Raises:
        BackupError: it is no backup that this program can read.
        SettingsError: a newer program made it.
    """
    with _opened(source) as packed:
        return _manifest_of(packed)


def restore(settings: Settings, source: Path, *, replace: bool, on_progress: Progress = lambda _: None) -> Manifest:
    """Put the backup in place of what the data folder and the ledger hold.

    Kept videos and models that the backup does not have stay. Settings and keys of services are in no backup.

    Raises:
        BackupError: it is damaged or no backup, there is no room, or something is there and `replace` is not given.
        SettingsError: a dashboard is running, or the backup is of a newer program.
    """
    with lock_exclusive(settings.data_dir), _opened(source) as packed:
        manifest = _manifest_of(packed)
        finish_or_forget(settings)
        if not replace and _is_occupied(settings):
            raise BackupError(
                "There is something in the data folder or the ledger already.",
                "Name an empty one (FRAMETALLY_DATA_DIR), or have it replaced with --replace.",
            )
        staging = settings.data_dir / FOLDER
        _check_room(settings.data_dir, manifest)
        try:
            for name, entry in manifest.files.items():
                _unpack(packed, name, entry, staging / "new" / name, on_progress)
            (staging / "new" / "results").mkdir(exist_ok=True)
            if check_copy(staging / "new" / LEDGER) != manifest.schema:
                raise BackupError("The ledger in the backup is not the one it names.", "Use another backup.")
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        (staging / "ready").touch()
        fsync(staging)
        finish_or_forget(settings)
    return manifest


def is_half_done(data_dir: Path) -> bool:
    """Whether a restore was cut short after it had begun to replace."""
    return (data_dir / FOLDER / "ready").exists()


def finish_or_forget(settings: Settings) -> None:
    """Finish a restore that had begun to replace; remove what is left of one that had not.

    Raises:
        BackupError: the ledger cannot be put in its place; nothing was replaced.
    """
    staging = settings.data_dir / FOLDER
    if is_half_done(settings.data_dir):
        try:
            _put_ledger(settings, staging / "new" / LEDGER)
        except OSError as error:
            shutil.rmtree(staging, ignore_errors=True)
            raise BackupError(f"The ledger cannot be written: {error.strerror}.", "Check its folder.") from error
        except BackupError:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        for unit in list(_units(staging / "new")):
            _swap(unit, _place_of(settings, unit.relative_to(staging / "new")), staging / "old")
        fsync(settings.data_dir)
        (staging / "ready").unlink()
    shutil.rmtree(staging, ignore_errors=True)


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except FileNotFoundError as error:
        raise BackupError(f"There is no file {source.name}.", "Check the path.") from error
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _no_backup() from error


def _manifest_of(packed: zipfile.ZipFile) -> Manifest:
    try:
        info = packed.getinfo(MANIFEST)
        with packed.open(info) as file:
            manifest = msgspec.json.decode(file.read(min(info.file_size, _MAX_MANIFEST_BYTES)), type=Manifest)
    except (KeyError, zipfile.BadZipFile, msgspec.DecodeError, NotImplementedError, RuntimeError, OSError) as error:
        raise _no_backup() from error
    if manifest.format != FORMAT:
        raise BackupError("The backup is of a newer version.", "Restore it with that version of Frametally.")
    schema.refuse_newer(manifest.schema)
    strange = [name for name, entry in manifest.files.items() if not _is_safe(name, entry)]
    if strange or LEDGER not in manifest.files:
        raise BackupError("The backup names files that no backup has.", "Use another one; nothing was changed.")
    return manifest


def _is_safe(name: str, entry: FileEntry) -> bool:
    """Whether a name stays where a backup may write, and a video is the one that its folder names."""
    parts = name.split("/")
    if parts[-1].startswith("video.") and parts[0] == "media" and parts[2] != entry.sha256:
        return False
    plain = all(part.strip(". ") and not re.search(r"[\\\x00-\x1f]", part) for part in parts)
    return plain and _PLACES.fullmatch(name) is not None


def _unpack(packed: zipfile.ZipFile, name: str, entry: FileEntry, target: Path, on_progress: Progress) -> None:
    """Write one file, never more of it than the manifest says; a link in the zip is only its text."""
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o600 if name in (LEDGER, "secret", "engine/key") else 0o644
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
        raise BackupError(f"A file cannot be written: {error.strerror}.", "Free some space, then try again.") from error
    if (sha256, size_bytes) != (entry.sha256, entry.size_bytes):
        raise _damaged(name)


def _copy(source: BinaryIO, sink: BinaryIO, max_bytes: int, on_progress: Progress) -> tuple[str, int]:
    digest, size_bytes = hashlib.sha256(), 0
    while size_bytes <= max_bytes and (block := source.read(BLOCK_BYTES)):
        digest.update(block)
        size_bytes += len(block)
        sink.write(block)
        on_progress(len(block))
    return digest.hexdigest(), size_bytes


def _check_room(data_dir: Path, manifest: Manifest) -> None:
    if shutil.disk_usage(data_dir).free - manifest.size_bytes < DISK_RESERVE_BYTES:
        raise BackupError("The disk has no room for what is in the backup.", "Free some space there, then try again.")


def _is_occupied(settings: Settings) -> bool:
    ledger = sqlite_path(settings.database_url)
    has_ledger = ledger.exists() if ledger else holds_rows(settings.database_url)
    places = (settings.results_dir, settings.link_secret_file, settings.engine_key_file)
    return has_ledger or any(place.exists() for place in places)


def _units(staged: Path) -> Iterator[Path]:
    """What is replaced in one move each, but for the ledger."""
    for first in sorted(staged.iterdir()):
        if first.name != LEDGER:
            yield from sorted(
                first.glob("/".join("*" * (_UNIT_PARTS[first.name] - 1))) if first.name in _UNIT_PARTS else [first]
            )


def _place_of(settings: Settings, unit: Path) -> Path:
    if unit.parts[0] == "models":
        return settings.models_dir.joinpath(*unit.parts[1:])
    return settings.data_dir / unit


def _swap(new: Path, place: Path, old: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    old.mkdir(exist_ok=True)
    if place.exists() or place.is_symlink():
        shutil.move(place, old / uuid4().hex)
    shutil.move(new, place)


def _put_ledger(settings: Settings, copy: Path) -> None:
    if not copy.exists():  # it went in before the restore was cut short
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
    return BackupError(f"The backup is damaged at {name}.", "Use another one; nothing was changed.")


def _no_backup() -> BackupError:
    return BackupError("This is no backup of Frametally, or only a part of one.", "Check the file, or use another one.")
