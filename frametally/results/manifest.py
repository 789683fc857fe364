"""`notes.json`: what an archive holds, in the words of the file that it was made from."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from frametally.results.entries import Kind

ARCHIVE_NAME: Final = "results.json.gz"
"""The results as they came."""
SHA256_NAME: Final = "results.json.sha256"
"""Of the results before they were packed, as `sha256sum` writes it."""
FRAMES_NAME: Final = "frames.parquet"
SCHEMA_VERSION: Final = 2
"""Counts up with every change of the tables; an archive of another version is made anew from the original."""
_NOTES = "notes.json"


class ModelNotes(Struct, frozen=True):
    """One model of a file."""

    name: str
    number: int
    """How the tables call it."""
    kind: Kind
    classes: list[str] = []
    """By class code, in the order in which they were met."""
    points: list[str] = []
    """Keypoints by code, likewise."""
    point_order: list[int] = []
    """The codes of the keypoints in the order of the model's own ids."""
    odd: int = 0
    """Entries that do not fit the kind; they count as not analyzed."""


class Notes(Struct, frozen=True):
    """What an archive holds besides rows."""

    models: list[ModelNotes] = []
    unread: list[str] = []
    """Keys of no kind that is known; they stay in the archived JSON."""
    failure: list[str] = []
    """Why there are no tables, and what to do next; empty where there are."""
    version: int = SCHEMA_VERSION


def write_notes(folder: Path, notes: Notes) -> None:
    """Keep the notes in the folder of an archive."""
    (folder / _NOTES).write_bytes(msgspec.json.encode(notes))


def drop_notes(folder: Path) -> None:
    """From now on the archive counts as one that is still to be read."""
    (folder / _NOTES).unlink(missing_ok=True)


def is_notes(path: Path) -> bool:
    return path.name == _NOTES


def read_notes(folder: Path) -> Notes | None:
    """The notes of an archive; None where there are none, or they are of another version, or damaged."""
    try:
        notes = msgspec.json.decode((folder / _NOTES).read_bytes(), type=Notes)
    except (msgspec.MsgspecError, FileNotFoundError):
        return None
    return notes if notes.version == SCHEMA_VERSION else None
