"""What counting objects needs of each track: its class, its time and its highest confidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View
from frametally.tracking.tracks import ROUNDING_S, Tracks


@dataclass(frozen=True)
class Spans:
    """t tracks as parallel arrays, in the order of their ids."""

    class_code: npt.NDArray[np.int32]
    first_s: npt.NDArray[np.float64]
    last_s: npt.NDArray[np.float64]
    confidence: npt.NDArray[np.float64]
    """(t,) the highest of each track."""

    def longer_than(self, min_length_s: float) -> Spans:
        """Those whose last box is so much later than the first one."""
        kept = self.last_s - self.first_s >= min_length_s - ROUNDING_S
        return Spans(self.class_code[kept], self.first_s[kept], self.last_s[kept], self.confidence[kept])

    def counts(self, view: View) -> npt.NDArray[np.int64]:
        """(len(view.names),) tracks in a view of the model: in its time range, with a box above its threshold."""
        code = view.codes[self.class_code]
        shown = (code >= 0) & (self.confidence >= view.confidence)
        if view.time_range_s is not None:
            first_s, last_s = view.time_range_s
            shown &= (self.first_s <= last_s) & (self.last_s >= first_s)
        return np.bincount(code[shown], minlength=len(view.names))


def spans_of(tracks: Tracks) -> Spans:
    """The span of each track; all rows of the tracks are there."""
    starts = np.flatnonzero(np.diff(tracks.track_id, prepend=0))
    if not len(starts):
        return Spans(np.zeros(0, dtype=np.int32), np.zeros(0), np.zeros(0), np.zeros(0))
    ends = np.append(starts[1:], len(tracks)) - 1
    return Spans(
        class_code=tracks.class_code[starts],
        first_s=tracks.time_s[starts],
        last_s=tracks.time_s[ends],
        confidence=np.maximum.reduceat(tracks.confidence, starts),
    )
