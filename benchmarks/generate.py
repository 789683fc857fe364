"""Generate results files of any size, in chunks; a seed determines the content."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

CLASSES = ("person", "car", "truck", "bus", "bicycle", "dog", "bottle", "chair", "backpack", "umbrella")
FPS = 5
_WIDTH_PX, _HEIGHT_PX = 1920, 1080


def write_results(path: Path, *, hours: float, boxes_per_entry: float = 19.3, points: int = 0, seed: int = 7) -> int:
    """Write results of one model at 5 entries per second, one in 50 of them null; returns the number of boxes.

    `boxes_per_entry` is the mean over all entries, null included. If `points` is not 0, each box also has a polygon of
    this many points. The format is that of the service.
    """
    random = np.random.default_rng(seed)
    entries = int(hours * 3600 * FPS)
    boxes = 0
    with path.open("w") as file:
        frames = [at * 6 for at in range(entries)]
        times = [round(at / FPS, 4) for at in range(entries)]
        file.write(f'{{"frame_offset": {json.dumps(frames)}, "time_offset": {json.dumps(times)}, "model": [')
        for first in range(0, entries, 1000):
            sizes = random.poisson(boxes_per_entry / 0.98, min(1000, entries - first))
            sizes[random.random(len(sizes)) < 0.02] = -1
            boxes += int(sizes.clip(0).sum())
            file.write(", " if first else "")
            file.write(", ".join(_entries(random, sizes, points)))
        file.write("]}")
    return boxes


def _entries(random: np.random.Generator, sizes: np.ndarray, points: int) -> list[str]:
    boxes = _boxes(random, int(sizes.clip(0).sum()), points)
    starts = np.cumsum(sizes.clip(0)) - sizes.clip(0)
    times = random.random(len(sizes)).round(6).tolist()
    return [
        "null"
        if size < 0
        else f'{{"time": {time}, "image": {{"width": {_WIDTH_PX}, "height": {_HEIGHT_PX}}}, '
        f'"predictions": [{", ".join(boxes[start : start + size])}]}}'
        for size, start, time in zip(sizes.tolist(), starts.tolist(), times, strict=True)
    ]


def _boxes(random: np.random.Generator, count: int, points: int) -> list[str]:
    shape = (random.random((count, 4)) * (1900, 1060, 400, 300)).round(1).tolist()
    confidence = random.beta(4, 2, count).tolist()
    codes = np.minimum(random.geometric(0.3, count) - 1, len(CLASSES) - 1).tolist()
    ids = random.bytes(16 * count).hex()
    polygons = _polygons(random, count, points) if points else [""] * count
    return [
        f'{{"x": {x}, "y": {y}, "width": {width}, "height": {height}, "confidence": {score}, '
        f'"class": "{CLASSES[code]}", "class_id": {code}, "detection_id": "{ids[at * 32 : at * 32 + 32]}"{polygon}}}'
        for at, ((x, y, width, height), score, code, polygon) in enumerate(
            zip(shape, confidence, codes, polygons, strict=True)
        )
    ]


def _polygons(random: np.random.Generator, count: int, points: int) -> list[str]:
    outlines = (random.random((count, points, 2)) * (1900, 1060)).round(1).tolist()
    return [', "points": [' + ", ".join([f'{{"x": {x}, "y": {y}}}' for x, y in outline]) + "]" for outline in outlines]
