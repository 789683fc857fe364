"""Truth for trackers: generated scenes, the demo, and TUD, whose truth comes with motmetrics.

Truth has a row for each object in each frame: frame, object, class, left, top, right, bottom, visible share.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from demo.plan import CLASSES
from demo.settings import FPS as DEMO_FPS
from demo.settings import sample_setting
from demo.truth import seen_at

Floats = npt.NDArray[np.float64]

FPS = 25
_LANES_PX = (150, 260, 380, 500, 600)


def generated(seed: int, seconds: int = 14, size_px: tuple[int, int] = (1280, 720), per_s: float = 0.8) -> Floats:
    """Objects cross the picture, straight or winding, stop, and hide each other. One scene in three has lanes."""
    random = np.random.default_rng(seed)
    times_s = np.arange(seconds * FPS) / FPS
    ways = [
        _way(random, times_s, np.array(size_px, dtype=np.float64), lanes=seed % 3 == 0)
        for _ in range(_number(per_s, seconds))
    ]
    depth = random.random(len(ways)) * 0.5
    rows = [
        np.column_stack([way[0], np.full((len(way[0]), 1), number), np.full((len(way[0]), 1), code), way[1]])
        for number, (*way, code) in enumerate(ways)
    ]
    truth = np.concatenate(rows)
    truth = truth[np.argsort(truth[:, 0], kind="stable")]
    return np.column_stack([truth, _visible_share(truth, depth)])


def _number(per_s: float, seconds: int) -> int:
    return int(per_s * (seconds + 10))


def _way(random: np.random.Generator, times_s: Floats, size_px: Floats, *, lanes: bool) -> tuple[Floats, Floats, int]:
    """(n, 1) frames and (n, 4) boxes of an object in the picture, and its class."""
    height = random.uniform(50, 160)
    own_px = np.array([height * random.choice([0.4, 1.0, 1.6]), height])
    start, end = _lane(random, size_px, own_px) if lanes else _ends(random, size_px, own_px)
    speed = random.uniform(0.5, 3.0) * np.sqrt(own_px.prod())
    length = float(np.linalg.norm(end - start))
    whole_s = length / speed
    passed_s = times_s - random.uniform(-8, times_s[-1])
    moved_s = _with_stop(random, passed_s, whole_s)
    across = np.array([-(end - start)[1], (end - start)[0]]) / length
    swing = random.uniform(0, 0.15) * height * np.sin(2 * np.pi * random.uniform(0.2, 0.7) * passed_s)
    share = moved_s / whole_s
    center = start + share[:, None] * (end - start) + swing[:, None] * across
    half = own_px / 2 * (1 + random.uniform(-0.4, 0.4) * (share - 0.5))[:, None]
    low, high = (np.clip(corner, 0, size_px) for corner in (center - half, center + half))
    seen = (passed_s >= 0) & (moved_s <= whole_s) & ((high - low).prod(axis=1) > 0.2 * (4 * half.prod(axis=1)))
    return np.flatnonzero(seen)[:, None].astype(float), np.column_stack([low, high])[seen], int(random.integers(3))


def _lane(random: np.random.Generator, size_px: Floats, own_px: Floats) -> tuple[Floats, Floats]:
    y = float(random.choice(_LANES_PX)) * size_px[1] / 720
    left = np.array([-own_px[0], y + random.normal(0, 10)])
    right = np.array([size_px[0] + own_px[0], y + random.normal(0, 40)])
    return (left, right) if y < 0.55 * size_px[1] else (right, left)


def _ends(random: np.random.Generator, size_px: Floats, own_px: Floats) -> tuple[Floats, Floats]:
    """A point outside each of two sides of the picture."""
    sides = (int(random.integers(4)), int(random.integers(1, 4)))
    return tuple(_outside(random, size_px, own_px, side) for side in (sides[0], sum(sides) % 4))  # type: ignore[return-value]


def _outside(random: np.random.Generator, size_px: Floats, own_px: Floats, side: int) -> Floats:
    point = random.uniform(0, size_px)
    point[side % 2] = -own_px[side % 2] if side < 2 else size_px[side % 2] + own_px[side % 2]
    return point


def _with_stop(random: np.random.Generator, passed_s: Floats, whole_s: float) -> Floats:
    stop_s, halt_s = random.uniform(0.2, 0.8) * whole_s, random.uniform(0.5, 3)
    if random.random() > 0.25:
        return passed_s
    return np.where(passed_s > stop_s, np.maximum(stop_s, passed_s - halt_s), passed_s)


def _visible_share(truth: Floats, depth: Floats) -> Floats:
    """(n,) 1 less the largest part that one object hides of another; those that stand lower are in front."""
    share = np.ones(len(truth))
    front = truth[:, 6] + depth[truth[:, 1].astype(int)]
    starts = np.searchsorted(truth[:, 0], np.arange(truth[-1, 0] + 2))
    for start, stop in pairwise(starts):
        boxes = truth[start:stop, 3:7]
        low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
        hidden = (high - low).clip(0).prod(axis=2) / (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)[:, None]
        hidden *= front[None, start:stop] > front[start:stop, None]
        share[start:stop] -= hidden.max(axis=1, initial=0)
    return share


def of_demo(seconds: int, from_s: int = 40) -> Floats:
    """The items of the sample's ground truth, from the second on in which it is busy."""
    setting = sample_setting()
    return np.array(
        [
            (frame, one.item.number, CLASSES.index(one.item.class_name), *one.xyxy, one.share)
            for frame in range(seconds * DEMO_FPS)
            for one in seen_at(setting, from_s + frame / DEMO_FPS)
        ],
        dtype=np.float64,
    )


def of_tud(path: Path) -> Floats:
    """Persons of a `gt.txt`: frame from 1, id, left, top, width, height."""
    rows = np.loadtxt(path, delimiter=",")
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    frame, number = rows[:, 0] - 1, rows[:, 1]
    corners = np.column_stack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
    return np.column_stack([frame, number, np.zeros(len(rows)), corners, np.ones(len(rows))])
