"""What a video really shows, as labels say it: boxes, or only counts, of the frames that were labeled.

A labeled frame without boxes shows nothing; a frame without labels is unknown. Boxes are in pixels of the labeled
picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TruthBoxes:
    """Labeled boxes as parallel arrays, ordered by frame."""

    at: Ints
    """(k,) index of the frame of each box in `Truth.frames`."""
    class_code: Ints
    """(k,) index in `Truth.classes`."""
    xyxy: Floats
    """(k, 4) corners."""
    ignored: npt.NDArray[np.bool_]
    """(k,) crowds, and what the labels say not to count: neither missed if not found, nor wrong if found."""


@dataclass(frozen=True)
class Truth:
    """The labels of one video."""

    format: str
    classes: tuple[str, ...]
    """All names that the labels know; a class without boxes in a labeled frame is not there."""
    frames: Ints
    """(m,) labeled frames of the video, from 0, ascending; empty if `times_s` are given instead."""
    times_s: Floats | None
    """(m,) seconds after the first frame, ascending; None: the labels have frames."""
    counts: Floats
    """(m, c) objects of each class that are not ignored; NaN where the frame is not labeled for the class."""
    boxes: TruthBoxes | None
    """None: only counts are known."""
    image_wh: Floats
    """(m, 2) size of the labeled picture; NaN where it is not known, 1 x 1 if coordinates are shares of it."""
    notes: tuple[str, ...] = ()
    """What was read differently from what is written, or left out: a sentence each."""

    def __len__(self) -> int:
        return len(self.counts)
