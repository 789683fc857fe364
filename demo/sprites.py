"""Parcels prepared for painting: their textures are created once and painted in every frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from demo.paint import Patch, Stage
from demo.plan import Item
from demo.soft import Soft
from demo.textures import (
    INKS,
    KRAFT,
    WHITE,
    Color,
    Image,
    Random,
    cardboard,
    label,
    noise,
    pick,
    print_mark,
    shaded,
    size_px,
    stick,
    tape,
)
from demo.tubes import Tube

Floats = npt.NDArray[np.float64]
Place = Callable[[Floats], Floats]
"""Maps points of an item, in meters around the center of its underside, to hall coordinates."""

TOTES: Final[tuple[Color, ...]] = ((150, 82, 28), (60, 60, 62), (46, 44, 168), (70, 110, 44), (128, 120, 112))


class Sprite(Protocol):
    """An item that can be painted at any position."""

    def paint(self, patch: Patch, stage: Stage, place: Place) -> None:
        """Paint the item at the position given by `place`."""


class Faces:
    """A solid of flat faces, painted in their order: inner faces must come first."""

    def __init__(self, faces: list[tuple[Image, Floats]]) -> None:
        self._faces = faces

    def paint(self, patch: Patch, stage: Stage, place: Place) -> None:
        for texture, corners in self._faces:
            placed = place(corners)
            if stage.camera.facing(placed):
                patch.face(stage, texture, placed)


def make_sprite(item: Item, yaw_rad: float) -> Sprite:
    """The sprite of a planned item; `yaw_rad` is its rotation in the hall."""
    random = np.random.default_rng(item.look)
    if item.class_name == "box":
        return _box(random, *item.size_m)
    if item.class_name == "tote":
        return _tote(random, *item.size_m)
    if item.class_name == "tube":
        return Tube(random, *item.size_m)
    return Soft(item, random, yaw_rad)


def _box(random: Random, length_m: float, width_m: float, height_m: float) -> Faces:
    color = pick(random, KRAFT) if random.random() < 0.8 else pick(random, (WHITE, (190, 180, 150)))
    ink = pick(random, INKS)
    clear = bool(random.random() < 0.5)
    top = cardboard(random, color, length_m, width_m)
    tape(top, random, clear=clear)
    if random.random() < 0.85:
        stick(top, label(random, *random.uniform((0.11, 0.08), (0.16, 0.11))), random, turns=int(random.integers(4)))
    sides = [cardboard(random, color, wide, height_m) for wide in (length_m, width_m, length_m, width_m)]
    for at, side in enumerate(sides):
        if random.random() < 0.6:
            print_mark(side, random, ink)
        if at % 2:
            _tape_end(side, random)
        sides[at] = grounded(side)
    return Faces(body([*sides, top], length_m, width_m, height_m))


def body(textures: list[Image], length_m: float, width_m: float, height_m: float) -> list[tuple[Image, Floats]]:
    """The faces of a box: front, right, back, left, top."""
    corners = [*_walls(length_m, width_m, 0.0, height_m), _lid(length_m, width_m, height_m)]
    return list(zip(textures, corners, strict=True))


def _tape_end(side: Image, random: Random) -> None:
    """The end of the top's tape on a short side."""
    height, width = side.shape[:2]
    half, long = 11, int(min(height * 0.35, 26))
    part = side[:long, width // 2 - half : width // 2 + half]
    part[:] = (part * 0.55 + np.array((165, 185, 200)) * 0.45 * random.uniform(0.9, 1.05)).clip(0, 255).astype(np.uint8)


def _tote(random: Random, length_m: float, width_m: float, height_m: float) -> Faces:
    color = pick(random, TOTES)
    taper = 0.9
    inner = (length_m - 0.05, width_m - 0.05)
    outside = [_crate_wall(random, color, wide, height_m) for wide in (length_m, width_m, length_m, width_m)]
    walls = list(zip(outside, _walls(length_m, width_m, 0.0, height_m, taper), strict=True))
    if random.random() < 0.3:
        return Faces([*walls, (_crate_lid(random, color, length_m, width_m), _lid(length_m, width_m, height_m))])
    fill_m = height_m * float(random.uniform(0.35, 0.85))
    dark: Color = (int(color[0] * 0.62), int(color[1] * 0.62), int(color[2] * 0.62))
    insides = [_plastic(random, dark, wide, height_m) for wide in (*inner, *inner)]
    hollow = [
        (side, corners[[1, 0, 3, 2]]) for side, corners in zip(insides, _walls(*inner, 0.0, height_m), strict=True)
    ]
    goods = (_goods(random, *inner), _lid(*inner, fill_m))
    return Faces([*hollow, goods, *walls, *_rim(random, color, length_m, width_m, height_m)])


def _crate_wall(random: Random, color: Color, width_m: float, height_m: float) -> Image:
    wall = _plastic(random, color, width_m, height_m)
    height, width = wall.shape[:2]
    ribs = max(int(width_m / 0.075), 2)
    for rib in range(1, ribs):
        at = width * rib // ribs
        wall[int(height * 0.24) :, at - 2 : at] = (
            (wall[int(height * 0.24) :, at - 2 : at] * 1.25).clip(0, 255).astype(np.uint8)
        )
        wall[int(height * 0.24) :, at : at + 3] = (wall[int(height * 0.24) :, at : at + 3] * 0.7).astype(np.uint8)
    wall[: int(height * 0.12)] = (wall[: int(height * 0.12)] * 1.18).clip(0, 255).astype(np.uint8)
    wall[int(height * 0.12) : int(height * 0.17)] = (wall[int(height * 0.12) : int(height * 0.17)] * 0.62).astype(
        np.uint8
    )
    hole = np.s_[int(height * 0.27) : int(height * 0.41), width // 2 - 20 : width // 2 + 20]
    wall[hole] = (wall[hole] * 0.25).astype(np.uint8)
    if random.random() < 0.7:
        card = label(random, 0.1, 0.06)
        top, left = int(height * 0.5), int(width * random.uniform(0.12, 0.6))
        part = wall[top : top + card.shape[0], left : left + card.shape[1]]
        part[:] = card[: part.shape[0], : part.shape[1]]
    return grounded(wall)


def _crate_lid(random: Random, color: Color, length_m: float, width_m: float) -> Image:
    lid = _plastic(random, color, length_m, width_m)
    height, width = lid.shape[:2]
    for edge in range(0, width, 14):
        lid[height // 2 - 5 + (edge // 14 % 2) * 6 :, edge : edge + 2][:6] = (np.array(color) * 0.5).astype(np.uint8)
    for inset in (8, 14):
        frame = np.zeros((height, width), dtype=bool)
        frame[inset : height - inset, inset : width - inset] = True
        frame[inset + 2 : height - inset - 2, inset + 2 : width - inset - 2] = False
        lid[frame] = (lid[frame] * (0.7 if inset == 8 else 1.2)).clip(0, 255).astype(np.uint8)
    stick(lid, label(random, 0.12, 0.08), random, turns=0)
    return lid


def _cloth(random: Random) -> Color:
    """A muted color of any hue."""
    gray, blue, green, red = random.uniform((70, -35, -35, -35), (170, 35, 35, 35))
    return int(gray + blue), int(gray + green), int(gray + red)


def _goods(random: Random, length_m: float, width_m: float) -> Image:
    """The content of a tote: rows of folded cloth with rounded shading."""
    width, height = size_px(length_m, width_m)
    columns, rows = int(random.integers(2, 5)), int(random.integers(2, 4))
    goods = np.full((height, width, 3), 26, dtype=np.uint8)
    for column in range(columns):
        for row in range(rows):
            hue: Color = _cloth(random)
            box = np.s_[
                height * row // rows + 2 : height * (row + 1) // rows - 2,
                width * column // columns + 2 : width * (column + 1) // columns - 2,
            ]
            tall, wide = goods[box].shape[:2]
            across = np.sin(np.linspace(0.25, np.pi - 0.25, wide, dtype=np.float32))[np.newaxis]
            folds = (
                1 + 0.14 * np.sin(np.linspace(0, float(random.uniform(9, 26)), tall, dtype=np.float32))[:, np.newaxis]
            )
            goods[box] = shaded(hue, across * folds * (1 + 0.07 * noise(random, wide, tall, 9)))
    depth = np.minimum(np.arange(width), np.arange(width)[::-1])[np.newaxis] / 40 + 0.55
    depth = np.minimum(depth, (np.minimum(np.arange(height), np.arange(height)[::-1]) / 40 + 0.55)[:, np.newaxis])
    return np.asarray((goods * depth.clip(0, 1)[..., np.newaxis]).astype(np.uint8))


def _rim(random: Random, color: Color, length_m: float, width_m: float, height_m: float) -> list[tuple[Image, Floats]]:
    """The four strips of the rim."""
    pale: Color = (
        min(int(color[0] * 1.3) + 14, 255),
        min(int(color[1] * 1.3) + 14, 255),
        min(int(color[2] * 1.3) + 14, 255),
    )
    x, y, thick = length_m / 2, width_m / 2, 0.028
    strips = ((-x, x, y - thick, y), (-x, x, -y, -y + thick), (-x, -x + thick, -y, y), (x - thick, x, -y, y))
    return [
        (_plastic(random, pale, right - left, high - low), _level(left, right, low, high, height_m))
        for left, right, low, high in strips
    ]


def _plastic(random: Random, color: Color, width_m: float, height_m: float) -> Image:
    width, height = size_px(width_m, height_m)
    return shaded(color, 1 + 0.03 * noise(random, width, height, 60) + 0.012 * noise(random, width, height, 3))


def grounded(side: Image) -> Image:
    """Ambient occlusion of a wall: darker toward its foot."""
    fall = np.linspace(1.04, 0.78, side.shape[0], dtype=np.float32)[:, np.newaxis, np.newaxis]
    return np.asarray((side * fall).clip(0, 255).astype(np.uint8))


def _walls(length_m: float, width_m: float, low_m: float, high_m: float, taper: float = 1.0) -> list[Floats]:
    """Front, right, back and left, seen from outside; `taper`: ratio of foot to rim."""
    x, y = length_m / 2, width_m / 2
    ring = [(-x, -y), (x, -y), (x, y), (-x, y)]
    return [_wall(ring[at], ring[(at + 1) % 4], low_m, high_m, taper) for at in range(4)]


def _wall(left: tuple[float, float], right: tuple[float, float], low_m: float, high_m: float, taper: float) -> Floats:
    foot = [(right[0] * taper, right[1] * taper, low_m), (left[0] * taper, left[1] * taper, low_m)]
    return np.array([(*left, high_m), (*right, high_m), *foot])


def _lid(length_m: float, width_m: float, height_m: float) -> Floats:
    return _level(-length_m / 2, length_m / 2, -width_m / 2, width_m / 2, height_m)


def _level(left: float, right: float, low: float, high: float, height_m: float) -> Floats:
    return np.array([(left, high, height_m), (right, high, height_m), (right, low, height_m), (left, low, height_m)])
