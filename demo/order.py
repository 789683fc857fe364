"""Depth order of the parcels for painting from back to front."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from demo.camera import Camera
from demo.plan import Item, Plan, oblong
from demo.shapes import placed

Floats = npt.NDArray[np.float64]

_NEAR_M = 1.2


def back_to_front(plan: Plan, camera: Camera, time_s: float) -> list[Item]:
    """The items on the belts, each after those that it may hide."""
    eye = np.array(camera.position)
    items = plan.present(time_s)
    feet = {item.number: _foot(item, plan, time_s) for item in items}
    middles = {item.number: np.array(plan.center_m(item, time_s)) for item in items}
    waiting = sorted(items, key=lambda item: -float(np.linalg.norm(middles[item.number] - eye)))
    ordered: list[Item] = []
    while waiting:
        free = next((item for item in waiting if not _hides_any(item, waiting, feet, middles, eye)), waiting[0])
        waiting.remove(free)
        ordered.append(free)
    return ordered


def _hides_any(
    item: Item, others: list[Item], feet: dict[int, Floats], middles: dict[int, Floats], eye: Floats
) -> bool:
    near = (
        other
        for other in others
        if other is not item and np.abs(middles[item.number] - middles[other.number])[:2].max() < _NEAR_M
    )
    return any(_in_front(item, other, feet, eye) for other in near)


def _in_front(item: Item, other: Item, feet: dict[int, Floats], eye: Floats) -> bool:
    """Whether an item must be painted after another: it is on top of it, or between it and the camera."""
    if item.base_m != other.base_m:
        return item.base_m > other.base_m
    mine, theirs = feet[item.number], feet[other.number]
    return _separated_behind(theirs, mine, eye) or (
        not _separated_behind(mine, theirs, eye) and _separated_in_front(mine, theirs, eye)
    )


def _separated_behind(behind: Floats, front: Floats, eye: Floats) -> bool:
    """Whether `front` and the camera are both outside one side of `behind`."""
    for start, end in zip(behind, np.roll(behind, -1, axis=0), strict=True):
        outward = np.array((end[1] - start[1], start[0] - end[0]))
        if ((front - start) @ outward >= -1e-3).all() and (eye[:2] - start) @ outward > 0:
            return True
    return False


def _separated_in_front(mine: Floats, theirs: Floats, eye: Floats) -> bool:
    """Whether one side of `mine` has `theirs` on its outside and the camera on its inside."""
    for start, end in zip(mine, np.roll(mine, -1, axis=0), strict=True):
        outward = np.array((end[1] - start[1], start[0] - end[0]))
        if ((theirs - start) @ outward >= -1e-3).all() and (eye[:2] - start) @ outward < 0:
            return True
    return False


def _foot(item: Item, plan: Plan, time_s: float) -> Floats:
    """(4, 2) corners on the belt, counter-clockwise from above."""
    corners = oblong(0.0, 0.0, 0.0, item.size_m[0], item.size_m[1])
    return placed(np.column_stack([corners, np.zeros(4)]), item, plan, time_s)[:, :2]
