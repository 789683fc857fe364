"""Orientation of a frame: which of the eight quarter turns and mirrorings its display matrix asks for.

The display matrix is that of ISO/IEC 14496-12, 8.3.2 (`tkhd`), in FFmpeg's order (libavutil/display.h): a, b, u, c, d,
v, x, y, w. A pixel at (p, q) is shown at (a p + c q, b p + d q). As in ffmpeg's autorotate, its scale and offset are
ignored; other angles are rounded to the nearest quarter turn.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeVar

import av
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import SideDataContainer, Type

Pixels = TypeVar("Pixels", bound=np.generic)


class Orientation(NamedTuple):
    """How stored pixels become upright: first transposed, then mirrored."""

    is_transposed: bool = False
    """Rows and columns are exchanged."""
    mirrors_x: bool = False
    """Left and right are exchanged."""
    mirrors_y: bool = False
    """Top and bottom are exchanged."""

    @property
    def is_mirrored(self) -> bool:
        """Whether text would read backwards without it: a mirroring, not a turn alone."""
        return (self.is_transposed + self.mirrors_x + self.mirrors_y) % 2 == 1

    @property
    def rotation_deg(self) -> int:
        """Counterclockwise turn, 0 to 270; of a mirrored picture, after exchanging left and right."""
        if self.is_transposed:
            return 270 if self.mirrors_x else 90
        return 180 if self.mirrors_y else 0

    def size(self, width_px: int, height_px: int) -> tuple[int, int]:
        """Width and height of the upright picture; of the stored one for those of the upright picture."""
        return (height_px, width_px) if self.is_transposed else (width_px, height_px)

    def applied_to(self, image: npt.NDArray[Pixels]) -> npt.NDArray[Pixels]:
        """The upright picture of (h, w, ...) stored pixels; contiguous in memory, the same array if it is upright."""
        if self == UPRIGHT:
            return image
        turned = image.swapaxes(0, 1) if self.is_transposed else image
        return np.ascontiguousarray(turned[:: -1 if self.mirrors_y else 1, :: -1 if self.mirrors_x else 1])

    def applied_to_points(self, xy: npt.NDArray[np.floating], width: float, height: float) -> npt.NDArray[np.floating]:
        """(..., 2) points of a stored picture of this size, in the upright one."""
        turned = xy[..., ::-1] if self.is_transposed else xy
        width, height = (height, width) if self.is_transposed else (width, height)
        x = width - turned[..., 0] if self.mirrors_x else turned[..., 0]
        y = height - turned[..., 1] if self.mirrors_y else turned[..., 1]
        return np.stack([x, y], axis=-1)


UPRIGHT: Final = Orientation()


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """The orientation of a decoded frame."""
    try:
        # `frame.side_data` would keep the frame in a reference cycle until the next garbage collection.
        matrix = SideDataContainer(frame).get(Type.DISPLAYMATRIX)  # type: ignore[call-arg]  # the stub lacks it
    except ValueError:  # side data of a type that PyAV does not know
        return _turned(frame.rotation)
    return UPRIGHT if matrix is None else of_matrix(np.frombuffer(bytes(matrix), dtype=np.int32).tolist())


def of_matrix(matrix: list[int]) -> Orientation:
    """The orientation that a display matrix of nine integers asks for."""
    a, b, _, c, d = matrix[:5]
    # As in av_display_rotation_get: the angle of the first row, each column by its own length.
    if abs(b) * np.hypot(a, c) > abs(a) * np.hypot(b, d):
        return Orientation(True, c < 0, b < 0)
    return Orientation(False, a < 0, d < 0)


def _turned(counterclockwise_deg: int) -> Orientation:
    quarter_turns = (
        UPRIGHT,
        Orientation(True, False, True),
        Orientation(False, True, True),
        Orientation(True, True, False),
    )
    return quarter_turns[round(counterclockwise_deg / 90) % 4]
