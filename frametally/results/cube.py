"""Cumulative count cube by class, time bucket and confidence: a changed threshold is a lookup instead of a scan.

Bucket b has the entries [b · span, (b + 1) · span). The span, a power of two, doubles when all buckets are in use, so
the number of entries need not be known in advance. Thresholds are multiples of 0.01: step s includes confidences
>= s / 100, compared in float64, exactly as a scan over the boxes does.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

STEPS: Final = 101
GRID: Final = np.arange(STEPS) / 100
"""(101,) the thresholds of the cube."""
MAX_CLASSES: Final = 1024
"""A model with more classes has no cube; its boxes are scanned instead."""
_MAX_BUCKETS = 1024
_MAX_CELLS = 1 << 16
_ONE = np.uint32(1)  # of the array's type, else `add.at` is forty times slower
_NEVER = np.iinfo(np.int32).max


@dataclass(frozen=True)
class Cube:
    """Counts of one model for every threshold k / 100. Classes are in the order of its `ModelTable`."""

    span: int
    """Entries per bucket; the last bucket may have fewer."""
    counts: npt.NDArray[np.uint32]
    """(101, c, b) boxes per class and bucket with at least this confidence; memory-mapped."""
    peak: npt.NDArray[np.int64]
    """(101, c) maximum number of boxes of the class in one entry."""
    present: npt.NDArray[np.int64]
    """(101, c) entries with at least one."""
    first: npt.NDArray[np.int64]
    """(101, c) first entry with at least one; only where `present` is not 0."""
    last: npt.NDArray[np.int64]
    """(101, c) last entry with at least one; likewise."""

    def histogram(self, first: int = 0, stop: int | None = None) -> npt.NDArray[np.int64]:
        """(c, 101) boxes of the buckets [first, stop) by confidence.

        Column s counts confidences in [s / 100, (s + 1) / 100), the last one those of exactly 1.
        """
        boxes = self.counts[:, :, first:stop].sum(axis=2, dtype=np.int64)
        return np.vstack([boxes[:-1] - boxes[1:], boxes[-1:]]).T


def step_of(confidence: float) -> int | None:
    """The step of a threshold; None if it is not a multiple of 0.01."""
    step = round(confidence * 100)
    return step if 0 <= step < STEPS and step / 100 == confidence else None


class CubeBuilder:
    """Counts the boxes of one model, whole entries at a time, in ascending order of the entries."""

    def __init__(self) -> None:
        self._span_bits = 0
        self._boxes = np.zeros((8, _MAX_BUCKETS, STEPS), dtype=np.uint32)
        self._peak = np.zeros((8, STEPS), dtype=np.int32)
        self._present = np.zeros((8, STEPS), dtype=np.int32)
        self._first = np.full((8, STEPS), _NEVER, dtype=np.int32)
        self._last = np.full((8, STEPS), -1, dtype=np.int32)

    def add(
        self, entry: npt.NDArray[np.int32], class_code: npt.NDArray[np.int32], confidence: npt.NDArray[np.float64]
    ) -> None:
        """Count boxes: (b,) entry, ascending; (b,) class; (b,) confidence. NaN and negative values do not count."""
        counted = confidence >= 0
        entry, class_code = entry[counted].astype(np.int64), class_code[counted].astype(np.int64)
        step = steps_of(confidence[counted])
        if not len(entry) or int(class_code.max()) >= MAX_CLASSES:
            self._widen(int(class_code.max(initial=0)) + 1)
            return
        self._widen(int(class_code.max()) + 1)
        self._lengthen(int(entry[-1]) + 1)
        buckets = self._boxes.shape[1]
        np.add.at(self._boxes.reshape(-1), (class_code * buckets + (entry >> self._span_bits)) * STEPS + step, _ONE)
        self._add_ranks(entry, class_code, step)

    def finish(self, order: list[int], entries: int) -> Cube | None:
        """The cube with its classes in this order; None if there are more than MAX_CLASSES."""
        if len(order) > MAX_CLASSES:
            return None
        self._widen(len(order))
        self._lengthen(entries)
        boxes = self._boxes[order, : -(-entries >> self._span_bits)]
        return Cube(
            span=1 << self._span_bits,
            counts=np.ascontiguousarray(_from_top(np.cumsum, boxes, dtype=np.uint32).transpose(2, 0, 1)),
            peak=_from_top(np.maximum.accumulate, self._peak[order]).T.astype(np.int64),
            present=_from_top(np.cumsum, self._present[order], dtype=np.int64).T,
            first=_from_top(np.minimum.accumulate, self._first[order]).T.astype(np.int64),
            last=_from_top(np.maximum.accumulate, self._last[order]).T.astype(np.int64),
        )

    def _add_ranks(self, entry: npt.NDArray[Any], class_code: npt.NDArray[Any], step: npt.NDArray[Any]) -> None:
        """Update peak and presence.

        Of the boxes of an entry in descending confidence, the k-th one raises the count to k at its own step and at
        all lower ones.
        """
        key = np.sort(((entry * MAX_CLASSES + class_code) << 7) | (STEPS - 1 - step))
        group, step = key >> 7, STEPS - 1 - (key & 127)
        starts = np.flatnonzero(np.diff(group, prepend=-1))
        rank = np.arange(1, len(key) + 1) - np.repeat(starts, np.diff(starts, append=len(key)))
        cell = (group % MAX_CLASSES) * STEPS + step
        np.maximum.at(self._peak.reshape(-1), cell, rank.astype(np.int32))
        best, of_entry = cell[starts], (group[starts] // MAX_CLASSES).astype(np.int32)
        np.add.at(self._present.reshape(-1), best, np.int32(1))
        np.minimum.at(self._first.reshape(-1), best, of_entry)
        np.maximum.at(self._last.reshape(-1), best, of_entry)

    def _widen(self, classes: int) -> None:
        """Grow to this many classes; with many classes the number of buckets is halved, to bound the memory."""
        while self._boxes.shape[0] < min(classes, MAX_CLASSES):
            capacity = 2 * self._boxes.shape[0]
            while self._boxes.shape[1] * capacity > _MAX_CELLS:
                self._boxes = self._boxes[:, 0::2] + self._boxes[:, 1::2]
                self._span_bits += 1
            self._boxes = np.concatenate([self._boxes, np.zeros_like(self._boxes)])
            self._peak = np.concatenate([self._peak, np.zeros_like(self._peak)])
            self._present = np.concatenate([self._present, np.zeros_like(self._present)])
            self._first = np.concatenate([self._first, np.full_like(self._first, _NEVER)])
            self._last = np.concatenate([self._last, np.full_like(self._last, -1)])

    def _lengthen(self, entries: int) -> None:
        """Grow to this many entries: adjacent buckets are merged."""
        while entries > self._boxes.shape[1] << self._span_bits:
            half = self._boxes.shape[1] // 2
            self._boxes[:, :half] = self._boxes[:, 0::2] + self._boxes[:, 1::2]
            self._boxes[:, half:] = 0
            self._span_bits += 1


def steps_of(confidence: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The highest step whose threshold is not above each confidence, which is at least 0."""
    step = (np.minimum(confidence, 1) * 100).astype(np.int64)
    step -= confidence < GRID[step]  # the product is rounded and may be one step off
    return step + (confidence >= GRID[np.minimum(step + 1, STEPS - 1)]) * (step < STEPS - 1)


