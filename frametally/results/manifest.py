"""The manifest of an archive: its version, and what it holds besides rows, with names as in the results JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, field, structs

from frametally.results.entries import Kind
from frametally.results.spellings.notes import Note
from frametally.storage.cached_files import fetched

FRAMES_NAME: Final = "frames.parquet"
ORIGINAL_ENTRY: Final = "original_entry"
"""Column of the frames: number of each entry in the original; missing if the entries are in the order of the file."""
SCHEMA_VERSION: Final = 3
"""Incremented with every change of the tables; an archive of another version is rebuilt from the original."""
READABLE_VERSION: Final = 2
"""Tables of this version can still be read, for archives whose original is missing or damaged."""
MANIFEST_NAME: Final = "notes.json"
"""The file and its keys keep the names they have had since version 1, so that existing archives open."""


class ModelManifest(Struct, frozen=True):
    """One model of a results file."""

    name: str
    number: int
    """Identifies the model in the tables."""
    kind: Kind
    classes: list[str] = []
    """By class code, in order of first occurrence."""
    keypoints: list[str] = field(name="points", default=[])
    """Keypoint names by code, likewise."""
    keypoint_order: list[int] = field(name="point_order", default=[])
    """Codes of the keypoints in the order of the model's own ids."""
    mismatched: int = field(name="odd", default=0)
    """Number of entries that do not fit the kind; they count as not analyzed."""


class _Received(Struct):
    index_version: int = 1


class Manifest(Struct, frozen=True):
    """What an archive holds besides rows."""

    models: list[ModelManifest] = []
    unknown_keys: list[str] = field(name="unread", default=[])
    """Keys whose values are of no known kind; they remain in the original JSON only."""
    notes: list[Note] = []
    """What was read differently from what is written, or left out."""
    files: dict[str, int] = {}
    """Size in bytes of each table and cube, by file name."""
    damaged_frames: list[int] = []
    """Frames that the service did not analyze because they are damaged, if it reports them."""
    index_version: int = 1
    """`INDEX_VERSION` when the results were received: what the frame numbers in them refer to."""
    failure: list[str] = []
    """Why there are no tables, and what to do next; empty if there are tables."""
    version: int = SCHEMA_VERSION


def write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / MANIFEST_NAME).write_bytes(msgspec.json.encode(manifest))


def table_sizes(folder: Path) -> dict[str, int]:
    """Size in bytes of each table and cube in a folder."""
    return {path.name: path.stat().st_size for path in _tables(folder)}


def delete_tables(folder: Path) -> None:
    for path in _tables(folder):
        path.unlink()


def has_all_tables(folder: Path, manifest: Manifest) -> bool:
    """Whether each table and cube of the manifest is there in its size."""
    sizes = table_sizes(folder)
    return all(sizes.get(name) == size_bytes for name, size_bytes in manifest.files.items())


def received_index_version(folder: Path) -> int:
    """`index_version` of an archive of any version; that of the first ones if it is not recorded."""
    try:
        return msgspec.json.decode((folder / MANIFEST_NAME).read_bytes(), type=_Received).index_version
    except (msgspec.MsgspecError, OSError):
        return 1


def record_index_version(folder: Path, index_version: int) -> None:
    """Complete the manifest of a new archive."""
    manifest = msgspec.json.decode((folder / MANIFEST_NAME).read_bytes(), type=Manifest)
    write_manifest(folder, structs.replace(manifest, index_version=index_version))


def delete_manifest(folder: Path) -> None:
    """Mark an archive as incomplete."""
    (folder / MANIFEST_NAME).unlink(missing_ok=True)


def is_manifest(path: Path) -> bool:
    return path.name == MANIFEST_NAME


def manifest_time_ns(folder: Path) -> int:
    """When the manifest was written, which identifies the tables; 0 if there is none."""
    path = fetched(folder / MANIFEST_NAME, is_optional=True)
    return path.stat().st_mtime_ns if path.exists() else 0


def read_manifest(folder: Path, version: int = SCHEMA_VERSION) -> Manifest | None:
    """The manifest of an archive; None if it is missing, damaged or of another version."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST_NAME).read_bytes(), type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, FileNotFoundError):
        return None
    return manifest if manifest.version == version else None


def _tables(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.suffix in (".parquet", ".npy", ".npz"))
