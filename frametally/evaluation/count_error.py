"""How far the model's counts are from the labels.

In each labeled frame the error is the model's number less the labels'. Bias is the mean error, MAE the mean absolute
error, both in objects per frame.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from frametally.evaluation.aligned import Aligned
from frametally.evaluation.outcomes import Outcomes
from frametally.evaluation.truth import Floats

_BUCKETS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_MAX_BUCKETS: Final = 20


class CountError(Struct, frozen=True):
    """Of one class, in all frames that are labeled for it or in those of a stretch of time."""

    name: str
    frames: int
    found: float
    """Objects per frame by the model."""
    labeled: float
    """Objects per frame by the labels."""
    bias: float
    mae: float


class Stretch(Struct, frozen=True):
    """The errors in a stretch of time; classes that are not labeled in it are left out."""

    start_s: float
    stop_s: float
    errors: list[CountError]


def found_counts(aligned: Aligned, outcome: Outcomes | None, threshold: float) -> Floats:
    """(p, c) boxes of the model at a threshold, of each frame and labeled class; without those that are ignored."""
    classes = aligned.labeled_classes
    kept = (aligned.found.confidence >= threshold) & (aligned.found.class_code < classes)
    if outcome is not None:
        kept &= ~outcome.ignored
    key = aligned.found.entry[kept].astype(np.int64) * classes + aligned.found.class_code[kept]
    size = aligned.counts.shape
    return np.bincount(key, minlength=size[0] * size[1]).reshape(size).astype(np.float64)


def count_errors(aligned: Aligned, found: Floats) -> list[CountError]:
    """The error of each class that is labeled in any frame."""
    return _errors(aligned, found, np.ones(len(found), dtype=np.bool_))


def count_errors_over_time(aligned: Aligned, found: Floats) -> list[Stretch]:
    """The same for stretches of equal length, at most 20 where frames are labeled for less than 20 hours."""
    if not len(found):
        return []
    length_s = next(
        (length for length in _BUCKETS_S if _buckets(aligned.time_s, length) <= _MAX_BUCKETS), _BUCKETS_S[-1]
    )
    bucket = np.floor(aligned.time_s / length_s).astype(np.int64)
    return [
        Stretch(at * length_s, (at + 1) * length_s, _errors(aligned, found, bucket == at))
        for at in np.unique(bucket).tolist()
    ]


def _buckets(time_s: Floats, length_s: float) -> int:
    return len(np.unique(np.floor(time_s / length_s)))


def _errors(aligned: Aligned, found: Floats, frames: np.typing.NDArray[np.bool_]) -> list[CountError]:
    rows = []
    for code, name in enumerate(aligned.classes[: aligned.labeled_classes]):
        labeled = aligned.counts[frames, code]
        known = ~np.isnan(labeled)
        if known.any():
            ours, theirs = found[frames, code][known], labeled[known]
            means = (ours.mean(), theirs.mean(), (ours - theirs).mean(), np.abs(ours - theirs).mean())
            rows.append(CountError(name, int(known.sum()), *map(float, means)))
    return rows
