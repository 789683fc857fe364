"""The threshold at which the model's count is nearest to what people have seen."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from msgspec import Struct

_STEPS: Final = np.arange(1, 100) / 100


class LeastBias(Struct, frozen=True):
    """Of the checked frames; of others, it may be another one."""

    confidence: float
    bias: float
    """Boxes of the model at this threshold less objects, per frame."""
    bias_now: float
    """The same at the threshold of the view."""


def least_bias(confidences: npt.NDArray[np.float64], objects: int, frames: int, confidence: float) -> LeastBias | None:
    """Among the hundredths; of several that are as good, the nearest to the present one. None: no frame was checked.

    Args:
        confidences: of all boxes of the model in the checked frames, whatever the threshold.
        objects: that were seen there.
        frames: how many.
        confidence: the threshold of the view.
    """
    if not frames:
        return None
    ordered = np.sort(confidences)
    steps = np.append(_STEPS, confidence)
    bias = (len(ordered) - np.searchsorted(ordered, steps, side="left") - objects) / frames
    best = np.lexsort((np.abs(steps - confidence), np.abs(bias)))[0]
    return LeastBias(float(steps[best]), float(bias[best]), float(bias[-1]))
