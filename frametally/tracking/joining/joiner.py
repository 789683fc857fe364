"""Joins the boxes of one look after the other to tracks: the association of ByteTrack, in seconds.

ByteTrack (Zhang et al., 2022) first assigns boxes of high confidence to all tracks, then the others to the tracks that
are left, as objects that are partly hidden have weak boxes.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.tracking.joining.association import Pairs, best_pairs, overlaps
from frametally.tracking.joining.looks import Look
from frametally.tracking.joining.motion import FIRST_COVARIANCE, NOISE, Motion
from frametally.tracking.settings import TrackerSettings

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

_CLASS, _WEIGHT, _LAST, _DUE, _END, _COST, _NUMBER = 0, 1, 13, 14, 15, 16, 17
_STATE: Final = slice(2, 13)
_ROWS: Final = 18
"""A track is a column: its class and the weight of that, the state of `Motion`, time of the last box, when it is
established, when it ends, overlap that it costs to join a box to it as long as it is not established, its number."""
_OF_BOX: Final = 6
"""The first rows of a new track are those of its box."""
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
        self._live = np.zeros((_ROWS, 0))
        self._new = np.zeros((_ROWS, 1))
        self._same = _SAME_IOU - settings.min_iou
        self._new[_STATE][8:, 0], self._new[_COST] = FIRST_COVARIANCE, _UNSURE
        self._before_s = self._time_s = -math.inf
        self.tracks = 0
        """How many tracks have been started."""

    @property
    def alive(self) -> npt.NDArray[np.int32]:
        """Numbers of the tracks that may be continued."""
        numbers: npt.NDArray[np.int32] = self._live[_NUMBER].astype(np.int32)
        return numbers

    def join(self, look: Look) -> None:
        """Say of the boxes of a look that belong to a track which one it is, by numbers from 0."""
        live = self._live = self._advanced(look.time_s)
        may_start = look.columns[_WEIGHT] >= self._settings.first_confidence
        if live.size and len(may_start):
            pairs = self._scored(look, live)
            boxes, tracks = self._chosen(pairs, look.strong, live[_COST], len(may_start))
            if len(boxes):
                look.number[boxes] = live[_NUMBER].take(tracks)
                live[:, tracks] = self._continued(live.take(tracks, axis=1), look, boxes)
                may_start[boxes] = False
            # Such a box would have been joined to that track if another one did not fit it better.
            may_start[pairs.detected[pairs.scores >= self._same]] = False
        first = may_start.nonzero()[0]
        if len(first):
            self._start(look, first)
        self._before_s, self._time_s = self._time_s, look.time_s

    def _advanced(self, time_s: float) -> Floats:
        """(18, m) tracks that are still alive, predicted for this time."""
        live, before_s = self._live, self._before_s
        step_s, usual_s = time_s - self._time_s, self._time_s - before_s
        if not live.size or step_s > max(self._settings.buffer_s, _LONG_STEP * usual_s):
            return live[:, :0]
        unsure_since_s = min(self._time_s, max(before_s, time_s - _UNSURE_BUFFER_S))
        is_kept = live[_END] >= time_s
        if unsure_since_s > before_s:
            is_kept |= live[_LAST] >= np.where(live[_COST] > 0.0, unsure_since_s, before_s)
        else:
            is_kept |= live[_LAST] >= before_s
        kept = is_kept.nonzero()[0]
        if len(kept) < len(is_kept):
            live = live.take(kept, axis=1)
        self._motion.predict(live[_STATE], step_s)
        return live

    def _scored(self, look: Look, live: Floats) -> Pairs:
        """Pairs of boxes and tracks that overlap, less what it costs to join them; 0 or less if they do not fit."""
        state = live[_STATE]
        pairs = overlaps(look.columns[2:], look.limits, state[:4], _MARGIN_VARIANCE * state[8])
        cost = live[_COST] + self._settings.min_iou
        is_other = look.columns[_CLASS].take(pairs.detected) != live[_CLASS].take(pairs.predicted)
        scores = pairs.scores
        scores -= cost.take(pairs.predicted)
        scores -= _OTHER_CLASS * is_other
        return pairs

    def _chosen(self, pairs: Pairs, strong: int, cost: Floats, count: int) -> tuple[Places, Places]:
        """Boxes and tracks that belong together; the first `strong` of the `count` boxes choose first."""
        last = int(pairs.detected.searchsorted(strong))
        fits = pairs.picked((pairs.scores[:last] > 0.0).nonzero()[0])
        boxes, tracks = best_pairs(fits, (strong, len(cost)))
        least = _WEAK_IOU - self._settings.min_iou
        places = (pairs.scores[last:] > least).nonzero()[0]
        if not len(places):
            return boxes, tracks
        weak = pairs.picked(places + last)
        is_left = np.ones(len(cost), dtype=np.bool_)
        is_left[tracks] = False
        scores = weak.scores
        scores -= least + cost.take(weak.predicted)
        weak = weak.picked((is_left.take(weak.predicted) & (scores > 0.0)).nonzero()[0])
        if not len(weak.scores):
            return boxes, tracks
        left = is_left.nonzero()[0]
        columns = left.searchsorted(weak.predicted)
        weak_boxes, columns = best_pairs(
            Pairs(weak.detected - strong, columns, weak.scores), (count - strong, len(left))
        )
        return np.concatenate([boxes, weak_boxes + strong]), np.concatenate([tracks, left[columns]])

    def _continued(self, columns: Floats, look: Look, boxes: Places) -> Floats:
        """The columns of these tracks, which are overwritten, each continued by its box."""
        added = look.columns.take(boxes, axis=1)
        weight = added[_WEIGHT]
        differs = columns[_CLASS] != added[_CLASS]
        if np.count_nonzero(differs):  # majority vote of Boyer and Moore
            np.negative(weight, out=weight, where=differs)
            weight += columns[_WEIGHT]
            np.copyto(columns[_CLASS], added[_CLASS], where=weight < 0.0)
            np.abs(weight, out=columns[_WEIGHT])
        else:
            columns[_WEIGHT] += weight
        self._motion.correct(columns[_STATE], added[2:])
        columns[_LAST] = look.time_s
        due_s = columns[_DUE]
        np.multiply(due_s > look.time_s, _UNSURE, out=columns[_COST])
        end_s = look.time_s - due_s
        end_s += _ESTABLISHED_S
        end_s *= _BUFFER_OF_LENGTH
        end_s = np.minimum(end_s, self._settings.buffer_s)
        np.add(end_s, look.time_s, out=columns[_END])
        return columns

    def _start(self, look: Look, boxes: Places) -> None:
        self._new[_LAST] = self._new[_END] = look.time_s
        self._new[_DUE] = look.time_s + _ESTABLISHED_S
        before, count = self._live, len(boxes)
        self._live = np.empty((_ROWS, before.shape[1] + count))
        self._live[:, :-count] = before
        columns = self._live[:, -count:]
        columns[:_OF_BOX] = look.columns.take(boxes, axis=1)
        columns[_OF_BOX:] = self._new[_OF_BOX:]
        columns[_NUMBER] = look.number[boxes] = np.arange(self.tracks, self.tracks + count, dtype=np.float64)
        self.tracks += count
