"""Tracks written by hand, and those of the demo's ground truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from demo.camera import HEIGHT_PX, WIDTH_PX
from demo.plan import CLASSES
from demo.scene import Setting
from demo.settings import FPS, sample_setting
from demo.shapes import outline, placed
from frametally.sample import find_sample
from frametally.tracking.tracks import Tracks

Box = tuple[float, float, float, float]
SIZE_PX = (1000, 500)


def tracks_of(
    paths: Mapping[int, Mapping[int, Box]],
    times_s: Sequence[float] | npt.NDArray[np.float64],
    *,
    classes: Mapping[int, str] | None = None,
    null: Sequence[int] = (),
    size_px: tuple[int, int] = SIZE_PX,
) -> Tracks:
    """Tracks from their boxes by entry.

    Args:
        paths: for each track id, its box in each entry.
        times_s: of all entries.
        classes: of the tracks; "person" if left out.
        null: entries that were not analyzed.
        size_px: of the picture.
    """
    rows = [(number, entry, box) for number in sorted(paths) for entry, box in sorted(paths[number].items())]
    ids = np.array([row[0] for row in rows], dtype=np.int32)
    entry = np.array([row[1] for row in rows], dtype=np.int32)
    of_track = {number: (classes or {}).get(number, "person") for number in paths}
    names = tuple(sorted(set(of_track.values())))
    analyzed = np.array([at for at in range(len(times_s)) if at not in null], dtype=np.int32)
    times = np.asarray(times_s, dtype=np.float64)
    return Tracks(
        track_id=ids,
        entry=entry,
        box=np.zeros(len(rows), dtype=np.int32),
        time_s=times[entry] if len(rows) else np.zeros(0),
        confidence=np.ones(len(rows)),
        xyxy=np.array([row[2] for row in rows], dtype=np.float32).reshape(-1, 4),
        class_code=np.array([names.index(of_track[row[0]]) for row in rows], dtype=np.int32),
        class_share=np.ones(max(paths, default=0)),
        analyzed_time_s=times[analyzed],
        analyzed_entry=analyzed,
        size_px=size_px,
        classes=names,
    )


def walking(points: Sequence[tuple[float, float]], first: int = 0) -> dict[int, Box]:
    """The boxes, 20 px wide and 40 px high, of a track whose bottom center is at these points, one in each entry."""
    return {first + at: (x - 10, y - 40, x + 10, y) for at, (x, y) in enumerate(points)}


@cache
def _truth(from_s: float, seconds: float) -> list[dict[int, tuple[str, Box]]]:
    setting, first = sample_setting(), round(from_s * FPS)
    return [true_boxes(setting, (first + at) / FPS) for at in range(round(seconds * FPS))]


def true_boxes(setting: Setting, time_s: float) -> dict[int, tuple[str, Box]]:
    """Class and box of each item in the picture, as `demo.truth.seen_at`, also of items that others hide."""
    found: dict[int, tuple[str, Box]] = {}
    shift_px = setting.mount.shift_px(time_s)
    for item in setting.plan.present(time_s):
        hull = setting.camera.project(placed(_outline(item), item, setting.plan, time_s)) + shift_px
        left, top = np.clip(hull.min(axis=0), 0, (WIDTH_PX, HEIGHT_PX)).tolist()
        right, bottom = np.clip(hull.max(axis=0), 0, (WIDTH_PX, HEIGHT_PX)).tolist()
        if left < right and top < bottom:
            found[item.number] = (item.class_name, (left, top, right, bottom))
    return found


_outline = lru_cache(outline)


@cache
def truth_tracks(from_s: float, seconds: float, rate: float = FPS) -> Tracks:
    """Every item of the sample that is visible, with its exact box, at `rate` looks a second; ids are its numbers."""
    frames = _truth(from_s, seconds)
    planned = sorted({min(round(at / rate * FPS - 1e-6), len(frames) - 1) for at in range(round(seconds * rate))})
    paths: dict[int, dict[int, Box]] = {}
    classes: dict[int, str] = {}
    for entry, frame in enumerate(planned):
        for number, (name, box) in frames[frame].items():
            paths.setdefault(number + 1, {})[entry] = box
            classes[number + 1] = name
    times_s = np.array(planned) / FPS
    found = tracks_of(paths, times_s, classes=classes, size_px=(WIDTH_PX, HEIGHT_PX))
    assert set(found.classes) <= set(CLASSES)
    return found


def truth_results(rate: float) -> dict[str, Any]:
    """Results of a model `parcels` that finds every visible item of the whole sample, `rate` frames a second."""
    sample = find_sample()
    assert sample
    every = round(FPS / rate)
    frames = list(range(0, sample.frames, every))
    setting = sample_setting()
    entries = [_entry(true_boxes(setting, frame / FPS)) for frame in frames]
    return {"frame_offset": frames, "time_offset": [round(frame / FPS, 4) for frame in frames], "parcels": entries}


def _entry(boxes: Mapping[int, tuple[str, Box]]) -> dict[str, Any]:
    predictions = [
        {
            "x": (left + right) / 2,
            "y": (top + bottom) / 2,
            "width": right - left,
            "height": bottom - top,
            "confidence": 0.9,
            "class": name,
            "class_id": CLASSES.index(name),
        }
        for name, (left, top, right, bottom) in boxes.values()
    ]
    return {"time": 0.01, "image": {"width": WIDTH_PX, "height": HEIGHT_PX}, "predictions": predictions}
