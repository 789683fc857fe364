"""Outline points of each class, to locate an item in the image without painting it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from demo.plan import Item, Plan

Floats = npt.NDArray[np.float64]

_ROUND_POINTS = 20


def outline(item: Item) -> Floats:
    """(n, 3) points, in meters around the center of the underside, with the same convex hull as the item."""
    length_m, width_m, height_m = item.size_m
    if item.class_name == "tube":
        return _cylinder(length_m, height_m)
    if item.class_name in ("bag", "envelope"):
        low, high = rim(item), rim(item) * 0.62
        return np.concatenate([_at(low, height_m * 0.15), _at(low * 0.9, height_m * 0.7), _at(high, height_m)])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (length_m / 2, width_m / 2)
    return np.concatenate([_at(corners, 0.0), _at(corners, height_m)])


def rim(item: Item) -> Floats:
    """(n, 2) outline of a soft item from above: a rectangle with rounded corners."""
    angles = np.linspace(0, 2 * math.pi, 4 * _ROUND_POINTS, endpoint=False)
    power = roundness(item)
    half = np.array(item.size_m[:2]) / 2
    direction = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    reach = (np.abs(direction[:, 0]) ** power + np.abs(direction[:, 1]) ** power) ** (-1 / power)
    return np.asarray(direction * reach[:, np.newaxis] * half, dtype=np.float64)


def roundness(item: Item) -> float:
    """Exponent of the superellipse that outlines a soft item from above; a higher exponent makes it squarer."""
    return 14.0 if item.class_name == "envelope" else 5.0


def placed(points: Floats, item: Item, plan: Plan, time_s: float) -> Floats:
    """Points (n, 3) around the center of an item's underside, in hall coordinates at `time_s`."""
    yaw_rad = item.yaw_rad + (
        math.pi if plan.belts[item.belt].direction > 0 else 0.0
    )  # positions along a belt increase against its direction of travel
    cos, sin = math.cos(yaw_rad), math.sin(yaw_rad)
    turned = points[:, :2] @ np.array([[cos, sin], [-sin, cos]])
    return np.column_stack([turned, points[:, 2]]) + plan.center_m(item, time_s)


def _cylinder(length_m: float, diameter_m: float) -> Floats:
    angles = np.linspace(0, 2 * math.pi, _ROUND_POINTS, endpoint=False)
    ring = np.stack([np.cos(angles), np.sin(angles) + 1], axis=1) * diameter_m / 2
    ends = [np.column_stack([np.full(_ROUND_POINTS, end * length_m / 2), ring]) for end in (-1, 1)]
    return np.concatenate(ends)


def _at(points: Floats, height_m: float) -> Floats:
    return np.column_stack([points, np.full(len(points), height_m)])
