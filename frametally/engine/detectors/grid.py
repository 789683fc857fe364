"""Grids of one-stage detectors: one grid of cells for each stride."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

STRIDES: Final = (8, 16, 32)
Floats = npt.NDArray[np.float32]


def cell_count(size_px: tuple[int, int], strides: Sequence[int] = STRIDES) -> int:
    """Total number of grid cells for an input of this width and height."""
    return sum(columns * rows for columns, rows in (_grid_size(size_px, stride) for stride in strides))


def grid_cells(size_px: tuple[int, int], strides: Sequence[int] = STRIDES) -> tuple[Floats, Floats]:
    """Column and row (n, 2) and stride in pixels (n, 1) of each cell, in the order of the model's outputs."""
    corners, steps = [], []
    for stride in strides:
        columns, rows = _grid_size(size_px, stride)
        row, column = np.mgrid[:rows, :columns]
        corners.append(np.stack([column.ravel(), row.ravel()], axis=1).astype(np.float32))
        steps.append(np.full((rows * columns, 1), stride, dtype=np.float32))
    return np.concatenate(corners), np.concatenate(steps)


def _grid_size(size_px: tuple[int, int], stride: int) -> tuple[int, int]:
    return -(-size_px[0] // stride), -(-size_px[1] // stride)
