"""The grids of places that one-stage detectors look at, one for each stride."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

STRIDES: Final = (8, 16, 32)
Floats = npt.NDArray[np.float32]


def cell_count(size_px: tuple[int, int], strides: Sequence[int] = STRIDES) -> int:
    """How many places a detector with these strides looks at in a picture of this width and height."""
    return sum(columns * rows for columns, rows in (_cells(size_px, stride) for stride in strides))


def grid_cells(size_px: tuple[int, int], strides: Sequence[int] = STRIDES) -> tuple[Floats, Floats]:
    """For each place its column and row (n, 2), and its stride in pixels (n, 1), in the order of the outputs."""
    corners, steps = [], []
    for stride in strides:
        columns, rows = _cells(size_px, stride)
        row, column = np.mgrid[:rows, :columns]
        corners.append(np.stack([column.ravel(), row.ravel()], axis=1).astype(np.float32))
        steps.append(np.full((rows * columns, 1), stride, dtype=np.float32))
    return np.concatenate(corners), np.concatenate(steps)


def _cells(size_px: tuple[int, int], stride: int) -> tuple[int, int]:
    return -(-size_px[0] // stride), -(-size_px[1] // stride)
