"""Whether a set of regions fits a picture: it was drawn on another one."""

from __future__ import annotations

from typing import Final

from frametally.regions import messages
from frametally.regions.background import MIN_SIMILARITY, similarity
from frametally.regions.shapes import RegionSet

_TOLERANCE: Final = 0.02
"""Of the ratio of width to height."""


def misfits(regions: RegionSet, size_px: tuple[int, int], background: bytes | None) -> list[str]:
    """What to check before the counts are used, as sentences; empty if nothing is noticed.

    Args:
        regions: the set.
        size_px: displayed width and height of the picture on which it is to be used.
        background: of that video, as from `small_background`; None if it is not known.
    """
    found = []
    if abs(size_px[0] / size_px[1] * regions.size[1] / regions.size[0] - 1) > _TOLERANCE:
        found.append(messages.other_shape(regions.size, size_px))
    if background is not None and regions.background is not None:
        alike = similarity(regions.background, background)
        if alike < MIN_SIMILARITY:
            found.append(messages.moved_camera(alike))
    return found
