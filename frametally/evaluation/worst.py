"""The seconds in which model and labels differ most, each with a frame to look at."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from frametally.evaluation.aligned import Aligned
from frametally.evaluation.outcomes import Outcomes
from frametally.evaluation.truth import Floats

MAX_SECONDS: Final = 20


class Difference(Struct, frozen=True):
    """What differs in a frame, of one class."""

    name: str
    missing: int
    """Labeled objects that the model does not have."""
    extra: int
    """Objects of the model that are not labeled."""


class WorstSecond(Struct, frozen=True):
    """A second, and the frame in it in which most differs."""

    time_s: float
    """Of the frame."""
    frame_index: int
    errors_per_frame: float
    """Missing and extra objects, in the mean of the labeled frames of the second."""
    differences: list[Difference]


def worst_seconds(missing: Floats, extra: Floats, aligned: Aligned) -> list[WorstSecond]:
    """At most 20 seconds, the worst first; seconds without an error are left out.

    Args:
        missing: (p, c) missing objects of each frame and labeled class; NaN where it is not known.
        extra: (p, c) likewise.
        aligned: what they are of.
    """
    errors = np.nansum(missing, axis=1) + np.nansum(extra, axis=1)
    seconds, place = np.unique(np.floor(aligned.time_s), return_inverse=True)
    means = np.bincount(place, weights=errors, minlength=len(seconds)) / np.maximum(np.bincount(place), 1)
    order = np.argsort(-means, kind="stable")[:MAX_SECONDS]
    return [_second(at, place, errors, float(means[at]), missing, extra, aligned) for at in order if means[at] > 0]


def differences_of_counts(found: Floats, aligned: Aligned) -> tuple[Floats, Floats]:
    """(p, c) missing, (p, c) extra objects where only counts are known."""
    error = found - aligned.counts
    return np.maximum(-error, 0), np.maximum(error, 0)


def differences_of_boxes(aligned: Aligned, outcome: Outcomes, threshold: float) -> tuple[Floats, Floats]:
    """(p, c) missing, (p, c) extra boxes."""
    truth = aligned.truth
    shown = (aligned.found.confidence >= threshold) & (aligned.found.class_code < aligned.labeled_classes)
    missing, extra = np.zeros_like(aligned.counts), np.zeros_like(aligned.counts)
    wrong = shown & outcome.is_wrong
    np.add.at(extra, (aligned.found.entry[wrong], aligned.found.class_code[wrong]), 1)
    missed = outcome.missed(shown, aligned.ignored)
    np.add.at(missing, (truth.entry[missed], truth.class_code[missed]), 1)
    return missing, extra


def _second(
    at: int,
    place: np.typing.NDArray[np.int64],
    errors: Floats,
    mean: float,
    missing: Floats,
    extra: Floats,
    aligned: Aligned,
) -> WorstSecond:
    frames = np.flatnonzero(place == at)
    frame = int(frames[errors[frames].argmax()])
    return WorstSecond(
        time_s=float(aligned.time_s[frame]),
        frame_index=int(aligned.frame_index[frame]),
        errors_per_frame=mean,
        differences=[
            Difference(name, int(missing[frame, code]), int(extra[frame, code]))
            for code, name in enumerate(aligned.classes[: aligned.labeled_classes])
            if missing[frame, code] > 0 or extra[frame, code] > 0
        ],
    )
