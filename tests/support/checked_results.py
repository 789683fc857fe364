"""Results whose errors are known, to be checked: 25 entries of a video of 50 frames, a cup and a phantom in each."""

from __future__ import annotations

from typing import Any, Final

from tests.support.opened_results import box, entry

ENTRIES: Final = 25
WIDTH_PX, HEIGHT_PX = 640, 360
CUP: Final = (160, 180, 64, 90)
"""Center and size in pixels; in shares: 0.2 to 0.3, 0.375 to 0.625."""
PHANTOM: Final = (480, 180, 64, 90)
"""A plate that is not there; in shares: 0.7 to 0.8."""
FAINT: Final = (320, 90, 64, 36)
"""A plate that is there, below the usual threshold."""
NULL: Final = 7
"""The entry that was not analyzed."""


def checked_results(model: str = "kitchen") -> dict[str, Any]:
    """One cup (0.9), one phantom (0.8) and one faint plate (0.1) in each entry but `NULL`."""
    boxes = entry(box("cup", 0.9, CUP), box("plate", 0.8, PHANTOM), box("plate", 0.1, FAINT), wh=(WIDTH_PX, HEIGHT_PX))
    return {
        "frame_offset": [2 * at for at in range(ENTRIES)],
        "time_offset": [round(at / 15, 4) for at in range(ENTRIES)],
        model: [None if at == NULL else boxes for at in range(ENTRIES)],
    }
