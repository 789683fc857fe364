"""The camera model: exposure, bloom, vignette, tone curve, grain and vibration."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from demo.camera import HEIGHT_PX, WIDTH_PX, Mount
from demo.light import Sky
from demo.paint import Canvas

Image = npt.NDArray[np.uint8]
Field = npt.NDArray[np.float32]

_SUN_TINT: Final = (0.66, 0.90, 1.12)
"""Blue, green, red."""
_GLOWS_FROM: Final = 70.0
_GRAINS: Final = 8


class Film:
    """Turns a painted canvas into a frame."""

    def __init__(self, sky: Sky, mount: Mount, seed: int, *, grain: float) -> None:
        random = np.random.default_rng([seed, 3])
        self._sky = sky
        self._mount = mount
        self._vignette = _vignette()
        shape = (HEIGHT_PX + 64, WIDTH_PX + 64)
        self._grain = [_grain(random, shape, grain) for _ in range(_GRAINS)]
        self._seed = seed

    def expose(self, canvas: Canvas, time_s: float, frame: int) -> Image:
        """The frame, (720, 1280, 3) BGR; `frame` seeds its grain."""
        lit = self._light(canvas, time_s)
        glow = cv2.GaussianBlur(cv2.resize(lit, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA), (0, 0), 6)
        glow = np.maximum(glow - _GLOWS_FROM, 0) * 0.14
        lit += cv2.resize(glow, (WIDTH_PX, HEIGHT_PX))
        x, y = self._mount.shift_px(time_s)
        moved = cv2.warpAffine(
            lit, np.array([[1, 0, x], [0, 1, y]]), (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE
        )
        toned = cv2.LUT(np.asarray(cv2.convertScaleAbs(moved), dtype=np.uint8), _TONES)
        return self._grainy(np.asarray(toned, dtype=np.uint8), frame)

    def _light(self, canvas: Canvas, time_s: float) -> Field:
        lamps, sun = self._sky.lamplight(time_s), self._sky.sunlight(time_s)
        tints = (1 - 0.10 * self._sky.warmth, 1.0, 1 + 0.06 * self._sky.warmth)
        strength = canvas.sun.astype(np.float32) * (sun / 255)
        gains = [
            (lamps * tint + strength * sunny) * self._vignette for tint, sunny in zip(tints, _SUN_TINT, strict=True)
        ]
        return np.asarray(cv2.multiply(canvas.color, cv2.merge(gains), dtype=cv2.CV_32F), dtype=np.float32)

    def _grainy(self, picture: Image, frame: int) -> Image:
        random = np.random.default_rng([self._seed, 4, frame])
        grain = self._grain[int(random.integers(_GRAINS))]
        top, left = (int(value) for value in random.integers(0, 64, 2))
        part = grain[top : top + HEIGHT_PX, left : left + WIDTH_PX]
        return np.asarray(cv2.add(picture, cv2.merge([part] * 3), dtype=cv2.CV_8U), dtype=np.uint8)


def _vignette() -> Field:
    x, y = np.meshgrid(
        np.linspace(-1, 1, WIDTH_PX, dtype=np.float32), np.linspace(-0.5625, 0.5625, HEIGHT_PX, dtype=np.float32)
    )
    return np.asarray(1 - 0.17 * (x**2 + y**2) ** 1.3, dtype=np.float32)


def _grain(random: np.random.Generator, shape: tuple[int, int], spread: float) -> npt.NDArray[np.int8]:
    fine = random.standard_normal(shape, dtype=np.float32)
    soft = cv2.GaussianBlur(fine, (0, 0), 0.7)
    return np.asarray((soft / soft.std() * spread).round().clip(-12, 12), dtype=np.int8)


def _tones() -> Image:
    """(256, 1, 3) tone curves: a soft shoulder, lifted and slightly blue shadows, warm highlights."""
    level = np.linspace(0, 1, 256)
    curve = np.interp(level, (0, 0.08, 0.25, 0.5, 0.75, 1), (0.03, 0.085, 0.245, 0.53, 0.80, 0.975))
    blue, red = curve + 0.018 * (1 - level) ** 2 - 0.02 * level**2, curve - 0.008 * (1 - level) ** 2 + 0.012 * level**2
    return np.asarray((np.stack([blue, curve, red], axis=1) * 255).round().clip(0, 255).astype(np.uint8)[:, np.newaxis])


_TONES: Final = _tones()
