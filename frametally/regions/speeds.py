"""Speeds on the ground, from four points with known distances.

The plane through the points is mapped to meters by the homography of the four points (Hartley and Zisserman, Multiple
View Geometry, 4.1). Speeds hold for anchors that touch this plane, like the bottom center of a person or a car.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.errors import RegionsError
from frametally.regions.paths import Floats, anchor_points
from frametally.regions.shapes import Anchor, Scale
from frametally.tracking.tracks import ROUNDING_S, Tracks

WINDOW_S: Final = 1.0
PER_S: Final = {"m/s": 1.0, "km/h": 3.6}
"""Factor of each unit to meters per second."""
_NEXT_STEP: Final = "Measure again, and mark the points in order around their outline."


@dataclass(frozen=True)
class Speeds:
    """Speeds in meters per second; NaN where they are not known."""

    of_row: Floats
    """(n,) for each box: the distance between the first and the last look within half a second, by their times; without
    another there, between the looks of the track before and after it."""
    of_track: Floats
    """(t,) median of the boxes of each track, by id."""


def speeds(tracks: Tracks, scale: Scale, anchor: Anchor = "bottom_center") -> Speeds:
    """The speeds of all tracks.

    Raises:
        RegionsError: the distances contradict each other, or the points are on one line.
    """
    x_m, y_m = ground_points(tracks, scale, anchor)
    first, last = _window(tracks)
    elapsed_s = tracks.time_s[last] - tracks.time_s[first]
    moved_m = np.hypot(x_m[last] - x_m[first], y_m[last] - y_m[first])
    of_row = np.divide(moved_m, elapsed_s, out=np.full(len(tracks), np.nan), where=elapsed_s > 0)
    return Speeds(of_row=of_row, of_track=_medians(of_row, tracks.track_id, len(tracks.class_share)))


def ground_points(tracks: Tracks, scale: Scale, anchor: Anchor) -> tuple[Floats, Floats]:
    """(n,) x and (n,) y of each anchor in meters; NaN at and above the horizon of the plane.

    Raises:
        RegionsError: the distances contradict each other, or the points are on one line.
    """
    corners = np.array(scale.points, dtype=np.float64) * np.array(tracks.size_px, dtype=np.float64)
    matrix = homography(corners, ground_shape(scale))
    x, y = anchor_points(tracks, anchor)
    mapped = matrix @ np.stack([x, y, np.ones(len(x))])
    ahead = np.sign(matrix @ np.append(corners.mean(axis=0), 1.0))[2]
    depth = np.where(mapped[2] * ahead > 1e-12, mapped[2], np.nan)
    return mapped[0] / depth, mapped[1] / depth


def ground_shape(scale: Scale) -> Floats:
    """(4, 2) the points in meters: point 1 at 0, point 2 on the x axis, point 3 and 4 above it.

    Raises:
        RegionsError: no outline of four corners has these distances.
    """
    first, second, third, fourth = scale.sides_m
    diagonal = float(np.hypot(first, second)) if scale.diagonal_m is None else scale.diagonal_m
    angle_2 = _angle(first, diagonal, second)
    angle_4 = angle_2 + _angle(fourth, diagonal, third)
    shape = np.array(
        [
            (0.0, 0.0),
            (first, 0.0),
            (diagonal * np.cos(angle_2), diagonal * np.sin(angle_2)),
            (fourth * np.cos(angle_4), fourth * np.sin(angle_4)),
        ]
    )
    if not _is_convex(shape):
        raise RegionsError("These distances do not enclose an area with four corners.", _NEXT_STEP)
    return shape


def homography(source: Floats, target: Floats) -> Floats:
    """(3, 3) matrix that maps four points to four others.

    Raises:
        RegionsError: the points do not form an outline with four corners.
    """
    if not _is_convex(source):
        raise RegionsError("The four points are not the corners of an area, in order.", _NEXT_STEP)
    size, center = np.ptp(source, axis=0).max(), source.mean(axis=0)
    normal = np.array([[1, 0, -center[0]], [0, 1, -center[1]], [0, 0, size]]) / size
    rows = []
    for (x, y), (u, v) in zip((source - center) / size, target, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    system = np.array(rows)
    return np.asarray(np.append(np.linalg.solve(system[:, :8], system[:, 8]), 1.0).reshape(3, 3) @ normal)


def _angle(side: float, other: float, opposite: float) -> float:
    """Angle between two sides of a triangle, by the law of cosines."""
    cosine = (side**2 + other**2 - opposite**2) / (2 * side * other)
    if abs(cosine) >= 1:
        raise RegionsError("These distances contradict each other: no triangle has them.", _NEXT_STEP)
    return float(np.arccos(cosine))


def _is_convex(corners: Floats) -> bool:
    edges = np.roll(corners, -1, axis=0) - corners
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    least = 1e-6 * float((edges**2).sum())
    return bool((turns > least).all() or (turns < -least).all())


def _window(tracks: Tracks) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(n,) first and (n,) last row of the same track within half of `WINDOW_S` of each row, or else its neighbors."""
    end_s = float(tracks.time_s.max(initial=0.0)) + 2 * WINDOW_S
    key = tracks.track_id * end_s + tracks.time_s
    first = np.searchsorted(key, key - WINDOW_S / 2 - ROUNDING_S)
    last = np.searchsorted(key, key + WINDOW_S / 2 + ROUNDING_S) - 1
    is_next = np.diff(tracks.track_id) == 0
    is_alone = first == last
    first[1:] -= is_alone[1:] & is_next
    last[:-1] += is_alone[:-1] & is_next
    return first, last


def _medians(values: Floats, track_id: npt.NDArray[np.int32], tracks: int) -> Floats:
    found = np.full(tracks, np.nan)
    known = np.isfinite(values)
    value, number = values[known], track_id[known]
    order = np.lexsort((value, number))
    numbers, starts, counts = np.unique(number[order], return_index=True, return_counts=True)
    low, high = starts + (counts - 1) // 2, starts + counts // 2
    found[numbers - 1] = (value[order][low] + value[order][high]) / 2
    return found
