"""The brief of a link on disk.

shares/<id>/brief.msgpack    everything but pictures and clips; written last, so it names files that are complete
shares/<id>/files/<name>     pictures and clips; a name contains the digest of the content
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct, structs

from frametally.reports.brief import VERSION, Brief, BriefFile
from frametally.storage.atomic import write_bytes
from frametally.storage.space import TRY_AGAIN, check_room, explain_disk_full

BRIEF_NAME: Final = "brief.msgpack"
FILES_NAME: Final = "files"
_DIGEST_DIGITS: Final = 12


class KeptBrief(Struct, frozen=True, kw_only=True):
    """A brief whose pictures and clips are files."""

    made_at: datetime
    fingerprint: str
    """Of what it was made from."""
    brief: Brief
    """Its files are empty."""
    kept_as: Mapping[str, str]
    """The name on disk and in addresses of each file, by its name in the brief."""


class Stamp(NamedTuple):
    """Changes with the brief on disk."""

    mtime_ns: int
    inode: int


def keep_brief(folder: Path, brief: Brief, *, made_at: datetime, fingerprint: str) -> None:
    """Write or replace the brief of a link. Files of the one before stay until the next one is written.

    Raises:
        DiskFull: the disk would lose its reserve.
    """
    before = read_brief(folder)
    with explain_disk_full("this brief", TRY_AGAIN):
        (folder / FILES_NAME).mkdir(parents=True, exist_ok=True)
        check_room(folder, sum(len(file.content) for file in brief.files), "this brief", TRY_AGAIN)
        kept_as = {file.name: _write_file(folder / FILES_NAME, file) for file in brief.files}
    without_content = structs.replace(brief, files=tuple(structs.replace(file, content=b"") for file in brief.files))
    kept = KeptBrief(made_at=made_at, fingerprint=fingerprint, brief=without_content, kept_as=kept_as)
    with explain_disk_full("this brief", TRY_AGAIN):
        write_bytes(folder / BRIEF_NAME, msgspec.msgpack.encode(kept))
    _remove_others(folder / FILES_NAME, {*kept_as.values(), *(before.kept_as.values() if before else ())})


def read_brief(folder: Path) -> KeptBrief | None:
    """The brief of a link; None if there is none that this version reads."""
    try:
        content = (folder / BRIEF_NAME).read_bytes()
        if msgspec.msgpack.decode(content, type=_Versioned).brief.version != VERSION:
            return None
        return msgspec.msgpack.decode(content, type=KeptBrief)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def stamp_of(folder: Path) -> Stamp | None:
    """Which brief is on disk; None without one."""
    try:
        stat = (folder / BRIEF_NAME).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Stamp(stat.st_mtime_ns, stat.st_ino)


def remove_brief(folder: Path) -> None:
    """Remove the files of a link. Idempotent."""
    (folder / BRIEF_NAME).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _write_file(folder: Path, file: BriefFile) -> str:
    kept_as = f"{hashlib.sha256(file.content).hexdigest()[:_DIGEST_DIGITS]}-{file.name}"
    if not (folder / kept_as).exists():
        write_bytes(folder / kept_as, file.content)
    return kept_as


def _remove_others(folder: Path, wanted: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink(missing_ok=True)


class _VersionedBrief(Struct):
    version: int


class _Versioned(Struct):
    brief: _VersionedBrief
