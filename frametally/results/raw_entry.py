"""One entry exactly as the original JSON has it, by key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Raw

from frametally.results.entry_index import EntryIndex, read_entry_index
from frametally.results.json_stream import Document
from frametally.results.original import open_original
from frametally.results.reading.limits import MAX_SHOWN_BYTES

_WINDOW_BYTES = 1 << 14
_RAW_LIST = msgspec.json.Decoder(list[Raw])


def read_raw_entry(folder: Path, entry: int) -> dict[str, Any]:
    """Item `entry` of each list in the archived original that is long enough.

    Raises:
        OSError, EOFError, zlib.error: the original is missing or damaged.
        ResultsError: it is not a JSON object.
    """
    index = read_entry_index(folder)
    with open_original(folder) as file:
        raw = _scan(file, entry) if index is None else _seek(file, index, entry)
    return {key: _parsed(value) for key, value in raw.items()}


def _parsed(raw: bytes) -> Any:
    """The value; as text if it is long, which is cut, or not valid JSON, as entries of a file that was read may be."""
    text = raw[:MAX_SHOWN_BYTES].decode(errors="replace")
    if len(raw) > MAX_SHOWN_BYTES:
        return f"{text}…"
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _seek(file: BinaryIO, index: EntryIndex, entry: int) -> dict[str, bytes]:
    found = {}
    for key, checkpoints in index.lists.items():
        first, offset_bytes = checkpoints.before(entry)
        raw = _find(Document.inside_array(file, offset_bytes, _WINDOW_BYTES), first, entry)
        if raw is not None:
            found[key] = raw
    return found


def _scan(file: BinaryIO, entry: int) -> dict[str, bytes]:
    """Read the whole file; of a key that occurs twice, the last value counts."""
    document, found = Document(file), {}
    for key in document.keys():  # noqa: SIM118
        raw = None
        if document.at_array():
            document.enter_array()
            raw = _find(document, 0, entry, to_end=True)
        else:
            document.value()
        found[key] = raw
    return {key: raw for key, raw in found.items() if raw is not None}


def _find(document: Document, first: int, entry: int, *, to_end: bool = False) -> bytes | None:
    """The entry in an array that is read from its entry `first` on; None if the array is shorter."""
    found = None
    for batch in document.batches(_RAW_LIST.decode, Raw):
        if first <= entry < first + len(batch):
            found = bytes(batch[entry - first])
            if not to_end:
                break
        first += len(batch)
    return found