def write_cube(cube: Cube, folder: Path, model: int) -> None:
    """Write a cube; the counts go to a separate file, which can be memory-mapped."""
    np.save(folder / f"cube-{model}.npy", cube.counts)
    rest = {name: value for name, value in vars(cube).items() if name != "counts"}
    np.savez(folder / f"cube-{model}.npz", counts_crc32=np.uint32(zlib.crc32(cube.counts.data)), **rest)


def read_cube(folder: Path, model: int) -> Cube | None:
    """The cube of a model; None if it has none.

    Raises:
        OSError, ValueError: the cube is damaged.
    """
    path = folder / f"cube-{model}.npy"
    if not path.exists():
        return None
    # A plain array over the same mapping: operations on `np.memmap` cost more than the lookups themselves.
    counts = np.asarray(np.load(path, mmap_mode="r"))
    with np.load(path.with_suffix(".npz")) as file:
        rest = dict(file)
    if "counts_crc32" in rest and int(rest.pop("counts_crc32")) != zlib.crc32(counts.data):
        raise ValueError("the counts of the cube do not match their checksum")
    return Cube(counts=counts, **{**rest, "span": int(rest["span"])})


def _from_top(accumulate: Any, values: npt.NDArray[Any], **how: Any) -> npt.NDArray[Any]:
    """Accumulate along the last axis, the steps, from the highest confidence downwards."""
    return np.asarray(accumulate(values[..., ::-1], axis=-1, **how)[..., ::-1])
