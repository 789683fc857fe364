"""The static background: floor, belt frames and surroundings, painted once per scene."""

from __future__ import annotations

from functools import partial
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from demo.camera import HEIGHT_PX, WIDTH_PX
from demo.paint import Canvas, Patch, Stage, cast
from demo.plan import Belt
from demo.sprites import Faces, body
from demo.textures import Color, Image, Random, noise, shaded

Floats = npt.NDArray[np.float64]
Box = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
"""(from, to) in meters along x, y and z."""

REACH_M: Final = 6.5
_FLOOR_PX_PER_M = 130
_FLOOR_FROM_M = (-7.0, -3.4)
_FLOOR_SIZE_M = (14.0, 9.6)
_STEEL: Final[Color] = (168, 164, 158)
_YELLOW: Final[Color] = (38, 168, 226)
_PAINT: Final[tuple[Color, ...]] = ((112, 84, 46), (118, 112, 104), (66, 92, 58), (70, 66, 62))


def paint_backdrop(stage: Stage, belts: tuple[Belt, ...], random: Random) -> Canvas:
    """Paint the hall without belt surfaces, parcels and scanner bridge."""
    canvas = Canvas()
    _paint_floor(canvas, stage, _floor(random, belts))
    paint: Color = _PAINT[int(random.integers(len(_PAINT)))]
    for box, texture in _around(random, belts):
        place_box(canvas, stage, box, texture)
    for belt in sorted(belts, key=lambda belt: -belt.across_m):
        for box, texture in _frame(belt, paint, random):
            place_box(canvas, stage, box, texture)
    return canvas


def place_box(canvas: Canvas, stage: Stage, box: Box, texture: Image) -> None:
    """Paint an axis-aligned box, preceded by its shadow on the floor."""
    corners = np.array([(x, y, z) for x in box[0] for y in box[1] for z in box[2]])
    cast(canvas, stage, corners, 0.0, strength=0.45)
    patch = Patch(stage.camera.project(corners))
    middle = np.array([sum(box[0]) / 2, sum(box[1]) / 2, box[2][0]])
    solid = Faces(body([texture] * 5, *(high - low for low, high in box)))
    solid.paint(patch, stage, partial(np.add, middle))
    patch.layer().blend_into(canvas)


