"""Masks as run lengths, written by supervision: an independent implementation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def mask_to_rle(mask: npt.NDArray[np.bool_], *, compressed: bool = False) -> Any:
    """`supervision.mask_to_rle`."""
    import supervision  # takes a second to import, and every process collects the tests that call this

    return supervision.mask_to_rle(mask, compressed=compressed)
