"""The moving surface of a belt, painted into the same region of every frame."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from demo.backdrop import REACH_M
from demo.camera import HEIGHT_PX, WIDTH_PX, fit_quad
from demo.paint import Canvas, Stage, times
from demo.plan import Belt
from demo.textures import Color, Image, Random, noise, shaded

_PX_PER_M: Final = 240
_LOOP_M: Final = 7.0
_SHOWN_PX: Final = int(REACH_M * 2 * _PX_PER_M)
SHUTTER_S: Final = 1 / 60

Floats = npt.NDArray[np.float64]


class Surface:
    """The surface of one belt, projected into the image."""

    def __init__(self, stage: Stage, belt: Belt, random: Random) -> None:
        self._belt = belt
        loop = _rubber(random, belt.width_m)
        self._tape = np.concatenate([loop] * 3, axis=1)
        corners = _corners(belt)
        seen = stage.camera.project(corners)
        top, bottom = max(int(seen[:, 1].min()), 0), min(int(seen[:, 1].max()) + 2, HEIGHT_PX)
        self._band = np.s_[top:bottom]
        self._size = (WIDTH_PX, bottom - top)
        inside = seen - (0, top)
        self._lay = fit_quad((_SHOWN_PX, loop.shape[0]), inside)
        self._mask = np.zeros(self._size[::-1], dtype=np.uint8)
        cv2.fillConvexPoly(self._mask, np.round(inside * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
        self._sun = _sun_on(stage, corners, inside, self._mask)

    def paint(self, canvas: Canvas, time_s: float) -> None:
        """Paint the surface as it is at `time_s`, shifted by the distance that the belt has traveled."""
        run_px = self._belt.direction * self._belt.traveled_m(time_s) % _LOOP_M * _PX_PER_M
        start_px = self._tape.shape[1] // 3 - run_px
        part = self._tape[:, int(start_px) : int(start_px) + _SHOWN_PX + 1]
        slip = np.array([[1, 0, int(start_px) - start_px], [0, 1, 0], [0, 0, 1]])
        rubber = cv2.warpPerspective(part, self._lay @ slip, self._size, borderMode=cv2.BORDER_REPLICATE)
        under = np.asarray(255 - self._mask)
        shown = times(np.asarray(rubber, dtype=np.uint8), self._mask)
        canvas.color[self._band] = cv2.add(shown, times(canvas.color[self._band], under))
        canvas.sun[self._band] = cv2.add(self._sun, times(canvas.sun[self._band], under))


def _corners(belt: Belt) -> Floats:
    """(4, 3) corners of the surface: far left, far right, near right, near left."""
    half_m = belt.width_m / 2
    ends = ((-REACH_M, half_m), (REACH_M, half_m), (REACH_M, -half_m), (-REACH_M, -half_m))
    return np.array([(x, belt.across_m + y, belt.height_m) for x, y in ends])


def _sun_on(stage: Stage, corners: Floats, seen: Floats, mask: Image) -> Image:
    """Sunlight on the surface; rubber reflects less than paper."""
    onto = cv2.getPerspectiveTransform(stage.windows.on_map(corners), seen.astype(np.float32))
    light = cv2.warpPerspective(stage.windows.map, onto, mask.shape[::-1])
    dim = cv2.convertScaleAbs(light, alpha=float(stage.windows.sun_from[2]) * 0.8)
    return np.asarray(cv2.copyTo(dim, mask), dtype=np.uint8)


def _rubber(random: Random, width_m: float) -> Image:
    """The texture of one belt loop: weave, scuffs, a seam, worn edges."""
    width, height = int(_LOOP_M * _PX_PER_M), int(width_m * _PX_PER_M)
    color: Color = ((66, 66, 64), (74, 68, 62), (70, 78, 68))[int(random.integers(3))]
    light = (
        1 + 0.05 * noise(random, width, height, 90) + 0.04 * random.standard_normal((height, width), dtype=np.float32)
    )
    light += 0.05 * np.sin(np.arange(width, dtype=np.float32) * 1.05)[np.newaxis]
    light += 0.03 * noise(random, width, 1, 1)[:1] + 0.06 * noise(random, 1, height, 14)[:, :1]
    rubber = shaded(color, light)
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
