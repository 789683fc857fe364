"""The paths of tracks: the anchor of each box in pixels."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.regions.shapes import Anchor
from frametally.tracking.tracks import ROUNDING_S, Tracks

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

_CENTER: Final = -1
_COLUMNS: Final[dict[str, int]] = {"left": 0, "right": 2, "top": 1, "bottom": 3, "center": _CENTER}


def anchor_points(tracks: Tracks, anchor: Anchor) -> tuple[Floats, Floats]:
    """(n,) x and (n,) y of the anchor of each box, in displayed pixels."""
    words = anchor.split("_")
    x_word = next((word for word in words if word in ("left", "right")), "center")
    y_word = next((word for word in words if word in ("top", "bottom")), "center")
    return _side(tracks.xyxy, _COLUMNS[x_word], 0), _side(tracks.xyxy, _COLUMNS[y_word], 1)


def looks_of(tracks: Tracks, rows: Rows | slice = slice(None)) -> Rows:
    """(n,) number of the analyzed look of each box, or of these rows: its index in `analyzed_time_s`."""
    return np.searchsorted(tracks.analyzed_entry, tracks.entry[rows])


def long_gaps(
    analyzed_time_s: Floats, analyzed_entry: npt.NDArray[np.int32], tolerated_s: float
) -> npt.NDArray[np.bool_]:
    """(a,) looks after which a stretch of more than the tolerated seconds was not analyzed."""
    is_long = np.diff(analyzed_time_s) > tolerated_s + ROUNDING_S
    return np.append(is_long & (np.diff(analyzed_entry) > 1), np.zeros(min(len(analyzed_entry), 1), dtype=np.bool_))


def _side(xyxy: npt.NDArray[np.float32], column: int, first: int) -> Floats:
    if column == _CENTER:
        return (xyxy[:, first].astype(np.float64) + xyxy[:, first + 2]) / 2
    return xyxy[:, column].astype(np.float64)
