"""Which frames a sample can be drawn from, kept with the audit: intervals are about these frames and no others."""

from __future__ import annotations

import base64
import zlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


def packed(times: Ints) -> str:
    """Ascending times of frames, in the time base of their video, as a short text."""
    steps = np.diff(times, prepend=0).astype("<i8")
    return base64.b85encode(zlib.compress(steps.tobytes(), 9)).decode()


@lru_cache(maxsize=32)
def unpacked(text: str) -> Ints:
    """The times; the inverse of `packed`. Do not write to it."""
    steps = np.frombuffer(zlib.decompress(base64.b85decode(text)), "<i8")
    return np.cumsum(steps, dtype=np.int64)
