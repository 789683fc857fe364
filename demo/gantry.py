"""The scanner bridge over both belts, which hides parcels that pass under it."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

from demo.backdrop import Box, painted
from demo.camera import HEIGHT_PX, WIDTH_PX
from demo.paint import Canvas, Layer, Patch, Stage, cast_far
from demo.plan import Belt
from demo.sprites import Faces, body
from demo.textures import Color, Random

Floats = npt.NDArray[np.float64]

HIGH_M: Final = 1.46
_PAINT: Final[Color] = (150, 148, 144)


class Gantry:
    """Two posts, a beam, and a scanner head over each belt."""

    def __init__(self, at_m: float, belts: tuple[Belt, ...]) -> None:
        self.at_m = at_m
        self._belts = belts
        near_m = min(belt.across_m - belt.width_m / 2 for belt in belts) - 0.22
        far_m = max(belt.across_m + belt.width_m / 2 for belt in belts) + 0.22
        self.posts: list[Box] = [((at_m, at_m + 0.06), (y, y + 0.06), (0.0, HIGH_M)) for y in (far_m, near_m - 0.06)]
        self.beam: Box = ((at_m, at_m + 0.06), (near_m - 0.06, far_m + 0.06), (HIGH_M, HIGH_M + 0.06))
        self.heads: list[Box] = [
            ((at_m - 0.05, at_m + 0.11), (belt.across_m - 0.12, belt.across_m + 0.12), (HIGH_M - 0.1, HIGH_M - 0.01))
            for belt in sorted(belts, key=lambda belt: -belt.across_m)
        ]

    @property
    def boxes(self) -> list[Box]:
        """All parts that may hide parcels, roughly from back to front."""
        return [self.posts[0], *self.heads, self.beam, self.posts[1]]

    def paint(self, stage: Stage, random: Random) -> Layer:
        """The bridge as a layer that is blended into each frame."""
        steel = painted(random, _PAINT, 0.3, 1.6)
        light = painted(random, (74, 70, 66), 0.3, 0.3)
        patch = Patch(np.array([(0.0, 0.0), (WIDTH_PX, HEIGHT_PX)]))
        for box in self.boxes:
            textures = [light if box in self.heads else steel] * 5
            middle = np.array([sum(box[0]) / 2, sum(box[1]) / 2, box[2][0]])
            solid = Faces(body(textures, *(high - low for low, high in box)))
            solid.paint(patch, stage, partial(np.add, middle))
        return patch.layer()

    def cast(self, canvas: Canvas, stage: Stage) -> None:
        """Cast the shadow of the beam on the belts: sharp in sunlight, faint under the lamps."""
        for belt in self._belts:
            cast_far(canvas, stage, corners(self.beam), belt.height_m)


def corners(box: Box) -> Floats:
    """(8, 3) corners of a box."""
    return np.array([(x, y, z) for x in box[0] for y in box[1] for z in box[2]])
