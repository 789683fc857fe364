"""The four cars of `car-detection.mp4` as boxes; the edge of a parked car is not one.

The video shows a car park from above. Boxes are those of a detector at some times, checked on the frames, without its
classes; between these times they are interpolated.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from frametally.tracking.tracks import Tracks
from tests.support.track_rows import Box, tracks_of

SIZE_PX = (768, 432)
Drawn = tuple[float, int, int, int, int]
CARS: dict[str, tuple[Drawn, ...]] = {
    # time_s, center x, center y, width, height
    "white hatchback": (
        (4.64, 378, 396, 175, 63), (5.04, 379, 357, 198, 140), (5.44, 377, 321, 206, 211), (6.0, 364, 273, 186, 295),
        (6.4, 354, 203, 165, 263), (6.8, 345, 138, 152, 233), (7.2, 344, 93, 135, 185), (7.6, 342, 62, 120, 124),
        (8.0, 341, 36, 114, 70),
    ),
    "teal": (
        (15.04, 204, 45, 116, 88), (15.44, 199, 77, 138, 152), (15.84, 187, 112, 142, 223), (16.24, 179, 167, 154, 284),
        (16.64, 167, 249, 173, 324), (17.04, 156, 292, 177, 266), (17.44, 152, 332, 173, 188),
        (18.0, 149, 393, 166, 72),
    ),
    "red": (
        (15.2, 411, 398, 164, 63), (15.44, 412, 373, 193, 107), (16.0, 405, 320, 179, 213), (16.64, 397, 261, 166, 289),
        (17.2, 386, 166, 157, 245), (17.6, 380, 108, 147, 215), (18.0, 375, 78, 132, 154), (18.4, 368, 48, 122, 96),
        (18.8, 360, 22, 112, 44),
    ),
    "white sports car": (
        (25.44, 255, 26, 121, 52), (25.84, 248, 72, 157, 140), (26.0, 240, 95, 164, 186), (26.4, 226, 163, 176, 292),
        (27.44, 205, 358, 183, 139), (27.6, 205, 387, 184, 81),
    ),
}  # fmt: skip


def car_tracks(rate: float) -> Tracks:
    """The four cars at `rate` looks a second over the 30 s of the video, each a track."""
    times_s = np.round(np.arange(0, 30.2, 1 / rate) * 12.5) / 12.5
    paths = {number: _path(np.array(drawn), times_s) for number, drawn in enumerate(CARS.values(), start=1)}
    return tracks_of(paths, times_s, classes=dict.fromkeys(paths, "car"), size_px=SIZE_PX)


def _path(drawn: npt.NDArray[np.float64], times_s: npt.NDArray[np.float64]) -> dict[int, Box]:
    entries = np.flatnonzero((times_s >= drawn[0, 0]) & (times_s <= drawn[-1, 0]))
    x, y, width, height = (np.interp(times_s[entries], drawn[:, 0], drawn[:, column]) for column in range(1, 5))
    corners = np.column_stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    boxes: list[Box] = [(box[0], box[1], box[2], box[3]) for box in corners.tolist()]
    return dict(zip(entries.tolist(), boxes, strict=True))
