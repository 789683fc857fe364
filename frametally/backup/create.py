"""A backup: one zip file with the ledger, the archived results and, where wanted, secrets, kept videos and models.

    manifest.json                   what is in it: size and sha256 of every file; written last
    ledger.db                       the ledger at one moment, as SQLite, whatever database it came from
    results/<job>/…                 what was archived for the jobs in that ledger
    secret, engine/key              what links and keys are known by (left out on request)
    media/videos/<sha256>/…         only on request
    models/<model id>/<version>/…   only on request

The ledger comes first. Results are archived before the ledger says so: every job that it calls done has them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Literal
from uuid import uuid4

import msgspec

from frametally.config.settings import Settings
from frametally.errors import BackupError
from frametally.ledger.snapshot import copy_out, job_ids, sqlite_path
from frametally.storage.atomic import atomic_path
from frametally.storage.derived import DERIVED_NAME, derived_bytes
from frametally.storage.folders import files_below, size_of

MANIFEST: Final = "manifest.json"
LEDGER: Final = "ledger.db"
FORMAT: Final = 1
BLOCK_BYTES: Final = 1 << 20
_TRIES: Final = 5

Part = Literal["secrets", "videos", "models"]
Progress = Callable[[int], object]
"""Told how many more bytes are done."""


class FileEntry(msgspec.Struct, frozen=True):
    """One file of a backup as the manifest has it."""

    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    format: int
    made_at: datetime
    schema: str
    """Revision of the ledger's schema."""
    parts: list[Part]
    files: dict[str, FileEntry]

    @property
    def size_bytes(self) -> int:
        return sum(entry.size_bytes for entry in self.files.values())


def sizes(settings: Settings) -> dict[str, int]:
    """How much there is to keep, in bytes: `ledger` (where it is a file), `results`, `videos`, `models`."""
    ledger = sqlite_path(settings.database_url)
    return {
        "ledger": sum(path.stat().st_size for path in _files_of(ledger)) if ledger else 0,
        "results": size_of(settings.results_dir) - derived_bytes(settings.results_dir),
        "videos": size_of(settings.media_dir / "videos"),
        "models": size_of(settings.models_dir),
    }


def back_up(
    settings: Settings,
    target: Path,
    *,
    parts: Sequence[Part],
    made_at: datetime,
    on_progress: Progress = lambda _: None,
) -> Manifest:
    """Write everything to `target`, which appears whole and for its owner only; a dashboard may run meanwhile.

    Raises:
        BackupError: the target exists, there is no room for it, or the ledger cannot be read.
        SettingsError: the ledger is of a newer program.
    """
    _check_target(settings, target, parts)
    ledger = target.with_name(f".{target.name}.{uuid4().hex}.db")
    try:
        os.close(os.open(ledger, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        schema = copy_out(settings.database_url, ledger)
        with atomic_path(target, replace=False, mode=0o600) as draft, zipfile.ZipFile(draft, "w") as packed:
            writer = _Writer(packed, on_progress)
            _write_all(writer, settings, ledger, parts)
            manifest = Manifest(format=FORMAT, made_at=made_at, schema=schema, parts=list(parts), files=writer.files)
            packed.writestr(MANIFEST, msgspec.json.encode(manifest))
    except FileExistsError as error:
        raise _exists(target) from error
    except OSError as error:
        what = f"The backup cannot be written: {error.strerror or type(error).__name__}."
        raise BackupError(what, "Free some space there, or name another place.") from error
    finally:
        ledger.unlink(missing_ok=True)
    return manifest


class _Writer:
    """Puts files into the zip and remembers what they were."""

    def __init__(self, packed: zipfile.ZipFile, on_progress: Progress) -> None:
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


def _write_all(writer: _Writer, settings: Settings, ledger: Path, parts: Sequence[Part]) -> None:
    with ledger.open("rb") as file:
        writer.add(LEDGER, file, compress=True)
    for job_id in sorted(job_ids(ledger)):
        _add_folder(writer, settings.results_dir / job_id, f"results/{job_id}")
    with suppress(FileNotFoundError), settings.colors_file.open("rb") as file:
        writer.add("colors.json", file)
    if "secrets" in parts:
        for path, name in ((settings.link_secret_file, "secret"), (settings.engine_key_file, "engine/key")):
            with suppress(FileNotFoundError), path.open("rb") as file:
                writer.add(name, file)
    if "videos" in parts:
        for folder in _folders_in(settings.media_dir / "videos"):
            _add_folder(writer, folder, f"media/videos/{folder.name}")
    if "models" in parts:
        for model in _folders_in(settings.models_dir):
            for version in _folders_in(model):
                _add_folder(writer, version, f"models/{model.name}/{version.name}")


def _add_folder(writer: _Writer, folder: Path, name: str) -> None:
    """All files of a folder as it is at one moment; nothing where it is gone."""
    with ExitStack() as stack:
        for path, file in _opened_together(folder, stack):
            writer.add(f"{name}/{path}", file)


def _opened_together(folder: Path, stack: ExitStack) -> list[tuple[str, BinaryIO]]:
    """Every file of the folder, open: what replaces or removes the folder from now on changes none of them."""
    for _ in range(_TRIES):
        before = _contents(folder)
        with ExitStack() as opening, suppress(FileNotFoundError):
            files: list[tuple[str, BinaryIO]] = [
                (name, opening.enter_context((folder / name).open("rb"))) for name in before
            ]
            if _contents(folder) == before:
                stack.enter_context(opening.pop_all())
                return files
    raise BackupError(f"The folder {folder.name} changes all the time.", "Try again when less is going on.")


def _contents(folder: Path) -> dict[str, int]:
    """The files below a folder, by path in it, and which file each one is."""
    found = {}
    for path in sorted(files_below(folder)):
        with suppress(FileNotFoundError):
            name = path.relative_to(folder)
            if name.parts[0] != DERIVED_NAME and path.is_file() and not path.is_symlink():
                found[name.as_posix()] = path.stat().st_ino
    return found


def _folders_in(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.is_dir() and "." not in path.name[:1])


def _check_target(settings: Settings, target: Path, parts: Sequence[Part]) -> None:
    if target.exists():
        raise _exists(target)
    if not target.parent.is_dir():
        raise BackupError("The folder for the backup does not exist.", "Make it first, or name another place.")
    there = sizes(settings)
    needed = 2 * there["ledger"] + there["results"] + sum(there[part] for part in parts if part in there)
    if shutil.disk_usage(target.parent).free < needed:
        raise BackupError("The disk has no room for this backup.", "Free some space there, or name another place.")


def _exists(target: Path) -> BackupError:
    return BackupError(f"There is a file {target.name} already.", "Name a new one: a backup replaces nothing.")


def _files_of(ledger: Path) -> list[Path]:
    """The ledger and what its log still holds."""
    return [path for path in (ledger, ledger.with_name(f"{ledger.name}-wal")) if path.exists()]
