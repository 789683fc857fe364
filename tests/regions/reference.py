"""What crossings and stays are, once more: look by look, one track at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from frametally.regions.shapes import Line, Zone
from frametally.tracking.tracks import Tracks

Point = tuple[float, float]
X = {"left": 0.0, "center": 0.5, "right": 1.0}
Y = {"top": 0.0, "center": 0.5, "bottom": 1.0}


@dataclass
class Passed:
    track_id: int
    is_in: bool
    time_s: float
    shortest_s: float
    """The shorter of the times for which the object was seen before and after it on these sides."""


def path_of(tracks: Tracks, number: int, anchor: str) -> list[tuple[float, Point]]:
    words = anchor.split("_")
    x_share = next((X[word] for word in words if word in ("left", "right")), 0.5)
    y_share = next((Y[word] for word in words if word in ("top", "bottom")), 0.5)
    rows = np.flatnonzero(tracks.track_id == number)
    found = []
    for row in rows.tolist():
        left, top, right, bottom = (float(side) for side in tracks.xyxy[row])
        point = (left + x_share * (right - left), top + y_share * (bottom - top))
        found.append((float(tracks.time_s[row]), point))
    return found


def passed(tracks: Tracks, line: Line) -> Iterator[Passed]:
    width, height = tracks.size_px
    start, end = ((x * width, y * height) for x, y in (line.start, line.end))
    length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
    for number in np.unique(tracks.track_id).tolist():
        path = path_of(tracks, number, line.anchor)
        sides = [_cross(start, end, point) / length for _, point in path]
        known = 0
        since: float | None = None
        for at, side in enumerate(sides):
            now = 0 if abs(side) <= line.hysteresis_px else 1 if side > 0 else -1
            if now == 0:
                continue
            if now == -known:
                last = max(before for before in range(at) if sides[before] * now <= 0)
                if _meets(path[last][1], path[last + 1][1], start, end):
                    after = next((k for k in range(at, len(sides)) if sides[k] * now <= 0), len(sides) - 1)
                    lasts_s = path[after][0] - path[at][0]
                    shortest_s = min(lasts_s, path[last][0] - (since or 0.0))
                    share = sides[last] / (sides[last] - sides[last + 1])
                    time_s = path[last][0] + share * (path[last + 1][0] - path[last][0])
                    yield Passed(number, now > 0, time_s, shortest_s)
            if now != known:
                since = path[at][0]
            known = now


def stays(tracks: Tracks, zone: Zone) -> dict[int, list[tuple[float, float]]]:
    """First and last look inside of each stay, by track."""
    width, height = tracks.size_px
    corners = [(x * width, y * height) for x, y in zone.points]
    looks = tracks.analyzed_time_s.tolist()
    found: dict[int, list[tuple[float, float]]] = {}
    for number in np.unique(tracks.track_id).tolist():
        spans: list[tuple[float, float]] = []
        for time_s, point in path_of(tracks, number, zone.anchor):
            if not is_inside(point, corners):
                continue
            if spans and absence_s(looks, spans[-1][1], time_s) <= zone.bridged_gap_s:
                spans[-1] = (spans[-1][0], time_s)
            else:
                spans.append((time_s, time_s))
        if spans:
            found[number] = spans
    return found


def absence_s(looks: list[float], last_s: float, next_s: float) -> float:
    following = looks[bisect_right(looks, last_s)]
    return next_s - following


def is_inside(point: Point, corners: list[Point]) -> bool:
    """By the winding number, which agrees with the even-odd rule for outlines that do not cross themselves."""
    turns = 0
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        left = _cross((x0, y0), (x1, y1), point)
        if y0 <= point[1] < y1 and left < 0:
            turns -= 1
        if y1 <= point[1] < y0 and left > 0:
            turns += 1
    return turns != 0


def _cross(start: Point, end: Point, point: Point) -> float:
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


def _meets(a: Point, b: Point, start: Point, end: Point) -> bool:
    """Whether the ends of the line are on different sides of the step, which itself passes the line."""
    return _cross(a, b, start) * _cross(a, b, end) <= 0
