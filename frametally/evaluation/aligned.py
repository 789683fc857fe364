"""The boxes of a model and those of the labels in the paired frames, with the same classes and coordinates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View, chunks_of, picked
from frametally.errors import EvaluationError
from frametally.evaluation.pairing import Pairing
from frametally.evaluation.truth import Floats, Ints, Truth, TruthBoxes
from frametally.evaluation.upright import Picture, turned_upright
from frametally.results import Boxes

_SAME_SHAPE: Final = 0.02
"""Of the ratio of width to height: sizes are rounded to whole pixels."""


@dataclass(frozen=True)
class Aligned:
    """What was found and what is there; frames are numbered from 0 in the order of the pairing."""

    classes: tuple[str, ...]
    """Those of the labels, then the other ones of the model."""
    labeled_classes: int
    """How many of them the labels know: only these are evaluated."""
    frame_index: Ints
    """(p,) of the video."""
    time_s: Floats
    """(p,) seconds after the first frame."""
    counts: Floats
    """(p, labeled_classes) objects by the labels; NaN where they do not say."""
    found: Boxes
    """Of the model, whatever their confidence; `entry` is the number of the frame."""
    has_boxes: bool
    """Whether the labels have boxes, and not only counts."""
    truth: Boxes
    """Of the labels, in pixels as the model has them."""
    ignored: npt.NDArray[np.bool_]
    """(len(truth),) neither missed if not found, nor wrong if found."""
    notes: tuple[str, ...]


def align(view: View, truth: Truth, pairing: Pairing, picture: Picture | None = None) -> Aligned:
    """Bring both sides of the paired frames together; with a picture of the video, upright.

    Raises:
        EvaluationError: the labels are of a picture with another shape, or their scale is not known.
    """
    classes = (*truth.classes, *(name for name in view.names if name not in truth.classes))
    found, invalid = _found(view, classes, pairing)
    found, seen = turned_upright(found, view.table.image_wh[pairing.entry].astype(np.float64), picture)
    boxes, ignored, notes = _empty(), np.empty(0, dtype=np.bool_), list[str]()
    if truth.boxes is not None:
        scale, notes = _scale(seen, truth.image_wh[pairing.at])
        boxes, ignored = _labeled(truth.boxes, pairing, len(truth), scale)
    if invalid:
        notes.append(f"Boxes of the model that have a number that is not finite are left out: {invalid:,}.")
    return Aligned(
        classes=classes,
        labeled_classes=len(truth.classes),
        frame_index=view.results.frame_index[pairing.entry],
        time_s=view.results.time_s[pairing.entry],
        counts=truth.counts[pairing.at],
        found=found,
        has_boxes=truth.boxes is not None,
        truth=boxes,
        ignored=ignored,
        notes=tuple(notes),
    )


def _found(view: View, classes: tuple[str, ...], pairing: Pairing) -> tuple[Boxes, int]:
    """All boxes of the model in the paired frames, and how many are left out."""
    number = np.full(len(view.results.time_s), -1, dtype=np.int32)
    number[pairing.entry] = np.arange(len(pairing))
    codes = view.classes.codes(view.table.classes, classes)
    pieces = [_empty()]
    invalid = 0
    for start, stop in chunks_of(view.entries):
        first, last = np.searchsorted(pairing.entry, (start, stop))
        if first == last:
            continue
        boxes = view.results.boxes(view.model, start, stop)
        here = (number[boxes.entry] >= 0) & (codes[boxes.class_code] >= 0)
        kept = picked(boxes, np.flatnonzero(here & boxes.is_finite))
        invalid += int((here & ~boxes.is_finite).sum())
        pieces.append(replace(kept, entry=number[kept.entry], class_code=codes[kept.class_code], tracker_id=None))
    return _joined(pieces), invalid


def _labeled(boxes: TruthBoxes, pairing: Pairing, frames: int, scale: Floats) -> tuple[Boxes, npt.NDArray[np.bool_]]:
    number = np.full(frames, -1, dtype=np.int32)
    number[pairing.at] = np.arange(len(pairing))
    entry = number[boxes.at]
    kept = np.flatnonzero(entry >= 0)
    kept = kept[np.argsort(entry[kept], kind="stable")]
    factors = scale[entry[kept]]
    labeled = Boxes(
        entry=entry[kept],
        class_code=boxes.class_code[kept].astype(np.int32),
        class_id=np.full(len(kept), -1, dtype=np.int32),
        confidence=np.ones(len(kept)),
        xyxy=(boxes.xyxy[kept] * np.hstack([factors, factors])).astype(np.float32),
        tracker_id=None,
    )
    return labeled, boxes.ignored[kept]


def _scale(seen: Floats, labeled: Floats) -> tuple[Floats, list[str]]:
    """(p, 2) factors from the labeled picture to the one that the model saw; 1 where a size is not known."""
    if (labeled == 1).all():
        if not (seen > 0).all():
            raise EvaluationError("The results do not say how large the picture is.", "Name the video with --video.")
        return seen, []
    is_known = np.asarray((seen > 0).all(axis=1) & (labeled > 0).all(axis=1))
    scale = np.ones_like(seen)
    scale[is_known] = seen[is_known] / labeled[is_known]
    off = np.abs(scale[:, 0] / scale[:, 1] - 1) > _SAME_SHAPE
    if off.any():
        first = int(np.flatnonzero(off)[0])
        (width, height), (other_width, other_height) = labeled[first].tolist(), seen[first].tolist()
        raise EvaluationError(
            f"The labels are of pictures of {width:g} x {height:g}, the results of {other_width:g} x {other_height:g}.",
            "Use labels of the same video, turned the same way.",
        )
    if (scale != 1).any():
        return scale, ["The labels are of pictures of another size than the results; they are scaled."]
    return scale, []


def _joined(pieces: list[Boxes]) -> Boxes:
    return Boxes(
        entry=np.concatenate([piece.entry for piece in pieces]),
        class_code=np.concatenate([piece.class_code for piece in pieces]),
        class_id=np.concatenate([piece.class_id for piece in pieces]),
        confidence=np.concatenate([piece.confidence for piece in pieces]),
        xyxy=np.concatenate([piece.xyxy for piece in pieces]),
        tracker_id=None,
    )


def _empty() -> Boxes:
    none = np.empty(0, dtype=np.int32)
    return Boxes(none, none, none, np.empty(0), np.empty((0, 4), dtype=np.float32), None)
