"""Small results documents in the format of the service."""

from __future__ import annotations

from typing import Any


def entry(*boxes: dict[str, Any]) -> dict[str, Any]:
    return {"time": 0.07, "image": {"width": 320, "height": 240}, "predictions": list(boxes)}


def document(*entries: Any) -> dict[str, Any]:
    """Results of the model `cars` at 5 frames per second."""
    count = len(entries)
    offsets = {"frame_offset": [at * 2 for at in range(count)], "time_offset": [at / 5 for at in range(count)]}
    return {**offsets, "cars": list(entries)}
