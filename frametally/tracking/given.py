"""Tracks that the service has already made: results with a `tracker_id`."""

from __future__ import annotations

from typing import Final

import numpy as np

from frametally.results import Boxes
from frametally.tracking.rows import Rows, concatenated, rows_of
from frametally.tracking.tracks import Joined

_NO_ID: Final = (None, "-1")
"""Services write -1 for boxes that they do not track."""


class GivenTracks:
    """Collects boxes with a tracker id; false as long as there is none."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._parts: list[Rows] = []
        self._boxes = self._with_id = 0

    def __bool__(self) -> bool:
        return bool(self._numbers)

    @property
    def joined(self) -> Joined:
        """How many boxes have an id."""
        return Joined(self._boxes, self._with_id, by_ids=True)

    def add(self, boxes: Boxes) -> None:
        """Keep those of the boxes that have an id, and only finite numbers."""
        is_finite = boxes.is_finite
        self._boxes += int(np.count_nonzero(is_finite))
        if boxes.tracker_id is None:
            return
        numbers = [
            -1 if name in _NO_ID else self._numbers.setdefault(name, len(self._numbers)) for name in boxes.tracker_id
        ]
        rows = rows_of(boxes, np.where(is_finite, np.array(numbers, dtype=np.int32), np.int32(-1)))
        self._with_id += len(rows)
        self._parts.append(rows)

    def rows(self) -> Rows:
        """All of them; of two boxes with one id in one frame, the one of the higher confidence."""
        rows = concatenated(self._parts)
        rows.pick(np.lexsort((-rows.confidence, rows.entry)))
        key = rows.entry.astype(np.int64) * len(self._numbers) + rows.number
        rows.pick(np.sort(np.unique(key, return_index=True)[1]))
        return rows
