"""Frametally's tracker on detections, without results files."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from frametally.results import Boxes
from frametally.tracking.joining.joiner import Joiner
from frametally.tracking.joining.looks import Looks
from frametally.tracking.rows import is_long_enough, rows_of
from frametally.tracking.settings import TrackerSettings

Floats = npt.NDArray[np.float64]


def tracked(boxes: Floats, times_s: Floats) -> tuple[npt.NDArray[np.int64], float]:
    """(n,) number of the track of each box, -1 if it has none, and the seconds of processor time.

    Args:
        boxes: as `detections`; frames are indices of `times_s`.
        times_s: of all looks.
    """
    code = boxes[:, 6].astype(np.int32)
    columns = Boxes(boxes[:, 0].astype(np.int32), code, code, boxes[:, 5], boxes[:, 1:5].astype(np.float32), None)
    started, settings = time.process_time(), TrackerSettings()
    joiner, looks = Joiner(settings), Looks(columns, np.arange(len(times_s)), times_s, settings.high_confidence)
    for look in looks:
        joiner.join(look)
    numbers = looks.numbers
    counted = np.full(len(boxes), -1)
    places = np.flatnonzero(numbers >= 0)
    kept = places[is_long_enough(rows_of(columns, numbers), times_s, settings.min_length_s)]
    counted[kept] = numbers[kept]
    return counted, time.process_time() - started
