"""Where the entries of each list begin in the original JSON, so that one entry can be read without the others.

An entry is found by its checkpoint: a known entry at most a few megabytes before it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

INDEX_NAME: Final = "entries.index.json"
_SPACING_BYTES = 1 << 19
_NUMBER_SPACING_BYTES = 1 << 12
"""Lists of numbers are read one number at a time, which is slower per byte."""
_NESTED = re.compile(rb'["{\[]')


class Checkpoints(Struct):
    """Some entries of one list, in ascending order, the first one included."""

    entries: list[int] = []
    """Numbers of the entries."""
    offsets_bytes: list[int] = []
    """Where in the uncompressed JSON each of them begins."""

    def add(self, entry: int, offset_bytes: int) -> None:
        self.entries.append(entry)
        self.offsets_bytes.append(offset_bytes)

    def add_if_distant(self, entry: int, offset_bytes: int) -> None:
        """Add an entry, unless the previous checkpoint is close."""
        if not self.entries or offset_bytes - self.offsets_bytes[-1] >= _SPACING_BYTES:
            self.add(entry, offset_bytes)

    def before(self, entry: int) -> tuple[int, int]:
        """Number and offset of the last checkpoint that is not after the entry."""
        place = bisect_right(self.entries, entry) - 1
        return self.entries[place], self.offsets_bytes[place]


class EntryIndex(Struct):
    """Checkpoints by the key of each list that has entries."""

    lists: dict[str, Checkpoints] = {}


def index_numbers(raw: bytes, offset_bytes: int) -> Checkpoints:
    """Checkpoints of a list of numbers, given as the JSON that begins at this offset."""
    checkpoints = Checkpoints()
    checkpoints.add(0, offset_bytes + 1)
    if _NESTED.search(raw, 1):  # a comma need not separate two entries
        return checkpoints
    entry, position = 0, 1
    while (comma := raw.find(b",", position + _NUMBER_SPACING_BYTES)) >= 0:
        entry += raw.count(b",", position, comma + 1)
        position = comma + 1
        checkpoints.add(entry, offset_bytes + position)
    return checkpoints


def write_entry_index(folder: Path, index: EntryIndex) -> None:
    (folder / INDEX_NAME).write_bytes(msgspec.json.encode(index))


def read_entry_index(folder: Path) -> EntryIndex | None:
    """The index of an archive; None if it is damaged, or missing as in archives of earlier versions."""
    try:
        return msgspec.json.decode((folder / INDEX_NAME).read_bytes(), type=EntryIndex)
    except (msgspec.MsgspecError, UnicodeDecodeError, FileNotFoundError):
        return None
