"""What an audit says about each class: the model's number, the corrected one, and how good the boxes are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from frametally.audit.checks import Checks, Ints
from frametally.audit.estimates import Estimate, mean_count, mean_count_at_any_time
from frametally.audit.quality import Quality, f1, precision, recall
from frametally.audit.verdicts import Verdicts

ALL_CLASSES: Final = "All classes"


class Row(Struct, frozen=True):
    """One class, or all together."""

    name: str
    frames: int
    """Checked frames that say something about it."""
    model: float
    """Detections per frame by the model alone."""
    mean: Estimate | None = None
    """Objects per frame; None: too few checked frames to say."""
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
            intervals are then those that hold at any number of frames; precision, recall and F1 have none that do, so
            that they are left out.
    """
    made = [_row(name, found.checks(all_found, column), exceeded) for column, name in enumerate(names)]
    return [*made, _row(ALL_CLASSES, found.of_all_classes(all_found), exceeded)] if len(names) > 1 else made


def _row(name: str, checks: Checks, exceeded: int | None) -> Row:
    model = float(checks.all_found.mean()) if len(checks.all_found) else 0.0
    if exceeded is not None:
        return Row(name, checks.frames, model, mean_count_at_any_time(checks, exceeded))
    return Row(name, checks.frames, model, mean_count(checks), precision(checks), recall(checks), f1(checks))
