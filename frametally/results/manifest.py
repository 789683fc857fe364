"""The manifest of an archive: its version, and what it holds besides rows, with names as in the results JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, field

from frametally.results.entries import Kind

FRAMES_NAME: Final = "frames.parquet"
SCHEMA_VERSION: Final = 2
"""Incremented with every change of the tables; an archive of another version is rebuilt from the original."""
_MANIFEST_NAME = "notes.json"
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


class Manifest(Struct, frozen=True):
    """What an archive holds besides rows."""

    models: list[ModelManifest] = []
    unknown_keys: list[str] = field(name="unread", default=[])
    """Keys whose values are of no known kind; they remain in the original JSON only."""
    failure: list[str] = []
    """Why there are no tables, and what to do next; empty if there are tables."""
    version: int = SCHEMA_VERSION


def write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / _MANIFEST_NAME).write_bytes(msgspec.json.encode(manifest))


def delete_manifest(folder: Path) -> None:
    """Mark an archive as incomplete."""
    (folder / _MANIFEST_NAME).unlink(missing_ok=True)


def is_manifest(path: Path) -> bool:
    return path.name == _MANIFEST_NAME


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of an archive; None if it is missing, damaged or of another version."""
    try:
        manifest = msgspec.json.decode((folder / _MANIFEST_NAME).read_bytes(), type=Manifest)
    except (msgspec.MsgspecError, FileNotFoundError):
        return None
    return manifest if manifest.version == SCHEMA_VERSION else None
