"""Ground truth computed from the plan: boxes, visible shares, counts and line crossings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from demo.camera import HEIGHT_PX, WIDTH_PX
from demo.gantry import corners
from demo.order import back_to_front
from demo.plan import CLASSES, Item
from demo.scene import Setting
from demo.shapes import outline, placed

Floats = npt.NDArray[np.float64]

COUNTED_SHARE: Final = 0.3
"""An item counts in a frame if at least this share of its outline is visible."""
LINE_M: Final = -0.55
"""Position along the belts of the line at which crossings are counted."""
_COARSE: Final = 2
_MARGIN_M: Final = 0.1


class Seen(NamedTuple):
    """An item in one frame."""

    item: Item
    xyxy: tuple[float, float, float, float]
    """Its box in pixels, including hidden parts, clipped to the image."""
    share: float
    """Visible share of its outline, 0 to 1."""
    center_px: tuple[float, float]
    """Center of its unclipped box."""

    @property
    def counts(self) -> bool:
        return self.share >= COUNTED_SHARE


def seen_at(setting: Setting, time_s: float) -> list[Seen]:
    """Every item that is at least partly visible at `time_s`, from back to front."""
    camera, plan = setting.camera, setting.plan
    shift = setting.mount.shift_px(time_s)
    items = back_to_front(plan, camera, time_s)
    hulls = [camera.project(placed(outline(item), item, plan, time_s)) + shift for item in items]
    bridge = [camera.project(corners(box)) + shift for box in setting.gantry.boxes]
    shares = _shares(hulls, bridge)
    return [_seen(item, hull, share) for item, hull, share in zip(items, hulls, shares, strict=True) if share > 0]


def counts_at(seen: list[Seen]) -> list[int]:
    """Number of items that count, by class id."""
    names = [one.item.class_name for one in seen if one.counts]
    return [names.count(name) for name in CLASSES]


def truth_of(setting: Setting, seconds: int, fps: int) -> dict[str, object]:
    """The ground truth of a clip, as stored in its JSON file."""
    frames = [seen_at(setting, number / fps) for number in range(seconds * fps)]
    by_second = [counts_at(frame) for frame in frames[::fps]]
    unique = {one.item.number: one.item.class_name for frame in frames for one in frame if one.counts}
    start, end = line_px(setting)
    return {
        "seed": setting.seed,
        "fps": fps,
        "frames": len(frames),
        "width": WIDTH_PX,
        "height": HEIGHT_PX,
        "counted_share": COUNTED_SHARE,
        "counts_per_second": {name: [count[at] for count in by_second] for at, name in enumerate(CLASSES)},
        "unique_objects": {name: list(unique.values()).count(name) for name in CLASSES},
        "line": {"start": [round(value, 1) for value in start], "end": [round(value, 1) for value in end]},
        "crossings": _tally(crossings(frames, start, end)),
    }


def line_px(setting: Setting) -> tuple[list[float], list[float]]:
    """Near end and far end of the line at which crossings are counted, in pixels."""
    belts = setting.plan.belts
    near_m = min(belt.across_m - belt.width_m / 2 for belt in belts) - _MARGIN_M
    far_m = max(belt.across_m + belt.width_m / 2 for belt in belts) + _MARGIN_M
    ends = np.array([(LINE_M, y, belts[0].height_m) for y in (near_m, far_m)])
    start, end = setting.camera.project(ends).tolist()
    return start, end


def crossings(frames: list[list[Seen]], start: list[float], end: list[float]) -> Iterator[tuple[str, str]]:
    """(class, direction "right" or "left") for each crossing of the line by the center of an item's box."""
    sides: dict[int, bool] = {}
    for frame in frames:
        for one in frame:
            is_right = _right_of(one.center_px, start, end)
            if sides.get(one.item.number, is_right) != is_right:
                yield one.item.class_name, "right" if is_right else "left"
            sides[one.item.number] = is_right


def _tally(passed: Iterator[tuple[str, str]]) -> dict[str, dict[str, int]]:
    all_passed = list(passed)
    return {name: {way: all_passed.count((name, way)) for way in ("right", "left")} for name in CLASSES}


def _right_of(point: tuple[float, float], start: list[float], end: list[float]) -> bool:
    along = (end[0] - start[0], end[1] - start[1])
    return along[0] * (point[1] - start[1]) - along[1] * (point[0] - start[0]) > 0


def _shares(hulls: list[Floats], bridge: list[Floats]) -> list[float]:
    """Share of each outline that is inside the image and not covered by later outlines or the bridge."""
    owners = np.zeros((HEIGHT_PX // _COARSE, WIDTH_PX // _COARSE), dtype=np.uint8)
    areas = []
    for number, points in enumerate([*hulls, *bridge]):
        hull = cv2.convexHull((points / _COARSE).astype(np.float32))
        areas.append(float(cv2.contourArea(hull)))
        owner = number + 1 if number < len(hulls) else 0
        cv2.fillConvexPoly(owners, np.round(hull * 16).astype(np.int32), owner, cv2.LINE_8, 4)
    shown = np.bincount(owners.ravel(), minlength=len(hulls) + 1)[1:]
    return [min(float(pixels) / area, 1.0) for pixels, area in zip(shown, areas[: len(hulls)], strict=True)]


def _seen(item: Item, hull: Floats, share: float) -> Seen:
    low, high = hull.min(axis=0), hull.max(axis=0)
    center = (float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2)
    left, top = np.clip(low, 0, (WIDTH_PX, HEIGHT_PX)).tolist()
    right, bottom = np.clip(high, 0, (WIDTH_PX, HEIGHT_PX)).tolist()
    return Seen(item, (left, top, right, bottom), share, center)
