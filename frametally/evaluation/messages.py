"""What an evaluation says about the labels and frames that it could not use."""

from __future__ import annotations

import numpy as np

from frametally.errors import EvaluationError
from frametally.evaluation.aligned import Aligned
from frametally.evaluation.pairing import Pairing

_MAX_NAMES = 5


def frame_notes(pairing: Pairing, *, has_time_range: bool) -> list[str]:
    """Which labeled frames do not count, and why."""
    reasons = (
        (pairing.not_analyzed, "were not analyzed"),
        (pairing.damaged, "are damaged in the video"),
        (pairing.absent, f"are not in the results{' or the time range' if has_time_range else ''}"),
    )
    return [f"Labeled frames that {why}: {count:,}. They do not count." for count, why in reasons if count]


def nothing_to_compare(pairing: Pairing, *, has_time_range: bool) -> EvaluationError:
    """No labeled frame was analyzed."""
    return EvaluationError(
        " ".join(["No labeled frame can be compared.", *frame_notes(pairing, has_time_range=has_time_range)]),
        "Check the labels, and that frames are counted from the right number (--first-frame, --step, Frame numbers).",
    )


def class_notes(aligned: Aligned, model_classes: tuple[str, ...], confidence: float) -> list[str]:
    """Which classes only one side has."""
    notes = []
    shown = aligned.found.class_code[aligned.found.confidence >= confidence]
    counts = np.bincount(shown, minlength=len(aligned.classes))
    others = [
        f"{name} ({counts[code]:,})"
        for code, name in enumerate(aligned.classes)
        if code >= aligned.labeled_classes and counts[code]
    ]
    if others:
        notes.append(f"Classes that the labels do not have, with boxes that do not count: {_listed(others)}.")
    known = set(model_classes)
    unknown = [
        name
        for code, name in enumerate(aligned.classes[: aligned.labeled_classes])
        if name not in known and np.nansum(aligned.counts[:, code]) > 0
    ]
    if unknown:
        what = f"Labeled classes that the results do not have: {_listed(unknown)}."
        notes.append(f"{what} Give both the same name, with --map or Rename classes.")
    return notes


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(names[:_MAX_NAMES]) + more
