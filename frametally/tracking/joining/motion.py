"""Kalman filter with constant velocity, for the centers and sizes of many boxes at once.

The noise of a detected box is proportional to its size. With all variances in units of that of its detected position,
the equations of large and small boxes are the same, and so are those of the four coordinates. The covariance of a
track is thus three numbers: variance of the position, covariance, variance of the velocity.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

NOISE: Final = 0.05
"""Standard deviation of the position of a detected box, as a share of its size."""
FIRST_COVARIANCE: Final = (1.0, 0.0, 600.0)
"""Of a track with one box: a speed of its size per second is well within one standard deviation."""
_ACCELERATION: Final = 60.0
"""Variance by which the velocity changes in one second."""
_GAIN: Final = np.array([[[1.0], [1.0], [1.0], [1.0]], [[1.0], [1.0], [0.5], [0.5]]])
"""Share of the filter's correction by which positions and velocities change: sizes change more slowly than centers."""
_SAME_STEP_S: Final = 1e-9
"""Steps of a constant rate differ by less, as times are rounded."""


class Motion:
    """Predicts and corrects; holds the matrices of the last time step, as most steps of a video are equal."""

    def __init__(self) -> None:
        self._step_s = -1.0
        self._transition = self._noise = np.zeros((3, 3))

    def predict(self, state: Floats, step_s: float) -> None:
        """Move (11, m) states, each a center and size, their velocities and the covariance, on by a time step."""
        if abs(step_s - self._step_s) > _SAME_STEP_S:
            self._step_s = step_s
            self._transition = np.array([[1.0, 2 * step_s, step_s**2], [0.0, 1.0, step_s], [0.0, 0.0, 1.0]])
            self._noise = _ACCELERATION * np.array([[step_s**3 / 3], [step_s**2 / 2], [step_s]])
        state[:4] += step_s * state[4:8]
        np.add(self._transition.dot(state[8:11]), self._noise, out=state[8:11])

    @staticmethod
    def correct(state: Floats, measured: Floats) -> None:
        """Correct (11 or more, m) states by (4, m) detected centers and sizes, which are overwritten."""
        gains = state[8:10]
        spread = gains[0] + 1.0
        gains /= spread  # these are also the new variance of the position and the new covariance
        gain = gains[1]
        spread *= gain * gain
        state[10] -= spread
        measured -= state[:4]
        moved = gains[:, None] * measured
        moved *= _GAIN
        state[:8] += moved.reshape(8, -1)
