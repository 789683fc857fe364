"""Perfect boxes of the demo's ground truth, as results."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from demo.camera import HEIGHT_PX, WIDTH_PX
from demo.settings import FPS, sample_setting
from demo.truth import Seen, seen_at
from frametally.results import Results, open_results
from tests.support.archives import archive_cached

_setting = cache(sample_setting)


@cache
def visible(frame: int) -> tuple[Seen, ...]:
    """The items that count in a frame of the sample."""
    return tuple(one for one in seen_at(_setting(), frame / FPS) if one.counts)


def frames_at(rate: float, from_s: float, until_s: float) -> list[int]:
    """The frames of the sample that are analyzed at this rate."""
    return sorted({round(at / rate * FPS) for at in range(round(from_s * rate), round(until_s * rate))})


def classes_in(frames: Iterable[int]) -> dict[int, str]:
    """The class of each item that counts in one of these frames, by its number."""
    return {one.item.number: one.item.class_name for frame in frames for one in visible(frame)}


def perfect_results(folder: Path, frames: list[int]) -> Results:
    """Results of the model `truth` with the exact box of each item that counts."""
    content = {
        "frame_offset": frames,
        "time_offset": [frame / FPS for frame in frames],
        "truth": [
            {
                "time": 0.01,
                "image": {"width": WIDTH_PX, "height": HEIGHT_PX},
                "predictions": [*map(_box, visible(frame))],
            }
            for frame in frames
        ],
    }
    path = folder / "truth.json"
    path.write_text(json.dumps(content))
    target = Path(mkdtemp(dir=folder)) / "archive"
    archive_cached(path, target)
    return open_results(target)


def _box(one: Seen) -> dict[str, Any]:
    left, top, right, bottom = one.xyxy
    size = {"x": (left + right) / 2, "y": (top + bottom) / 2, "width": right - left, "height": bottom - top}
    return {**size, "confidence": 1.0, "class": one.item.class_name}
