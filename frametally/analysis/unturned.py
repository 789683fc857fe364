"""Results of a service that analyzed the stored picture without turning it upright as its display matrix asks."""

from __future__ import annotations

from typing import Final

from frametally.video.orientation import Orientation

_TOLERANCE: Final = 0.02
"""Of the ratio of width to height: services may report a scaled size, rounded to whole pixels."""


def is_unturned(reported_wh: tuple[float, float] | None, upright_wh: tuple[int, int], orientation: Orientation) -> bool:
    """Whether coordinates refer to the stored picture: its shape was reported, not that of the upright one.

    Only quarter turns exchange the sides. Other turns and mirrorings, and square pictures, cannot be recognized.

    Args:
        reported_wh: width and height that the coordinates refer to, as reported for the entry; None if unknown.
        upright_wh: size of the upright frame.
        orientation: of the frame.
    """
    if reported_wh is None or not orientation.is_transposed:
        return False
    if reported_wh in (upright_wh, upright_wh[::-1]):
        return reported_wh != upright_wh
    upright = upright_wh[0] / upright_wh[1]
    return _is_close(reported_wh, 1 / upright) and not _is_close(reported_wh, upright)


def _is_close(wh: tuple[float, float], ratio: float) -> bool:
    return abs(wh[0] / wh[1] / ratio - 1) <= _TOLERANCE
