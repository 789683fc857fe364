"""The surface of a belt: dark rubber that runs, painted into the same place in every frame."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from demo.backdrop import REACH_M
from demo.camera import HEIGHT_PX, WIDTH_PX, fit_quad
from demo.paint import Canvas, Stage
from demo.plan import Belt
from demo.textures import Colour, Image, Random, noise, shaded

_PX_PER_M: Final = 240
_LOOP_M: Final = 7.0
SHUTTER_S: Final = 1 / 60


class Surface:
    """One belt's surface as the camera sees it."""

    def __init__(self, stage: Stage, belt: Belt, random: Random) -> None:
        self._belt = belt
        loop = _rubber(random, belt.width_m)
        self._tape = np.concatenate([loop] * 3, axis=1)
        half = belt.width_m / 2
        ends = ((-REACH_M, half), (REACH_M, half), (REACH_M, -half), (-REACH_M, -half))
        corners = np.array([(x, belt.across_m + y, belt.height_m) for x, y in ends])
        seen = stage.camera.project(corners)
        self._top = max(int(seen[:, 1].min()), 0)
        self._bottom = min(int(seen[:, 1].max()) + 2, HEIGHT_PX)
        seen = seen - (0, self._top)
        size = (WIDTH_PX, self._bottom - self._top)
        self._lay = fit_quad((int(REACH_M * 2 * _PX_PER_M), loop.shape[0]), seen)
        mask = np.zeros(size[::-1], dtype=np.uint8)
        cv2.fillConvexPoly(mask, np.round(seen * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
        onto = cv2.getPerspectiveTransform(stage.windows.on_map(corners), seen.astype(np.float32))
        sun = cv2.warpPerspective(stage.windows.map, onto, size)
        self._mask = np.asarray(cv2.merge([mask] * 3), dtype=np.uint8)
        self._sun = cv2.copyTo(cv2.convertScaleAbs(sun, alpha=float(stage.windows.sun_from[2]) * 0.8), mask)
        self._light = mask

    def paint(self, canvas: Canvas, time_s: float) -> None:
        """The surface as far as it has run."""
        shown = int(REACH_M * 2 * _PX_PER_M)
        run = self._belt.direction * self._belt.travelled_m(time_s) % _LOOP_M * _PX_PER_M
        start = self._tape.shape[1] // 3 - run
        part = self._tape[:, int(start) : int(start) + shown + 1]
        slip = np.array([[1, 0, int(start) - start], [0, 1, 0], [0, 0, 1]])
        size = (WIDTH_PX, self._bottom - self._top)
        rubber = cv2.warpPerspective(part, self._lay @ slip, size, borderMode=cv2.BORDER_REPLICATE)
        band = np.s_[self._top : self._bottom]
        canvas.colour[band] = _over(rubber, canvas.colour[band], self._mask)
        canvas.sun[band] = cv2.add(self._sun, cv2.multiply(canvas.sun[band], 255 - self._light, scale=1 / 255))


def _rubber(random: Random, width_m: float) -> Image:
    """A loop of belt: weave, scuffs that run with it, a seam, edges rubbed grey."""
    width, height = int(_LOOP_M * _PX_PER_M), int(width_m * _PX_PER_M)
    colour: Colour = ((66, 66, 64), (74, 68, 62), (70, 78, 68))[int(random.integers(3))]
    light = (
        1 + 0.05 * noise(random, width, height, 90) + 0.04 * random.standard_normal((height, width), dtype=np.float32)
    )
    light += 0.05 * np.sin(np.arange(width, dtype=np.float32) * 1.05)[np.newaxis]
    light += 0.03 * noise(random, width, 1, 1)[:1] + 0.06 * noise(random, 1, height, 14)[:, :1]
    rubber = shaded(colour, light)
    _scuff(rubber, random)
    seam = int(random.integers(width // 4, width // 2))
    cv2.line(rubber, (seam, 0), (seam + height // 5, height), (34, 34, 34), 3, cv2.LINE_AA)
    cv2.line(rubber, (seam + 5, 0), (seam + 5 + height // 5, height), (88, 88, 86), 2, cv2.LINE_AA)
    edge = int(0.02 * _PX_PER_M)
    for rows in (slice(0, edge), slice(height - edge, height)):
        rubber[rows] = (rubber[rows] * 1.35).clip(0, 255).astype(np.uint8)
    return rubber


def _scuff(rubber: Image, random: Random) -> None:
    height, width = rubber.shape[:2]
    pale = np.zeros((height, width), dtype=np.uint8)
    for _ in range(60):
        start = np.array([random.uniform(0, width - 90), random.uniform(0, height)])
        end = start + np.array((random.uniform(8, 80), random.normal(0, 6)))
        cv2.line(pale, start.astype(int).tolist(), end.astype(int).tolist(), int(random.uniform(8, 34)), 1, cv2.LINE_AA)
    rubber[:] = cv2.add(rubber, cv2.merge([pale] * 3))


def _over(top: npt.ArrayLike, under: Image, mask: Image) -> Image:
    shown = cv2.multiply(np.asarray(top, dtype=np.uint8), mask, scale=1 / 255)
    return np.asarray(cv2.add(shown, cv2.multiply(under, 255 - mask, scale=1 / 255)), dtype=np.uint8)
