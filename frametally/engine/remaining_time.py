"""Estimate the remaining time of a run from its own speed. Pure: no clock, no files.

Two means of the seconds per frame are taken: that of the whole run, in which bursts of the decoder and the differing
costs of pictures average out, and an exponential moving average, which follows a change of load. Its window grows with
the run; a window of some seconds would turn every burst into an estimate. Under a steady load both agree. Where they
differ, the load has changed, and either may apply to the rest: they are the ends of the range, and the estimate is
their mean.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

RECENT_SHARE: Final = 1 / 8
"""Time constant of the moving average, as a share of the run so far."""
MIN_RECENT_S: Final = 5.0
MIN_RECENT_FRAMES: Final = 60
"""Its time constant is never shorter than this, in seconds and in frames at the mean speed."""
WARM_UP_SHARE: Final = 0.04
MAX_WARM_UP_FRAMES: Final = 16
"""The first frames are not measured: in them each thread starts its decoder and its models."""
MAX_BLOCKS: Final = 15
MIN_MEASURED_S: Final = 2.0
MIN_MEASURED_FRAMES: Final = 5
MAX_FIRST_ERROR: Final = 0.05
"""The first estimate needs this much measured, with at most this relative standard error of the mean."""
MARGIN: Final = 0.05
"""Relative width of the range at each end, in addition to the standard error."""


class RemainingTime(NamedTuple):
    """The expected seconds until the last frame, and the range in which they are."""

    expected_s: float
    low_s: float
    high_s: float


class RemainingTimeEstimator:
    """Measures one run of `frames_total` frames."""

    def __init__(self, frames_total: int) -> None:
        self._frames_total = frames_total
        self._warm_up_frames = min(math.ceil(frames_total * WARM_UP_SHARE), MAX_WARM_UP_FRAMES)
        self._start: tuple[float, int] | None = None
        self._last_s, self._frames_done = 0.0, 0
        self._recent_s, self._recent_frames = 0.0, 0.0
        self._blocks: list[tuple[float, int]] = []
        """(seconds, frames) of successive parts of the run, for the error of its mean."""
        self._is_known = False

    def add(self, now_s: float, frames_done: int) -> None:
        """Record that `frames_done` frames are finished at `now_s`, in seconds of a monotonic clock."""
        step_s, frames = now_s - self._last_s, frames_done - self._frames_done
        self._last_s, self._frames_done = now_s, frames_done
        if self._start is None:
            if frames_done >= self._warm_up_frames:
                self._start = now_s, frames_done
            return
        kept = math.exp(-step_s / self._recent_window_s())
        self._recent_s = self._recent_s * kept + step_s
        self._recent_frames = self._recent_frames * kept + frames
        self._blocks.append((step_s, frames))
        if len(self._blocks) > MAX_BLOCKS:
            pairs = zip(self._blocks[::2], self._blocks[1::2], strict=True)
            self._blocks = [(first[0] + second[0], first[1] + second[1]) for first, second in pairs]

    def remaining(self) -> RemainingTime | None:
        """The time for the frames that are left; None until enough of the run has been measured."""
        measured_s, frames = self._measured()
        if measured_s < MIN_MEASURED_S or frames < MIN_MEASURED_FRAMES or self._recent_frames <= 0:
            return None
        error = self._relative_error(measured_s / frames, measured_s)
        self._is_known = self._is_known or error <= MAX_FIRST_ERROR
        if not self._is_known:
            return None
        left = self._frames_total - self._frames_done
        low_s, high_s = sorted((left * measured_s / frames, left * self._recent_s / self._recent_frames))
        width = 1 + MARGIN + min(error, MAX_FIRST_ERROR)
        return RemainingTime((low_s + high_s) / 2, low_s / width, high_s * width)

    def _measured(self) -> tuple[float, int]:
        """The seconds and the frames since the end of the warm-up."""
        if self._start is None:
            return 0.0, 0
        return self._last_s - self._start[0], self._frames_done - self._start[1]

    def _recent_window_s(self) -> float:
        measured_s, frames = self._measured()
        return max(measured_s * RECENT_SHARE, MIN_RECENT_S, MIN_RECENT_FRAMES * measured_s / max(frames, 1))

    def _relative_error(self, pace_s: float, measured_s: float) -> float:
        """The standard error of the mean seconds per frame, relative to it.

        By batch means: blocks are longer than bursts and scenes, so their sums hardly depend on each other.
        """
        return math.sqrt(sum((seconds - pace_s * frames) ** 2 for seconds, frames in self._blocks)) / measured_s
