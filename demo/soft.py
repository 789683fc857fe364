"""Bags and envelopes as height maps: lit once, ray-traced from the camera in each frame."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from demo.light import AMBIENT, LAMP
from demo.paint import Patch, Stage
from demo.plan import Item
from demo.shapes import roundness
from demo.textures import INKS, PX_PER_M, WHITE, Color, Image, Random, label, noise, pick, print_mark, shaded, stick

Floats = npt.NDArray[np.float64]
Field = npt.NDArray[np.float32]
Place = Callable[[Floats], Floats]

FILMS: Final[tuple[Color, ...]] = (
    *((205, 208, 210), (205, 208, 210), (60, 58, 56), (170, 150, 60), (150, 130, 215), (120, 175, 140), (90, 170, 225)),
)
PAPERS: Final[tuple[Color, ...]] = ((120, 172, 214), (105, 155, 200), (226, 232, 236), (226, 232, 236), (70, 165, 225))
_GLARES: Final = ((-0.45, 0.42, 0.79), (0.3, 0.5, 0.81), (-0.1, 0.05, 1.0))
"""Half vectors between the camera and lamps, for specular highlights on glossy film."""
_STEPS: Final = 7


class Soft:
    """A pillow-shaped item on its flat side."""

    def __init__(self, item: Item, random: Random, yaw_rad: float) -> None:
        self._half = np.array(item.size_m[:2]) / 2
        self._top_m = item.size_m[2]
        width, height = (int(size * PX_PER_M) for size in item.size_m[:2])
        self._heights = _pillow(item, random, width, height)
        is_bag = item.class_name == "bag"
        print_ = _film(random, width, height) if is_bag else _paper(random, width, height)
        normals = _turned(_normals(self._heights), yaw_rad)
        self._look = _lit(print_, normals, gloss=float(random.uniform(0.2, 0.5)) if is_bag else 0.0)
        self._normals = normals

    def paint(self, patch: Patch, stage: Stage, place: Place) -> None:
        """Paint the first intersection of each line of sight with the surface."""
        axes = place(np.array([(0.0, 0, 0), (1, 0, 0), (0, 1, 0)]))
        step, start = self._lines_of_sight(patch, stage, axes)
        columns, rows, met = self._first_met(start, step)
        towards_sun = (stage.windows.sun_from / stage.windows.sun_from[2]).astype(np.float32)
        incidence = (self._normals @ towards_sun).clip(0, 1.3)
        color, facing = (
            cv2.remap(field, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            for field in (self._look, incidence)
        )
        sun = self._sunlight(patch, stage, place) * facing
        patch.blend(np.asarray(color, np.uint8), met, np.asarray(sun.clip(0, 255), np.uint8))

    def _lines_of_sight(self, patch: Patch, stage: Stage, axes: Floats) -> tuple[Field, Field]:
        """For each pixel, its (column, row) on the height map at height 0, and the change per meter of height."""
        camera = np.array(stage.camera.position)
        rays = patch.pixels() @ np.linalg.inv(stage.camera.matrix[:, :3]).T
        slope = rays[..., :2] / rays[..., 2:]
        ground = camera[:2] + slope * (axes[0, 2] - camera[2]) - axes[0, :2]
        basis = (axes[1:, :2] - axes[0, :2]).T * (PX_PER_M, -PX_PER_M)
        middle = np.array(self._heights.shape[::-1]) / 2 - 0.5
        return (slope @ basis).astype(np.float32), (ground @ basis + middle).astype(np.float32)

    def _first_met(self, start: Field, step: Field) -> tuple[Field, Field, Image]:
        """Columns and rows of the intersections, and their mask: linear search from the top, then one bisection."""
        heights_m = np.linspace(self._top_m, 0.002, _STEPS, dtype=np.float32)
        met_m = np.full(start.shape[:2], -1, dtype=np.float32)
        for height_m in heights_m:
            here = self._height_at(start + step * height_m)
            met_m = np.where((met_m < 0) & (here >= height_m), height_m, met_m)
        met = (met_m >= 0).astype(np.uint8) * 255
        half_step = (heights_m[0] - heights_m[1]) / 2
        fine_m = np.where(
            self._height_at(start + step * (met_m + half_step)[..., np.newaxis]) >= met_m + half_step,
            met_m + half_step,
            met_m,
        )
        at = start + step * fine_m.clip(0)[..., np.newaxis]
        return np.ascontiguousarray(at[..., 0]), np.ascontiguousarray(at[..., 1]), met

    def _height_at(self, at: Field) -> Field:
        columns, rows = (np.ascontiguousarray(at[..., axis]) for axis in (0, 1))
        found = cv2.remap(
            self._heights, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=-1.0
        )
        return np.asarray(found, dtype=np.float32)

    def _sunlight(self, patch: Patch, stage: Stage, place: Place) -> Image:
        x, y = self._half * 1.3
        level = place(
            np.array([(-x, y, self._top_m), (x, y, self._top_m), (x, -y, self._top_m), (-x, -y, self._top_m)])
        )
        return patch.sunlight(stage, level)


def _pillow(item: Item, random: Random, width: int, height: int) -> Field:
    """(height, width) meters above the belt; negative outside the outline."""
    x, y = np.meshgrid(np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32))
    power = roundness(item)
    reach = (np.abs(x) ** power + np.abs(y) ** power) ** (1 / power)
    round_reach = np.maximum((np.abs(x) ** 2.6 + np.abs(y) ** 2.6) ** (1 / 2.6), reach)
    body = (1 - round_reach.clip(0, 1) ** 3.2) ** 0.75
    if item.class_name == "bag":
        creases = 0.16 * _ridges(random, width, height, 46) + 0.09 * _ridges(random, width, height, 20)
        bulge = 1 + 0.22 * noise(random, width, height, min(width, height) / 2.2)
        form = (0.10 + 0.9 * body * bulge.clip(0.4, 1.25) - creases * (0.35 + body)) * 0.86
    else:
        form = 0.25 + 0.62 * body + 0.02 * noise(random, width, height, 9) + 0.08 * noise(random, width, height, 60)
    heights = (item.size_m[2] * form).clip(0.003, item.size_m[2] * 0.98)
    return np.asarray(np.where(reach <= 1, heights, -0.02), dtype=np.float32)


def _ridges(random: Random, width: int, height: int, grain_px: float) -> Field:
    """Sharp creases as in crumpled film, 0 to 1."""
    turned = noise(random, width, height, grain_px)
    return np.asarray(np.exp(-np.abs(turned) * 3.2), dtype=np.float32)


def _normals(heights: Field) -> Field:
    """(height, width, 3) unit normals; x points right on the map, y up."""
    smooth = cv2.GaussianBlur(heights.clip(0.002), (0, 0), 1.2)
    down, right = np.gradient(smooth * PX_PER_M)
    normals = np.dstack([-right, down, np.ones_like(down)]).astype(np.float32)
    normals[..., :2] = normals[..., :2].clip(-2.5, 2.5)
    return np.asarray(normals / np.linalg.norm(normals, axis=2, keepdims=True), dtype=np.float32)


def _turned(normals: Field, yaw_rad: float) -> Field:
    cos, sin = math.cos(yaw_rad), math.sin(yaw_rad)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]], dtype=np.float32)
    return np.asarray(normals @ turn.T, dtype=np.float32)


def _lit(print_: Image, normals: Field, *, gloss: float) -> Image:
    lamp = (normals @ (LAMP / np.linalg.norm(LAMP)).astype(np.float32)).clip(0, 1)
    lit = print_ * (AMBIENT * (0.55 + 0.45 * normals[..., 2]) + (1 - AMBIENT) * lamp**1.3)[..., np.newaxis]
    for towards in _GLARES if gloss else ():
        glare = (normals @ (np.array(towards) / np.linalg.norm(towards)).astype(np.float32)).clip(0, 1) ** 42
        lit = lit + 150 * gloss * glare[..., np.newaxis]
    return np.asarray(lit.clip(0, 255), dtype=np.uint8)


def _film(random: Random, width: int, height: int) -> Image:
    film = shaded(pick(random, FILMS), 1 + 0.015 * noise(random, width, height, 5))
    for edge in (slice(0, 9), slice(width - 9, width)):
        film[:, edge] = (film[:, edge] * 0.9).astype(np.uint8)
    if random.random() < 0.4:
        print_mark(film, random, pick(random, INKS))
    stick(
        film,
        label(random, *random.uniform((0.12, 0.09), (0.17, 0.12))),
        random,
        margin=0.16,
        turns=int(random.integers(4)),
    )
    return film


def _paper(random: Random, width: int, height: int) -> Image:
    color = pick(random, PAPERS)
    paper = shaded(color, 1 + 0.015 * noise(random, width, height, 30) + 0.012 * noise(random, width, height, 3))
    flap = width - int(width * random.uniform(0.12, 0.2))
    paper[:, flap : flap + 2] = (paper[:, flap : flap + 2] * 0.72).astype(np.uint8)
    paper[:, flap + 2 : flap + 5] = (paper[:, flap + 2 : flap + 5] * 1.1).clip(0, 255).astype(np.uint8)
    if random.random() < 0.75:
        stick(
            paper,
            label(random, *random.uniform((0.1, 0.07), (0.15, 0.1))),
            random,
            margin=0.1,
            turns=int(random.integers(4)),
        )
    else:
        print_mark(paper, random, pick(random, INKS))
    for stamp in range(int(random.integers(0, 3))):
        left = int(width * 0.06) + stamp * 14
        paper[8:24, left : left + 12] = pick(random, (*INKS, WHITE))
    return paper
