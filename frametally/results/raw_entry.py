"""One entry as the archived JSON has it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
from msgspec import Raw

from frametally.results.json_stream import Document

_RAW = msgspec.json.Decoder(list[Raw])


def read_raw_entry(archive_path: Path, entry: int) -> dict[str, Any]:
    """What each list of a gzipped results file says at this place.

    Raises:
        OSError, EOFError, zlib.error: the archive is damaged.
        ResultsError: it holds no JSON object.
    """
    with gzip.open(archive_path) as packed:
        document = Document(cast("BinaryIO", packed))
        found = {}
        for key in document.keys():  # noqa: SIM118
            raw = _at(document, entry)
            if raw is not None:
                found[key] = json.loads(raw)
    return found


def _at(document: Document, entry: int) -> bytes | None:
    """Take the value to read; returns what it holds at this place, where it is a list."""
    if not document.at_array():
        document.value()
        return None
    found, passed = None, 0
    document.enter_array()
    for batch in document.batches(_RAW.decode, Raw):
        if passed <= entry < passed + len(batch):
            found = bytes(batch[entry - passed])
        passed += len(batch)
    return found
