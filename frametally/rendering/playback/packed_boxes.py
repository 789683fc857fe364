"""The boxes of a stretch of entries as small integers, for drawing in the browser."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.unturned import is_unturned
from frametally.analysis.view import View
from frametally.rendering.playback.packing import pack
from frametally.results.cube import steps_of
from frametally.video.orientation import Orientation

STRETCH_ENTRIES: Final = 256
UNIT: Final = 1 << 14
"""Width and height of the displayed picture in the coordinates of packed boxes."""
NOWHERE: Final = -(1 << 15)
"""All coordinates of a box that is not finite, which cannot be drawn."""
_LIMIT: Final = (1 << 15) - 1


def packed_boxes(view: View, stretch: int, upright_wh: tuple[int, int], orientation: Orientation) -> bytes:
    """All boxes of the entries [stretch * 256, (stretch + 1) * 256), at every confidence, in the order of the results.

    `ends` (entries,) uint32: number of boxes up to each entry. `xyxy` (b, 4) int16: corners in the upright displayed
    picture, whose width and height are `UNIT`. `code` (b,) uint8 or uint16: index in the view's names. `level` (b,)
    uint8: twice the confidence in hundredths, rounded down, so that a threshold k / 100 is compared exactly; plus 1
    if it is displayed rounded up.

    Args:
        view: of a model with boxes.
        stretch: number of the stretch.
        upright_wh: size of the upright frame with its own pixels.
        orientation: of the video's frames.
    """
    start = min(stretch * STRETCH_ENTRIES, len(view.results.time_s))
    stop = min(start + STRETCH_ENTRIES, len(view.results.time_s))
    viewed = view.chunk(start, stop)
    boxes = viewed.boxes
    sizes = view.table.image_wh[start:stop]
    return pack(
        {"start": start, "stop": stop},
        ends=np.searchsorted(boxes.entry, np.arange(start, stop), side="right").astype(np.uint32),
        xyxy=in_units(corner_shares(boxes.xyxy, sizes[boxes.entry - start], upright_wh, orientation)),
        code=boxes.class_code.astype(np.uint8 if len(view.names) <= 256 else np.uint16),
        level=_levels(boxes.confidence),
    )


def _levels(confidence: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    step = steps_of(confidence)
    is_up = np.rint(np.minimum(confidence, 1) * 100) > step
    return np.asarray(2 * step + is_up, dtype=np.uint8)


def corner_shares(
    xyxy: npt.NDArray[np.float32],
    wh: npt.NDArray[np.float32],
    upright_wh: tuple[int, int],
    orientation: Orientation,
) -> npt.NDArray[np.float64]:
    """(b, 4) corners of boxes in pictures of the sizes (b, 2), as shares of the upright picture."""
    is_known = (np.isfinite(wh) & (wh > 0)).all(axis=1, keepdims=True)
    wh = np.where(is_known, wh, np.array(upright_wh, np.float32)).astype(np.float64)
    shares = xyxy.reshape(-1, 2, 2) / wh[:, None, :]
    for size in np.unique(wh, axis=0):
        width, height = size.tolist()
        if is_unturned((width, height), upright_wh, orientation):
            rows = np.flatnonzero((wh == size).all(axis=1))
            corners = orientation.applied_to_points(shares[rows], 1.0, 1.0)
            shares[rows] = np.stack([corners.min(axis=1), corners.max(axis=1)], axis=1)
    return np.asarray(shares.reshape(-1, 4), dtype=np.float64)


def in_units(shares: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int16]:
    """Shares of the upright picture in units of it; `NOWHERE` in rows that are not finite."""
    units = shares * UNIT
    is_finite = np.isfinite(units).all(axis=1, keepdims=True)
    clipped = np.clip(np.rint(np.where(is_finite, units, 0)), -_LIMIT, _LIMIT)
    return np.where(is_finite, clipped, NOWHERE).astype(np.int16)
