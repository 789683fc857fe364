"""A filtered view of one model's results: confidence threshold, class names, time range."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.class_mapping import ClassMapping
from frametally.results import Boxes, ModelTable, Results

CHUNK_ENTRIES: Final = 2048
"""Entries that are read together; bounds the memory for videos of any length."""

TimeRange = tuple[float, float]
"""First and last second after the first frame, both inclusive."""

Progress = Callable[[float], None]
"""Receives the share done, 0 to 1; may raise to stop the work."""


@dataclass(frozen=True)
class ViewedBoxes:
    """The boxes of entries [start, stop) that are in the view, ordered by entry."""

    start: int
    stop: int
    boxes: Boxes
    """`class_code` is the index in the view's `names`."""
    position: npt.NDArray[np.int64]
    """(b,) index of each box among all boxes of these entries, which is also that of its polygon, keypoints or gaze."""

    def counts(self, classes: int) -> npt.NDArray[np.int64]:
        """(stop - start, classes) boxes per entry and class; also 0 for entries that were not analyzed."""
        size = (self.stop - self.start, classes)
        key = (self.boxes.entry.astype(np.int64) - self.start) * classes + self.boxes.class_code
        return np.bincount(key, minlength=size[0] * size[1]).reshape(size)


@dataclass(frozen=True)
class View:
    """A filtered view of one model; all counts, comparisons, drawings and exports are of a view."""

    results: Results
    model: str
    confidence: float = 0.0
    """Boxes with at least this confidence are in the view, 0 to 1."""
    classes: ClassMapping = field(default_factory=ClassMapping)
    time_range_s: TimeRange | None = None
    """None: the whole video."""

    @property
    def table(self) -> ModelTable:
        return self.results.models[self.model]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Class names of the view."""
        return self.classes.names(self.table.classes)

    @cached_property
    def codes(self) -> npt.NDArray[np.int32]:
        """(len(table.classes),) index in `names` of each class of the model; -1 for classes that are not shown."""
        return self.classes.codes(self.table.classes, self.names)

    @cached_property
    def entries(self) -> range:
        """The entries in the time range."""
        time_s = self.results.time_s
        if self.time_range_s is None:
            return range(len(time_s))
        first_s, last_s = self.time_range_s
        inside = np.flatnonzero((time_s >= first_s) & (time_s <= last_s))
        return range(int(inside[0]), int(inside[-1]) + 1) if len(inside) else range(0)

    @property
    def analyzed_entries(self) -> int:
        """How many entries in the time range were analyzed."""
        before, entries = self.table.analyzed_before, self.entries
        return int(before[entries.stop] - before[entries.start])

    @property
    def key(self) -> tuple[object, ...]:
        """Cache key, equal for views that show the same; results are identified by their folder, not compared."""
        return str(self.results.folder), self.model, self.confidence, self.classes, self.time_range_s

    def in_chunks(self, progress: Progress | None = None) -> Iterator[ViewedBoxes]:
        """All boxes of the view, in chunks of `CHUNK_ENTRIES`; empty chunks for kinds of results without boxes."""
        codes = self.codes
        for start, stop in chunks_of(self.entries, progress):
            yield self.chunk(start, stop, codes)

    def chunk(self, start: int, stop: int, codes: npt.NDArray[np.int32] | None = None) -> ViewedBoxes:
        """The boxes of entries [start, stop); `codes` replaces those of the view."""
        codes = self.codes if codes is None else codes
        boxes = self.results.boxes(self.model, start, stop)
        kept = np.flatnonzero(boxes.confidence >= self.confidence)
        kept = kept[codes[boxes.class_code[kept]] >= 0]
        return ViewedBoxes(
            start=start,
            stop=stop,
            boxes=replace(picked(boxes, kept), class_code=codes[boxes.class_code[kept]]),
            position=kept,
        )


def picked(boxes: Boxes, positions: npt.NDArray[np.int64]) -> Boxes:
    """The boxes at these positions."""
    return Boxes(
        entry=boxes.entry[positions],
        class_code=boxes.class_code[positions],
        class_id=boxes.class_id[positions],
        confidence=boxes.confidence[positions],
        xyxy=boxes.xyxy[positions],
        tracker_id=None if boxes.tracker_id is None else boxes.tracker_id[positions],
    )


def chunks_of(entries: range, progress: Progress | None = None) -> Iterator[tuple[int, int]]:
    """(start, stop) of each chunk; `progress` is called for a chunk when the next one is requested."""
    for start in range(entries.start, entries.stop, CHUNK_ENTRIES):
        stop = min(start + CHUNK_ENTRIES, entries.stop)
        yield start, stop
        if progress:
            progress((stop - entries.start) / len(entries))
