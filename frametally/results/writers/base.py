"""What all writers share: their interface, where they write to, and the columns of every entry."""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from frametally.results.entries import MISMATCHED, Kind, Size
from frametally.results.reading.limits import MAX_NAMES, check_count, check_name
from frametally.results.spellings.confidences import ConfidenceRange
from frametally.results.spellings.notes import Notes
from frametally.results.tables import TableWriter, column

Batch = list[Any]
"""Entries in the order of the file: a struct of the model's kind, None for `null`, or MISMATCHED."""
_NO_SIZE: Final = (np.nan, np.nan)


@dataclass(frozen=True)
class Target:
    """Where the entries of one model go."""

    tables: TableWriter
    model: int
    """Its number in the tables."""
    notes: Notes
    is_percent: bool = False
    """Whether its confidences are 0 to 100."""


class FrameColumns:
    """Columns for every entry of a model, whatever its kind: whether it was analyzed, and the size of its image."""

    def __init__(self) -> None:
        self._analyzed = bytearray()
        self._wh_px = array("f")
        self.mismatched = 0

    def __len__(self) -> int:
        return len(self._analyzed)

    def add(self, batch: Batch) -> None:
        self._analyzed.extend([entry is not None and entry is not MISMATCHED for entry in batch])
        self.mismatched += batch.count(MISMATCHED)
        self._wh_px.extend(chain.from_iterable(map(_size, batch)))

    @property
    def analyzed(self) -> npt.NDArray[np.bool_]:
        """(n,) whether each entry was analyzed."""
        return np.frombuffer(self._analyzed, dtype=np.bool_)

    def columns(self, model: int) -> dict[str, pa.Array]:
        """(n,) columns of `frames.parquet`; their names end with the number of the model."""
        wh = np.frombuffer(self._wh_px, dtype=np.float32).reshape(-1, 2)
        analyzed = column(self.analyzed)
        size = {f"width_px_{model}": column(wh[:, 0]), f"height_px_{model}": column(wh[:, 1])}
        return {f"analysed_{model}": analyzed, **size}  # the name on disk since the first version


class NameCodes(dict[str, int]):
    """Assigns a code to each name, in order of first occurrence."""

    def __missing__(self, name: str) -> int:
        """Raises ResultsError for a name that is too long, or one too many."""
        check_name(name, "A class name")
        check_count(len(self) + 1, MAX_NAMES, "class names of one model")
        self[name] = len(self)
        return self[name]

    def codes_by_name(self) -> list[int]:
        """The codes in the order of the sorted names."""
        return [self[name] for name in sorted(self)]


class EntryWriter(Protocol):
    """Writes the entries of one model to the tables."""

    kind: Kind
    """Final once all entries have been added: polygons and keypoints may appear late."""
    classes: NameCodes
    confidences: ConfidenceRange

    def add(self, first: int, batch: Batch) -> None:
        """Write a batch whose first entry has this number; replaces an entry that cannot be read by MISMATCHED."""


def _size(entry: Any) -> tuple[float, float]:
    if entry is None or entry is MISMATCHED:
        return _NO_SIZE
    image: Size | list[Size] | None = entry.image
    size = (image[0] if image else None) if isinstance(image, list) else image
    if size is None or size.width is None or size.height is None:
        return _NO_SIZE
    return size.width, size.height


def floats(values: list[float]) -> npt.NDArray[np.float64]:
    """(n,) as `np.fromiter` returns them, in half its time.

    Raises:
        struct.error: one is not a number.
    """
    return np.frombuffer(struct.pack(f"{len(values)}d", *values))


def float32(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """In single precision; values out of range become infinite."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def key_columns(model: int, entry: npt.NDArray[np.int32]) -> list[pa.Array]:
    """The first columns of each table: the number of the model, and (n,) entries."""
    return [column(np.full(len(entry), model, dtype=np.int32)), column(entry)]
