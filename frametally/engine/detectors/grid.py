"""Grids of one-stage detectors: one grid of cells for each stride."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

STRIDES: Final = (8, 16, 32)
STRIDE_SETS: Final = (STRIDES, (*STRIDES, 64), (4, *STRIDES), (16, 32))
"""The usual one, with an additional level for large or small objects, and of tiny models."""
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


class CellRows:
    """The grid cell of each row of an output: levels in order, in each level the anchors, rows and columns.

    Args:
        size_px: width and height of the input.
        strides: of the levels, in pixels.
        anchors: number of rows for each cell.
    """

    def __init__(self, size_px: tuple[int, int], strides: Sequence[int], anchors: int = 1) -> None:
        levels, offset = [], 0
        for stride in strides:
            columns, rows = _grid_size(size_px, stride)
            levels.append(np.arange(anchors * rows * columns).reshape(anchors, rows, columns) + offset)
            offset += anchors * rows * columns
        self._levels = list(zip(strides, levels, strict=True))
        self._size_px = size_px
        self.center_px = np.zeros((offset, 2), dtype=np.float32)
        """(n, 2) center of the cell of each row."""
        self.stride_px = np.zeros(offset, dtype=np.float32)
        """(n,)"""
        for stride, level in self._levels:
            _, row, column = np.indices(level.shape)
            self.center_px[level] = np.stack([column + 0.5, row + 0.5], axis=-1) * stride
            self.stride_px[level] = stride

    def __len__(self) -> int:
        return len(self.stride_px)

    def shifted(self, shift_px: tuple[int, int]) -> npt.NDArray[np.int64]:
        """(n, 2) pairs of rows whose cells are this far apart, to the right and down."""
        pairs = []
        for stride, level in self._levels:
            right, down = (one // stride for one in shift_px)
            if not any(one % stride for one in shift_px) and level.shape[1] > down and level.shape[2] > right:
                pairs.append(np.stack([level[:, :-down, :-right].ravel(), level[:, down:, right:].ravel()], axis=1))
        return np.concatenate(pairs) if pairs else np.zeros((0, 2), dtype=np.int64)

    def mirrored(self, axis: int) -> npt.NDArray[np.int64]:
        """(n, 2) pairs of rows with mirrored cells: left to right for axis 0, top to bottom for axis 1."""
        levels = [level for stride, level in self._levels if self._size_px[axis] % stride == 0]
        pairs = [np.stack([level.ravel(), np.flip(level, 2 - axis).ravel()], axis=1) for level in levels]
        return np.concatenate(pairs) if pairs else np.zeros((0, 2), dtype=np.int64)
