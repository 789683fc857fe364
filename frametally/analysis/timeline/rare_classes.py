"""Classes with few detections, which charts of many classes leave out until they are asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from frametally.analysis.counts import count
from frametally.analysis.view import View
from frametally.analysis.view_spec import DEFAULT_CONFIDENCE

MAX_CLASSES: Final = 8
"""More than these are divided into common and rare ones."""
COMMON: Final = 5


def rare_classes(view: View) -> tuple[int, ...]:
    """Indices in `view.names` of all but the `COMMON` classes with the highest mean; empty for `MAX_CLASSES` or less.

    Of the whole video at the default threshold, so that a class does not move while the threshold or the time range do.
    """
    if len(view.names) <= MAX_CLASSES or not view.table.kind.has_boxes:
        return ()
    counts = count(replace(view, confidence=DEFAULT_CONFIDENCE, time_range_s=None))
    rare = np.argsort(-counts.boxes.sum(axis=0), kind="stable")[COMMON:]
    return tuple(sorted(rare.tolist()))
