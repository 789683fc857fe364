"""Boxes of the four cars of the real video `car-detection`, drawn by hand on a few frames and interpolated."""

from __future__ import annotations

from typing import Final

import numpy as np

from frametally.tracking.tracks import Tracks
from tests.support.opened_results import Entry, box, entry
from tests.support.track_rows import Box, tracks_of

SIZE_PX: Final = (768, 432)
Key = tuple[float, float, float, float, float]

DRAWN: Final[dict[str, tuple[Key, ...]]] = {
    "white hatchback": (
        (4.40, 324, 413, 451, 432),
        (4.80, 287, 332, 487, 432),
        (5.20, 279, 259, 478, 432),
        (6.04, 271, 128, 456, 419),
        (7.04, 273, 0, 414, 213),
        (8.04, 285, 0, 397, 71),
        (8.40, 290, 0, 391, 25),
    ),
    "teal/silver": (
        (14.64, 159, 0, 261, 32),
        (15.04, 148, 0, 262, 89),
        (15.44, 133, 0, 266, 153),
        (15.84, 117, 0, 262, 221),
        (16.40, 94, 52, 255, 348),
        (17.04, 63, 160, 247, 432),
        (17.60, 72, 267, 237, 432),
        (18.20, 83, 422, 197, 432),
    ),
    "red": (
        (15.04, 333, 407, 489, 432),
        (15.44, 318, 324, 508, 432),
        (15.84, 316, 248, 496, 432),
        (16.40, 315, 153, 481, 430),
        (17.04, 312, 65, 467, 318),
        (17.60, 308, 0, 452, 213),
        (18.20, 312, 0, 432, 114),
        (18.64, 307, 0, 421, 59),
        (18.88, 304, 0, 401, 17),
    ),
    "white sports car": (
        (25.36, 202, 0, 312, 35),
        (25.60, 185, 0, 324, 87),
        (25.84, 168, 0, 327, 142),
        (26.24, 146, 0, 315, 255),
        (26.60, 126, 65, 308, 394),
        (27.00, 110, 168, 304, 432),
        (27.44, 115, 291, 297, 432),
        (27.60, 113, 350, 297, 432),
    ),
}
"""Seconds, left, top, right, bottom in pixels. The edge of a parked car at the top border is left out."""


def drawn_entries(times_s: list[float]) -> list[Entry]:
    """An entry for each time, with the boxes of the cars that are in the picture."""
    return [entry(*map(_prediction, _seen(at_s).values()), wh=SIZE_PX) for at_s in times_s]


def drawn_tracks(rate: float) -> Tracks:
    """The cars at `rate` looks a second over the 30 s of the video, each a track, in the order of `DRAWN`."""
    times_s = np.round(np.arange(0, 30.2, 1 / rate) * 12.5) / 12.5
    paths: dict[int, dict[int, Box]] = {number: {} for number in range(1, len(DRAWN) + 1)}
    for at, time_s in enumerate(times_s.tolist()):
        for number, sides in _seen(time_s).items():
            paths[number][at] = sides
    return tracks_of(paths, times_s, classes=dict.fromkeys(paths, "car"), size_px=SIZE_PX)


def _seen(at_s: float) -> dict[int, Box]:
    """Left, top, right and bottom of each car that is in the picture, by its number."""
    found: dict[int, Box] = {}
    for number, keys in enumerate(DRAWN.values(), start=1):
        key_s, *sides = np.array(keys).T
        if key_s[0] <= at_s <= key_s[-1]:
            left, top, right, bottom = (float(np.interp(at_s, key_s, side)) for side in sides)
            found[number] = (left, top, right, bottom)
    return found


def _prediction(sides: Box) -> dict[str, object]:
    left, top, right, bottom = sides
    return box("car", 1.0, ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top))
