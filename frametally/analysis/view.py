"""What a person looks at: one model of one results file, at a threshold, under class names, in a window of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.counts import Window, entries_in
from frametally.results import Boxes, ModelTable, Results

CHUNK_ENTRIES: Final = 2048
"""So many entries are looked at together: what bounds the memory, whatever the length of the video."""

Progress = Callable[[float], None]
"""Told the share that is done, 0 to 1, now and then; may raise to stop the work."""


@dataclass(frozen=True)
class ViewedBoxes:
    """The boxes of entries [start, stop) that the view lets through, by entry."""

    start: int
    stop: int
    boxes: Boxes
    """`class_code` is the position in the view's `names`."""
    position: npt.NDArray[np.int64]
    """(b,) position of each box among all boxes of these entries, in which polygons, keypoints and gaze are kept."""

    def counts(self, classes: int) -> npt.NDArray[np.int64]:
        """(stop - start, classes) boxes per entry and class; 0 where the entry was not analyzed, too."""
        size = (self.stop - self.start, classes)
        key = (self.boxes.entry.astype(np.int64) - self.start) * classes + self.boxes.class_code
        return np.bincount(key, minlength=size[0] * size[1]).reshape(size)


@dataclass(frozen=True)
class View:
    """A filtered look at one model; everything that is counted, compared or exported comes through it."""

    results: Results
    model: str
    confidence: float = 0.0
    """Boxes with at least this confidence count, 0 to 1."""
    classes: ClassMapping = field(default_factory=ClassMapping)
    window_s: Window | None = None
    """First and last second looked at, both included; None: the whole video."""

    @property
    def table(self) -> ModelTable:
        return self.results.models[self.model]

    @property
    def names(self) -> tuple[str, ...]:
        """The classes of the view."""
        return self.classes.names(self.table.classes)

    @property
    def entries(self) -> range:
        """The entries whose time lies in the window."""
        return range(*entries_in(self.results, self.window_s))

    def in_chunks(self, progress: Progress | None = None) -> Iterator[ViewedBoxes]:
        """All boxes of the view, a bounded number of entries at a time; none for a kind that has no boxes."""
        codes = self.classes.codes(self.table.classes)
        for start, stop in chunks_of(self.entries, progress):
            yield self.chunk(start, stop, codes)

    def chunk(self, start: int, stop: int, codes: npt.NDArray[np.int32]) -> ViewedBoxes:
        """The boxes of entries [start, stop), under these codes for the classes of the model."""
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
    """(start, stop) of each chunk; `progress` hears of a chunk when the next one is asked for."""
    for start in range(entries.start, entries.stop, CHUNK_ENTRIES):
        stop = min(start + CHUNK_ENTRIES, entries.stop)
        yield start, stop
        if progress:
            progress((stop - entries.start) / len(entries))
