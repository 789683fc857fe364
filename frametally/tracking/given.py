"""Tracks that the service has already made: results with a `tracker_id`."""

from __future__ import annotations

import numpy as np

from frametally.results import Boxes
from frametally.tracking.rows import Rows, concatenated, rows_of


class GivenTracks:
    """Collects boxes with a tracker id; false as long as there is none."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._parts: list[Rows] = []

    def __bool__(self) -> bool:
        return bool(self._parts)

    def add(self, boxes: Boxes) -> None:
        """Keep those of the boxes that have an id, and only finite numbers."""
        if boxes.tracker_id is None:
            return
        numbers = [
            -1 if name is None else self._numbers.setdefault(name, len(self._numbers)) for name in boxes.tracker_id
        ]
        self._parts.append(rows_of(boxes, np.where(boxes.is_finite, np.array(numbers, dtype=np.int32), np.int32(-1))))

    def rows(self) -> Rows:
        """All of them; of two boxes with one id in one frame, the one of the higher confidence."""
        rows = concatenated(self._parts)
        rows.pick(np.lexsort((-rows.confidence, rows.entry)))
        key = rows.entry.astype(np.int64) * len(self._numbers) + rows.number
        rows.pick(np.sort(np.unique(key, return_index=True)[1]))
        return rows
