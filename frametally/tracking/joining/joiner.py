"""Joins the boxes of one look after the other to tracks: the association of ByteTrack, in seconds.

ByteTrack (Zhang et al., 2022) first assigns boxes of high confidence to all tracks, then the others to the tracks that
are left, as objects that are partly hidden have weak boxes.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.tracking.joining.association import best_pairs, overlaps
from frametally.tracking.joining.looks import Look
from frametally.tracking.joining.motion import FIRST_COVARIANCE, NOISE, Motion
from frametally.tracking.settings import TrackerSettings

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

_LAST, _DUE, _CLASS, _WEIGHT, _NUMBER = 11, 12, 13, 14, 15
"""Rows after those of `Motion`: time of the last box, when the track is established, class, its weight, number."""
_ROWS: Final = 16
_ESTABLISHED_S: Final = 0.08
"""A track with two boxes that are so far apart is established."""
_UNSURE_BUFFER_S: Final = 0.25
"""A track that is not established may miss one look if no more time passes until the next one."""
_LONG_STEP: Final = 3.0
"""Tracks end at a step that is longer than the buffer and than this multiple of the one before."""
_BUFFER_OF_LENGTH: Final = 3.0
"""A short track is continued for at most this multiple of its length."""
_OTHER_CLASS: Final = 0.3
_UNSURE: Final = 0.1
"""Overlap that it costs to join a box to a track of another class, or to one that is not established; twice for weak
boxes."""
_WEAK_IOU: Final = 0.2
"""Smallest overlap of a weak box."""
_SAME_IOU: Final = 0.42
"""A box that overlaps one of another track by so much does not start a track: it shows the same object."""
_MARGIN_VARIANCE: Final = NOISE**2
"""Boxes are compared with a margin of one standard deviation of the predicted position."""


class Joiner:
    """The tracks that are alive, as columns of one array; they stay in the order of their numbers."""

    def __init__(self, settings: TrackerSettings) -> None:
        self._settings, self._motion = settings, Motion()
        self._columns = np.zeros((_ROWS, 64))
        self._new = np.zeros((_ROWS, 1))
        self._new[8:11, 0] = FIRST_COVARIANCE
        self._alive = 0
        self._before_s = self._time_s = -math.inf
        self.tracks = 0
        """How many tracks have been started."""

    @property
    def alive(self) -> npt.NDArray[np.int32]:
        """Numbers of the tracks that may be continued."""
        return self._columns[_NUMBER, : self._alive].astype(np.int32)

    def join(self, look: Look) -> npt.NDArray[np.int32]:
        """(n,) number of the track of each box, from 0; -1 if it has none."""
        numbers = np.empty(len(look.confidence), dtype=np.int32)
        numbers.fill(-1)
        live = self._advanced(look.time_s)
        first = look.confidence >= self._settings.first_confidence
        if self._alive and len(numbers):
            unsure = live[_LAST] < live[_DUE]
            scores = self._scores(look, live, _UNSURE * unsure)
            boxes, tracks = self._pairs(scores, look.strong, unsure)
            if len(boxes):
                numbers[boxes] = live[_NUMBER].take(tracks)
                live[:, tracks] = self._continued(live.take(tracks, axis=1), look, boxes)
                first[boxes] = False
            # Such a box would have been joined to that track if another one did not fit it better.
            first &= np.maximum.reduce(scores, axis=1) < _SAME_IOU - self._settings.min_iou
        if np.count_nonzero(first):
            self._start(look, first.nonzero()[0], numbers)
        self._before_s, self._time_s = self._time_s, look.time_s
        return numbers

    def _advanced(self, time_s: float) -> Floats:
        """(16, m) tracks that are still alive, predicted for this time."""
        step_s, usual_s = time_s - self._time_s, self._time_s - self._before_s
        if not self._alive or step_s > max(self._settings.buffer_s, _LONG_STEP * usual_s):
            self._alive = 0
            return self._columns[:, :0]
        live = self._columns[:, : self._alive]
        last_s = live[_LAST]
        buffer_s = last_s - live[_DUE]
        unsure = buffer_s < 0.0
        buffer_s += _ESTABLISHED_S
        buffer_s *= _BUFFER_OF_LENGTH
        np.minimum(buffer_s, self._settings.buffer_s, out=buffer_s)
        buffer_s += last_s
        unsure_since_s = min(self._time_s, max(self._before_s, time_s - _UNSURE_BUFFER_S))
        kept = ((buffer_s >= time_s) | (last_s >= np.where(unsure, unsure_since_s, self._before_s))).nonzero()[0]
        if len(kept) < self._alive:
            columns = live.take(kept, axis=1)
            self._alive = len(kept)
            live = self._columns[:, : self._alive]
            live[:] = columns
        self._motion.predict(live, step_s)
        return live

    def _scores(self, look: Look, live: Floats, cost: Floats) -> Floats:
        """(n, m) overlap of each box with each predicted one, less what it costs; 0 or less where they do not fit."""
        scores = overlaps(look.centers_sizes, look.limits, live[:4], _MARGIN_VARIANCE * live[8])
        scores -= cost + self._settings.min_iou
        scores -= _OTHER_CLASS * (look.class_code[:, None] != live[_CLASS])
        return scores

    def _pairs(self, scores: Floats, strong: int, unsure: npt.NDArray[np.bool_]) -> tuple[Places, Places]:
        """Boxes and tracks that belong together; the first `strong` boxes choose first."""
        boxes, tracks = best_pairs(scores[:strong])
        if strong == len(scores) or len(tracks) == self._alive:
            return boxes, tracks
        is_left = np.ones(self._alive, dtype=np.bool_)
        is_left[tracks] = False
        left = is_left.nonzero()[0]
        weak = scores[strong:].take(left, axis=1)
        weak -= _WEAK_IOU - self._settings.min_iou + _UNSURE * unsure.take(left)
        weak_boxes, places = best_pairs(weak)
        if not len(weak_boxes):
            return boxes, tracks
        return np.concatenate([boxes, weak_boxes + strong]), np.concatenate([tracks, left[places]])

    def _continued(self, columns: Floats, look: Look, boxes: Places) -> Floats:
        self._motion.correct(columns, look.centers_sizes.take(boxes, axis=1))
        columns[_LAST] = look.time_s
        confidence, code = look.confidence.take(boxes), look.class_code.take(boxes)
        agrees = columns[_CLASS] == code
        if np.count_nonzero(agrees) == len(boxes):
            columns[_WEIGHT] += confidence
        else:  # majority vote of Boyer and Moore
            weight = columns[_WEIGHT] + np.where(agrees, confidence, -confidence)
            np.copyto(columns[_CLASS], code, where=weight < 0)
            np.abs(weight, out=columns[_WEIGHT])
        return columns

    def _start(self, look: Look, boxes: Places, numbers: npt.NDArray[np.int32]) -> None:
        start, stop = self._alive, self._alive + len(boxes)
        if stop > self._columns.shape[1]:
            self._columns = np.concatenate([self._columns, np.zeros((_ROWS, stop))], axis=1)
        columns = self._columns[:, start:stop]
        columns[:4] = look.centers_sizes.take(boxes, axis=1)
        self._new[_LAST], self._new[_DUE] = look.time_s, look.time_s + _ESTABLISHED_S
        columns[4:] = self._new[4:]
        columns[_CLASS], columns[_WEIGHT] = look.class_code.take(boxes), look.confidence.take(boxes)
        columns[_NUMBER] = numbers[boxes] = np.arange(self.tracks, self.tracks + len(boxes))
        self._alive, self.tracks = stop, self.tracks + len(boxes)
