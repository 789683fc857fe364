"""Collect the labels of a file, frame by frame, and name what is left out."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from frametally.errors import EvaluationError
from frametally.evaluation.formats.limits import (
    MAX_BOXES,
    MAX_CELLS,
    MAX_CLASSES,
    MAX_FRAME_BOXES,
    MAX_FRAMES,
    MAX_NAME_CHARS,
)
from frametally.evaluation.formats.numbering import Numbering, as_numbers, frames_of
from frametally.evaluation.truth import Floats, Truth, TruthBoxes

Corners = tuple[float, float, float, float]


class TruthBuilder:
    """Collects labels with the frame numbers of the file."""

    def __init__(self, format_name: str) -> None:
        self._format = format_name
        self._classes: dict[str, int] = {}
        self._at: dict[int, int] = {}
        self._sources: list[str] = []
        self._sizes: list[tuple[float, float]] = []
        self._rows: list[tuple[int, int, bool]] = []
        self._corners: list[Corners] = []
        self._left_out: Counter[str] = Counter()
        self._notes: dict[str, None] = {}

    def class_code(self, name: str) -> int:
        """The index of a class, which is added if it is not known.

        Raises:
            EvaluationError: the name is too long, or there are too many.
        """
        if len(name) > MAX_NAME_CHARS or (name not in self._classes and len(self._classes) >= MAX_CLASSES):
            raise EvaluationError("The labels have too many classes, or a name that is too long.", "Check the file.")
        return self._classes.setdefault(name, len(self._classes))

    def frame(self, number: int, source: str, wh: tuple[float, float] = (math.nan, math.nan)) -> None:
        """A frame is labeled; `source` names it in messages, `wh` is the size of its picture.

        Raises:
            EvaluationError: it was labeled before, or there are too many.
        """
        if number in self._at:
            before = self._sources[self._at[number]]
            raise EvaluationError(
                f"{before} and {source} are both frame {number}.", "Labels of one video are needed, each frame once."
            )
        if len(self._at) >= MAX_FRAMES:
            raise EvaluationError(f"The labels have more than {MAX_FRAMES:,} frames.", "Split them.")
        self._at[number] = len(self._at)
        self._sources.append(source)
        self._sizes.append(wh)

    def box(self, number: int, class_name: str, corners: Corners, *, ignored: bool = False) -> None:
        """A box in a labeled frame; one without an area is left out.

        Raises:
            EvaluationError: there are too many.
        """
        left, top, right, bottom = corners
        code = self.class_code(class_name)
        if not (all(map(math.isfinite, corners)) and right > left and bottom > top):
            self.leave_out("boxes without an area")
            return
        if len(self._rows) >= MAX_BOXES:
            raise EvaluationError(f"The labels have more than {MAX_BOXES:,} boxes.", "Split them.")
        self._rows.append((self._at[number], code, ignored))
        self._corners.append(corners)

    def has_frame(self, number: int) -> bool:
        """Whether the frame is labeled."""
        return number in self._at

    def leave_out(self, what: str, count: int = 1) -> None:
        """Something cannot be read: `what` is a plural, as in *2 boxes without an area are left out*."""
        self._left_out[what] += count

    def note(self, sentence: str) -> None:
        """Something was read differently from what is written."""
        self._notes[sentence] = None

    def build(self, rule: int, numbering: Numbering) -> Truth:
        """The labels; `rule`: the number of the first frame in this format.

        Raises:
            EvaluationError: no frame is labeled, or a frame number is out of range.
        """
        if not self._at:
            raise EvaluationError("The labels contain no frame.", "Check the file and --format.")
        if len(self._at) * len(self._classes) > MAX_CELLS:
            raise EvaluationError("The labels have too many frames for so many classes.", "Split them.")
        frames, notes = frames_of(as_numbers(list(self._at)), rule, numbering)
        order = np.argsort(frames, kind="stable")
        boxes = self._boxes(order)
        if np.bincount(boxes.at, minlength=1).max() > MAX_FRAME_BOXES:
            raise EvaluationError(f"A frame has more than {MAX_FRAME_BOXES:,} labeled boxes.", "Check the labels.")
        return Truth(
            format=self._format,
            classes=tuple(self._classes),
            frames=frames[order],
            times_s=None,
            counts=_counts(boxes, len(frames), len(self._classes)),
            boxes=boxes,
            image_wh=np.array(self._sizes, dtype=np.float64).reshape(-1, 2)[order],
            notes=(*self._notes, *notes, *self._exclusions(boxes)),
        )

    def _boxes(self, order: np.typing.NDArray[np.int64]) -> TruthBoxes:
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        at, codes, ignored = np.array(self._rows, dtype=np.int64).reshape(-1, 3).T
        corners = np.array(self._corners, dtype=np.float64).reshape(-1, 4)
        by_frame = np.argsort(rank[at], kind="stable")
        return TruthBoxes(
            at=rank[at][by_frame],
            class_code=codes[by_frame],
            xyxy=corners[by_frame],
            ignored=ignored[by_frame].astype(np.bool_),
        )

    def _exclusions(self, boxes: TruthBoxes) -> list[str]:
        notes = [f"Left out of the labels: {count:,} {what}." for what, count in self._left_out.items()]
        if number := int(boxes.ignored.sum()):
            notes.append(f"Crowds and ignored boxes, which are not counted: {number:,}.")
        return notes


def _counts(boxes: TruthBoxes, frames: int, classes: int) -> Floats:
    counted = ~boxes.ignored
    key = boxes.at[counted] * classes + boxes.class_code[counted]
    return np.bincount(key, minlength=frames * classes).reshape(frames, classes).astype(np.float64)
