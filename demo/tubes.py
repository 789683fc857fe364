"""Cardboard tubes: the visible half of the cylinder and the visible cap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from demo.light import shade
from demo.paint import Patch, Stage
from demo.textures import INKS, KRAFT, WHITE, Color, Image, Random, label, noise, pick, shaded, size_px, stick

Floats = npt.NDArray[np.float64]
Place = Callable[[Floats], Floats]

CAPS: Final[tuple[Color, ...]] = (WHITE, (40, 38, 36), (50, 50, 170), (150, 90, 30))


class Tube:
    """A cylinder on its side."""

    def __init__(self, random: Random, length_m: float, width_m: float, height_m: float) -> None:
        self._half_m, self._radius_m = length_m / 2, height_m / 2
        self._wrap = _wrap(random, length_m, width_m)
        self._cap = _cap(pick(random, CAPS))

    def paint(self, patch: Patch, stage: Stage, place: Place) -> None:
        ends = place(np.array([(-self._half_m, 0, self._radius_m), (self._half_m, 0, self._radius_m)]))
        axis = _unit(ends[1] - ends[0])
        view = np.array(stage.camera.position) - ends.mean(axis=0)
        side = _unit(np.cross(view, axis)) * self._radius_m
        body = np.array([ends[0] - side, ends[1] - side, ends[1] + side, ends[0] + side])
        patch.face(stage, self._shaded(side, _unit(np.cross(axis, side))), body, gain=1.0)
        for end, outward in ((ends[0], -axis), (ends[1], axis)):
            if outward @ (np.array(stage.camera.position) - end) > 0:
                self._paint_cap(patch, stage, end, outward)

    def _shaded(self, side: Floats, outward: Floats) -> Image:
        """The wrap, shaded as a cylinder."""
        across = np.linspace(-1, 1, self._wrap.shape[0])
        normals = across[:, np.newaxis] * _unit(side) + np.sqrt(1 - across**2)[:, np.newaxis] * outward
        light = np.array([shade(normal) for normal in normals]) * (0.72 + 0.28 * np.sqrt(1 - across**2))
        return np.asarray((self._wrap * light[:, np.newaxis, np.newaxis]).clip(0, 255), dtype=np.uint8)

    def _paint_cap(self, patch: Patch, stage: Stage, end: Floats, outward: Floats) -> None:
        right = _unit(np.cross((0.0, 0.0, 1.0), outward)) * self._radius_m
        up = np.array((0, 0, self._radius_m))
        square = np.array([end - right + up, end + right + up, end + right - up, end - right - up])
        patch.face(stage, self._cap, square, alpha=_DISC)


def _wrap(random: Random, length_m: float, width_m: float) -> Image:
    width, height = size_px(length_m, width_m)
    wrap = shaded(
        pick(random, (*KRAFT, WHITE)),
        1 + 0.02 * noise(random, width, height, 25) + 0.012 * noise(random, width, height, 3),
    )
    rise = float(random.uniform(0.8, 1.6))
    for start in range(-height, width, int(random.uniform(60, 100))):
        cv2.line(
            wrap,
            (start, height),
            (start + int(height * rise), 0),
            tuple(int(v * 0.86) for v in wrap[0, 0].tolist()),
            1,
            cv2.LINE_AA,
        )
    if random.random() < 0.3:
        ink = pick(random, INKS)
        for at in (0.14, 0.8):
            wrap[:, int(width * at) : int(width * at) + 14] = ink
    stick(wrap, label(random, 0.12, 0.075), random, margin=0.05, turns=0)
    for cap in (slice(0, 8), slice(width - 8, width)):
        wrap[:, cap] = (wrap[:, cap] * 0.8).astype(np.uint8)
    return wrap


def _cap(color: Color) -> Image:
    cap = np.full((64, 64, 3), color, dtype=np.uint8)
    dark, pale = tuple(int(v * 0.7) for v in color), tuple(min(int(v * 1.15) + 10, 255) for v in color)
    cv2.circle(cap, (32, 32), 31, pale, 3, cv2.LINE_AA)
    cv2.circle(cap, (32, 32), 22, dark, 2, cv2.LINE_AA)
    return cap


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)


_DISC: Final[Image] = np.asarray(cv2.circle(np.zeros((64, 64), np.uint8), (32, 32), 32, 255, -1, cv2.LINE_AA), np.uint8)
