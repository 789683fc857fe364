"""What an audit says about each class: the model's number, the corrected one, and how good the boxes are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from frametally.audit.checks import Ints
from frametally.audit.estimates import Estimate, mean_count, mean_count_at_any_time, presence
from frametally.audit.quality import Quality, f1, precision, recall
from frametally.audit.verdicts import Verdicts

ALL_CLASSES: Final = "All classes"


class Row(Struct, frozen=True):
    """One class, or all together."""

    name: str
    frames: int
    """Checked frames that say something about it."""
    typed: int
    """Those of them in which a number was typed instead of marking boxes: precision and recall are of the others."""
    model: float
    """Detections per frame by the model alone."""
    mean: Estimate | None = None
    """Objects per frame; None: too few checked frames to say."""
    presence: Estimate | None = None
    """Share of frames with at least one object; None: as for precision."""
    precision: Quality | None = None
    recall: Quality | None = None
    f1: Quality | None = None


def rows(names: Sequence[str], all_found: Ints, found: Verdicts, exceeded: int | None = None) -> list[Row]:
    """A row per class, and one of all of them at the end where there are several.

    Args:
        names: (c,) of the classes.
        all_found: (N, c) what the model found in each frame that could be checked.
        found: the checked frames.
        exceeded: how many frames were planned, if people have gone on beyond them, also because some were unclear: the
            intervals are then those that hold at any number of frames; presence, precision, recall and F1 have none,
            so that they are left out.
    """
    made = [_row(name, found, all_found, column, exceeded) for column, name in enumerate(names)]
    return [*made, _row(ALL_CLASSES, found, all_found, None, exceeded)] if len(names) > 1 else made


def _row(name: str, found: Verdicts, all_found: Ints, column: int | None, exceeded: int | None) -> Row:
    checks, boxed = (found.checks(all_found, column, with_boxes=with_boxes) for with_boxes in (False, True))
    model = float(checks.all_found.mean()) if len(checks.all_found) else 0.0
    typed = checks.frames - boxed.frames
    if exceeded is not None:
        return Row(name, checks.frames, typed, model, mean_count_at_any_time(checks, exceeded))
    quality = (precision(boxed), recall(boxed), f1(boxed))
    return Row(name, checks.frames, typed, model, mean_count(checks), presence(checks), *quality)