def _paint_floor(canvas: Canvas, stage: Stage, floor: Image) -> None:
    to_hall = np.array(
        [[1 / _FLOOR_PX_PER_M, 0, _FLOOR_FROM_M[0]], [0, 1 / _FLOOR_PX_PER_M, _FLOOR_FROM_M[1]], [0, 0, 1]]
    )
    lay = stage.camera.plane(0.0) @ to_hall
    fine = cv2.warpPerspective(
        floor, np.diag([2.0, 2, 1]) @ lay, (WIDTH_PX * 2, HEIGHT_PX * 2), borderMode=cv2.BORDER_REFLECT
    )
    canvas.color[:] = cv2.resize(fine, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
    corners = np.array([(x, y, 0.0) for x, y in ((-6.0, 5.0), (6.0, 5.0), (6.0, -1.5), (-6.0, -1.5))])
    onto = cv2.getPerspectiveTransform(stage.windows.on_map(corners), stage.camera.project(corners).astype(np.float32))
    light = cv2.warpPerspective(stage.windows.map, onto, (WIDTH_PX, HEIGHT_PX))
    canvas.sun[:] = cv2.convertScaleAbs(light, alpha=float(stage.windows.sun_from[2]))


def _floor(random: Random, belts: tuple[Belt, ...]) -> Image:
    """Polished concrete with joints, a walkway, lines and tire marks; row 0 is nearest to the camera."""
    width, height = (int(size * _FLOOR_PX_PER_M) for size in _FLOOR_SIZE_M)
    light = 1 + 0.05 * noise(random, width, height, 210) + 0.035 * noise(random, width, height, 45)
    light += 0.02 * noise(random, width, height, 9) + 0.025 * random.standard_normal((height, width), dtype=np.float32)
    floor = shaded((126, 130, 132), light)
    for joint_m in (-4.1, -0.6, 2.9):
        _line(floor, (joint_m, -4), (joint_m, 9), 0.012, (88, 90, 92))
    _line(floor, (-7, 3.05), (7, 3.05), 0.012, (88, 90, 92))
    worn = np.asarray(
        np.clip(0.86 + 0.16 * noise(random, width, height, 14) + 0.1 * noise(random, width, height, 70), 0, 1)
    )
    marks = floor.copy()
    near_m, far_m = min(belt.across_m for belt in belts) - 1.05, max(belt.across_m for belt in belts) + 0.95
    for line_m in (near_m, far_m):
        _line(marks, (-7, line_m), (7, line_m), 0.09, _YELLOW)
    _walkway(marks, far_m + 0.12)
    floor = np.asarray((marks * worn[..., np.newaxis] + floor * (1 - worn[..., np.newaxis])).astype(np.uint8))
    for _ in range(7):
        _tire_mark(floor, random)
    return floor


def _walkway(floor: Image, from_m: float) -> None:
    low, high = _floor_px(-7, from_m), _floor_px(7, from_m + 1.5)
    cv2.rectangle(floor, low, high, (104, 128, 88), -1)
    for edge_m in (from_m + 0.1, from_m + 1.4):
        _line(floor, (-7, edge_m), (7, edge_m), 0.05, (215, 220, 220))


def _tire_mark(floor: Image, random: Random) -> None:
    x, y, bend = random.uniform(-7, 5), random.uniform(-2.5, 4), random.normal(0, 0.35)
    along = np.linspace(0, random.uniform(1.5, 5), 30)
    points = np.array([_floor_px(x + step, y + bend * step**2 / 4) for step in along], dtype=np.int32)
    low, high = points.min(axis=0) - 12, points.max(axis=0) + 24
    part = floor[max(low[1], 0) : max(high[1], 0), max(low[0], 0) : max(high[0], 0)]
    dark = np.zeros(part.shape[:2], dtype=np.uint8)
    if not dark.size:
        return
    for offset in (0, 9):
        line = points + np.array((0, offset)) - low.clip(0)
        cv2.polylines(dark, [line], isClosed=False, color=int(random.uniform(14, 46)), thickness=5)
    through = 255 - np.asarray(cv2.GaussianBlur(dark, (0, 0), 1.5), dtype=np.uint8)
    part[:] = cv2.multiply(part, cv2.merge([through] * 3), scale=1 / 255)


def _line(floor: Image, start: tuple[float, float], end: tuple[float, float], width_m: float, color: Color) -> None:
    thick = max(int(width_m * _FLOOR_PX_PER_M), 1)
    cv2.line(floor, _floor_px(*start), _floor_px(*end), color, thick, cv2.LINE_AA)


def _floor_px(x_m: float, y_m: float) -> tuple[int, int]:
    return int((x_m - _FLOOR_FROM_M[0]) * _FLOOR_PX_PER_M), int((y_m - _FLOOR_FROM_M[1]) * _FLOOR_PX_PER_M)


def _frame(belt: Belt, paint: Color, random: Random) -> list[tuple[Box, Image]]:
    """Boxes of a belt's frame with their textures, back to front: legs and rail of each side, a pan under the belt."""
    half, top = belt.width_m / 2, belt.height_m + 0.035
    legs = np.arange(-5.2 + float(random.uniform(0, 0.5)), 5.5, 1.7)
    metal = painted(random, paint, 0.1, 0.6)
    rail = profile(random, REACH_M * 2, 0.2, paint)
    parts: list[tuple[Box, Image]] = []
    for side in (1, -1):
        edge = belt.across_m + side * (half + 0.045)
        parts += [(((leg, leg + 0.08), (edge - 0.04, edge + 0.04), (0.0, top - 0.2)), metal) for leg in legs.tolist()]
        parts.append((((-REACH_M, REACH_M), (edge - 0.045, edge + 0.045), (top - 0.2, top)), rail))
    parts.insert(
        len(legs),
        (
            ((-REACH_M, REACH_M), (belt.across_m - half, belt.across_m + half), (top - 0.16, belt.height_m - 0.01)),
            metal,
        ),
    )
    return parts


def _around(random: Random, belts: tuple[Belt, ...]) -> list[tuple[Box, Image]]:
    """Boxes of the posts along the walkway, with their texture."""
    far_m = max(belt.across_m for belt in belts) + 1.0
    post = painted(random, _YELLOW, 0.1, 0.8)
    for band in range(3):
        post[20 + band * 44 : 38 + band * 44] = (38, 36, 34)
    starts = np.arange(-4.6 + float(random.uniform(0, 1)), 4.8, 2.3).tolist()
    return [(((at, at + 0.09), (far_m, far_m + 0.09), (0.0, 0.8)), post) for at in starts]


def painted(random: Random, color: Color, width_m: float, height_m: float) -> Image:
    """Powder-coated steel."""
    width, height = int(width_m * 200), int(height_m * 200)
    return shaded(
        color,
        1 + 0.03 * noise(random, width, height, 30) + 0.01 * random.standard_normal((height, width), dtype=np.float32),
    )


def profile(random: Random, length_m: float, height_m: float, paint: Color) -> Image:
    """An aluminum profile with grooves, a painted band, bolts."""
    width, height = int(length_m * 170), max(int(height_m * 170), 16)
    brushed = 1 + 0.03 * noise(random, width, height, 60) + 0.02 * random.standard_normal((height, 1), dtype=np.float32)
    rail = shaded(_STEEL, brushed)
    rail[height // 3 : height * 3 // 4] = shaded(paint, brushed)[height // 3 : height * 3 // 4]
    for groove in (height // 3, height * 3 // 4):
        rail[groove : groove + 1] = (rail[groove : groove + 1] * 0.5).astype(np.uint8)
    for bolt in range(20, width, 72):
        cv2.circle(rail, (bolt, height // 6), 2, (90, 88, 86), -1, cv2.LINE_AA)
    return rail
