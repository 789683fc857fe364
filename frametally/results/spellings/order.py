"""Results whose entries are not in the order of the video, as of services that run parts of it at the same time.

The entries are sorted by time and copied to another file, which is then read like any other, so that all numbers are
those of a file that was sorted in the first place. Of a frame that occurs more than once at the same time, one entry
is kept: the first one that most models analyzed.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Raw

from frametally.results.json_stream import UNREADABLE, Document
from frametally.results.spellings.notes import Note

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
OFFSET_KEYS: Final = ("frame_offset", "time_offset", "frame_offsets", "time_offsets")


@dataclass(frozen=True)
class EntryOrder:
    """Which entries of the file are kept, in which order."""

    kept: Ints
    """(m,) numbers of the entries in the file."""
    notes: list[Note]


def entry_order(frame_index: Floats, time_s: Floats, analyzed: Ints) -> EntryOrder | None:
    """How to order the entries; None if they are in order and no frame occurs twice.

    Args:
        frame_index: (n,) frame of each entry.
        time_s: (n,) time of each entry.
        analyzed: (n,) number of models that analyzed it.
    """
    order = np.lexsort((np.arange(len(time_s)), -analyzed, frame_index, time_s))
    same = (np.diff(time_s[order]) == 0) & (np.diff(frame_index[order]) == 0)
    later, frames = np.diff(time_s), np.diff(frame_index)
    back = np.flatnonzero((later < 0) | ((later == 0) & (frames < 0)))
    if not len(back) and not same.any():
        return None
    kept = order[np.concatenate([[True], ~same])]
    notes = [_moved("time_offset" if later[back[0]] else "frame_offset", int(back[0]) + 1)] if len(back) else []
    if same.any():
        notes.append(_repeated(frame_index[order][1:][same]))
    return EntryOrder(kept, notes)


def contradictions(frame_index: Floats) -> list[Note]:
    """A note if the frames, sorted by time, do not ascend."""
    back = np.flatnonzero(np.diff(frame_index) < 0)
    if not len(back):
        return []
    return [Note("", "frame_offset", "contradicts time_offset: a later frame is earlier", len(back), int(back[0]) + 1)]


def write_in_order(source: Path, target: Path, order: EntryOrder, entries: int) -> None:
    """Copy results; lists with one item for each of the `entries` get this order.

    Raises:
        ResultsError: the source is not a JSON object.
    """
    with source.open("rb", buffering=0) as file, source.open("rb") as again, target.open("wb") as copy:
        document, comma = Document(file), b"{"
        for key in document.keys():  # noqa: SIM118
            copy.write(comma + msgspec.json.encode(key) + b":")
            comma = b","
            if key in OFFSET_KEYS:
                copy.write(_ordered_numbers(document.value(), order.kept, entries))
            elif document.at_array():
                spans = _entry_spans(document)
                _copy_items(again, copy, spans[order.kept] if len(spans) == entries else spans)
            else:
                copy.write(document.value())
        copy.write(b"}" if comma == b"," else b"{}")


def _ordered_numbers(raw: bytes, kept: Ints, entries: int) -> bytes:
    try:
        numbers = msgspec.json.decode(raw, type=list[Raw])
    except UNREADABLE:
        return raw
    return msgspec.json.encode([numbers[at] for at in kept.tolist()]) if len(numbers) == entries else raw


def _entry_spans(document: Document) -> Ints:
    """(n, 2) offset and length in bytes of each item of the array that comes next."""
    document.enter_array()
    spans = array("q")
    offset = document.offset
    while (raw := document.entry()) is not None:
        spans.extend((offset, len(raw)))
        offset = document.offset
    return np.frombuffer(spans, dtype=np.int64).reshape(-1, 2)


def _copy_items(source: BinaryIO, target: BinaryIO, spans: Ints) -> None:
    target.write(b"[")
    for number, (offset, length) in enumerate(spans.tolist()):
        source.seek(offset)
        target.write((b"," if number else b"") + source.read(length))
    target.write(b"]")


def _moved(field: str, entry: int) -> Note:
    return Note("", field, f"did not ascend, first at item {entry} of the file; it was sorted")


def _repeated(frames: Floats) -> Note:
    where = f"had {len(frames):,} repeated frames, first frame {int(frames[0])}"
    return Note("", "frame_offset", f"{where}; the first analyzed entry of each is kept")
