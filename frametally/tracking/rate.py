"""Whether enough frames per second were analyzed to follow the objects, measured on their tracks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.tracking.tracks import Tracks

LARGEST_STEP: Final = 0.6
"""Objects that move by more of their size from one look to the next are joined by chance, as boxes hardly overlap."""
GOOD_STEP: Final = 0.4
"""With steps of this size, tracks of the demo and of generated scenes are right."""
_FAST: Final = 0.9
"""The speed of the tracks is their 90th percentile: few objects may be faster."""
_SHORTEST_PX: Final = 2.0


@dataclass(frozen=True)
class Rate:
    """How far objects move between analyzed frames."""

    looks_per_s: float
    """Analyzed frames per second."""
    step: float
    """How far fast objects move from one look to the next, as a share of their box."""

    @property
    def is_too_low(self) -> bool:
        """Whether tracks cannot be relied on."""
        return self.step > LARGEST_STEP

    @property
    def enough_fps(self) -> float:
        """Frames per second to analyze instead; whole numbers from 2."""
        fps = self.looks_per_s * self.step / GOOD_STEP
        return math.ceil(fps) if fps > 1 else math.ceil(fps * 10) / 10


def measured_rate(tracks: Tracks) -> Rate | None:
    """The rate of the looks and the step between them; None if it cannot be measured, as there are no tracks."""
    if len(tracks.analyzed_time_s) < 2 or not len(tracks):
        return None
    intervals_s = np.diff(tracks.analyzed_time_s)
    interval_s = float(intervals_s[intervals_s < 2 * np.median(intervals_s)].mean())
    same = tracks.track_id[1:] == tracks.track_id[:-1]
    passed_s = np.diff(tracks.time_s)
    near = same & (passed_s > 0) & (passed_s < 2 * interval_s)
    if not near.any():
        return None
    sizes = np.maximum(tracks.xyxy[:, 2:] - tracks.xyxy[:, :2], _SHORTEST_PX)
    moved = np.abs(np.diff((tracks.xyxy[:, 2:] + tracks.xyxy[:, :2]) / 2, axis=0))
    speed = (moved / np.minimum(sizes[1:], sizes[:-1])).max(axis=1)[near] / passed_s[near]
    return Rate(looks_per_s=1 / interval_s, step=_fast(speed, tracks.track_id[1:][near]) * interval_s)


def _fast(speed: npt.NDArray[np.float64], track_id: npt.NDArray[np.int32]) -> float:
    """The 90th percentile of the mean speeds of the tracks."""
    starts = np.flatnonzero(np.diff(track_id, prepend=-1))
    means = np.add.reduceat(speed, starts) / np.diff(starts, append=len(speed))
    return float(np.quantile(means, _FAST))
