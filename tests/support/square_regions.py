"""Results of the square of `small_video`, and a line and a zone that it meets."""

from __future__ import annotations

from typing import Any

SET = {
    "camera": "dock",
    "size": [320, 240],
    "lines": [{"id": "l1", "name": "Gate", "start": [0.5, 0.2], "end": [0.5, 0.9]}],
    "zones": [{"id": "z1", "name": "Dock", "points": [[0.6, 0.2], [1, 0.2], [1, 0.9], [0.6, 0.9]]}],
}
FIRST, STEP, EVERY = 10, 6, 2


def square_results() -> dict[str, Any]:
    """The square of `small_video`, which crosses the picture to the right."""
    frames = list(range(0, 40, EVERY))
    image = {"width": 320, "height": 240}
    return {
        "frame_offset": frames,
        "time_offset": [frame / 10 for frame in frames],
        "motion": [{"time": 0.01, "image": image, "predictions": boxes_of(frame)} for frame in frames],
    }


def boxes_of(frame: int) -> list[dict[str, Any]]:
    if frame < FIRST:
        return []
    box = {"x": (frame - FIRST) * STEP + 24, "y": 120, "width": 48, "height": 48}
    return [{**box, "confidence": 0.9, "class": "moving", "class_id": 0}]
