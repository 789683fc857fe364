"""Textures of cardboard, paper, film, plastic and prints, as BGR images."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Color = tuple[int, int, int]
Random = np.random.Generator

PX_PER_M = 420
"""About twice the resolution of a near parcel in the image."""

KRAFT: tuple[Color, ...] = ((104, 146, 186), (92, 132, 170), (120, 160, 198), (84, 122, 158), (112, 150, 184))
INKS: tuple[Color, ...] = ((60, 50, 40), (150, 70, 30), (50, 60, 170), (70, 110, 40), (30, 110, 200))
WHITE: Color = (232, 236, 238)


def pick(random: Random, colors: tuple[Color, ...]) -> Color:
    """One of the colors with a random deviation."""
    base = np.array(colors[int(random.integers(len(colors)))]) + random.normal(0, 5, 3)
    blue, green, red = (int(value) for value in base.clip(0, 255))
    return blue, green, red


def noise(random: Random, width_px: int, height_px: int, grain_px: float) -> Floats:
    """(height, width) smooth noise, mean 0, standard deviation about 1, with a feature size of `grain_px`."""
    shape = (int(height_px / grain_px) + 3, int(width_px / grain_px) + 3)
    coarse = random.standard_normal(shape).astype(np.float32)
    size = (int(shape[1] * grain_px) + 1, int(shape[0] * grain_px) + 1)
    grown = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(grown[:height_px, :width_px], dtype=np.float32)


def shaded(color: Color, light: Floats) -> Image:
    """A color multiplied by a light field, where 1 leaves it unchanged."""
    return np.asarray((light[..., np.newaxis] * np.array(color, np.float32)).clip(0, 255), dtype=np.uint8)


def size_px(width_m: float, height_m: float) -> tuple[int, int]:
    return max(int(width_m * PX_PER_M), 8), max(int(height_m * PX_PER_M), 8)


def cardboard(random: Random, color: Color, width_m: float, height_m: float) -> Image:
    """Corrugated board: flutes, fibers, spots, worn edges."""
    width, height = size_px(width_m, height_m)
    light = 1 + 0.025 * noise(random, width, height, 40) + 0.018 * noise(random, width, height, 7)
    light += 0.02 * random.standard_normal((height, width), dtype=np.float32)
    light += 0.012 * np.sin(np.arange(height, dtype=np.float32) * 1.7)[:, np.newaxis]
    board = shaded(color, light)
    pale = tuple(min(int(value * 1.16) + 8, 255) for value in color)
    cv2.rectangle(board, (0, 0), (width - 1, height - 1), pale, 2)
    return board


def tape(board: Image, random: Random, *, clear: bool) -> None:
    """Tape along the middle of a face, over the seam of the flaps."""
    height, width = board.shape[:2]
    half = int(0.026 * PX_PER_M)
    middle = height // 2
    cv2.line(board, (0, middle), (width, middle), tuple(int(v * 0.55) for v in board[middle, width // 3].tolist()), 2)
    strip = board[max(middle - half, 0) : middle + half].astype(np.float32)
    tint = np.array((190, 205, 215) if clear else pick(random, ((70, 120, 165), (60, 105, 150))), np.float32)
    gloss = 1 + 0.05 * noise(random, width, strip.shape[0], 18)[..., np.newaxis]
    mixed = (strip * 0.72 + tint * 0.28 if clear else strip * 0.3 + tint * 0.7) * gloss
    board[max(middle - half, 0) : middle + half] = mixed.clip(0, 255).astype(np.uint8)


def label(random: Random, width_m: float = 0.15, height_m: float = 0.10) -> Image:
    """A shipping label with lines of text, a barcode and a matrix code, none of them readable."""
    width, height = size_px(width_m, height_m)
    paper = shaded(WHITE, 1 + 0.01 * noise(random, width, height, 9))
    ink = (40, 38, 36)
    if random.random() < 0.5:
        cv2.rectangle(paper, (0, 0), (width, height // 5), pick(random, INKS), -1)
    for row in range(3):
        _words(paper, random, int(width * 0.06), int(height * (0.28 + row * 0.08)), int(width * 0.5), ink)
    _bars(paper, random, (int(width * 0.08), int(height * 0.58)), (int(width * 0.62), int(height * 0.32)))
    square = min(int(height * 0.3), int(width * 0.22))
    dots = random.integers(0, 2, (9, 9), dtype=np.uint8) * 190 + 40
    code = cv2.resize(dots, (square, square), interpolation=cv2.INTER_NEAREST)
    top, left = int(height * 0.27), int(width * 0.72)
    paper[top : top + square, left : left + square] = code[..., np.newaxis]
    cv2.rectangle(paper, (0, 0), (width - 1, height - 1), (205, 210, 212), 1)
    return paper


def stick(surface: Image, patch: Image, random: Random, *, margin: float = 0.06, turns: int | None = None) -> None:
    """Put a label at a random place of a surface, parallel to its sides, cropped to the surface without `margin`."""
    turned = np.rot90(patch, int(random.integers(4)) if turns is None else turns)
    height, width = surface.shape[:2]
    turned = turned[: int(height * (1 - 2 * margin)), : int(width * (1 - 2 * margin))]
    rows, columns = turned.shape[:2]
    top = int(random.uniform(height * margin, height * (1 - margin) - rows))
    left = int(random.uniform(width * margin, width * (1 - margin) - columns))
    under = surface[top + 2 : top + rows + 2, left + 2 : left + columns + 2]
    under[:] = (under * 0.8).astype(np.uint8)
    surface[top : top + rows, left : left + columns] = turned


def print_mark(surface: Image, random: Random, color: Color) -> None:
    """A brand or handling mark: disc and words, arrows, a stripe, or words."""
    height, width = surface.shape[:2]
    kind = int(random.integers(4))
    unit = min(width, height)
    if kind == 0:
        center = (int(width * 0.3), height // 2)
        cv2.circle(surface, center, unit // 5, color, max(unit // 22, 1), cv2.LINE_AA)
        cv2.circle(surface, center, unit // 11, color, -1, cv2.LINE_AA)
        for row in (-1, 1):
            _words(
                surface, random, int(width * 0.5), height // 2 + row * unit // 10, int(width * 0.36), color, unit // 9
            )
    elif kind == 1:
        for side in (0.72, 0.86):
            foot, tip = (int(width * side), int(height * 0.78)), (int(width * side), int(height * 0.3))
            cv2.arrowedLine(surface, foot, tip, color, max(unit // 28, 1), cv2.LINE_AA, tipLength=0.35)
    elif kind == 2:
        cv2.rectangle(surface, (0, int(height * 0.74)), (width, int(height * 0.88)), color, -1)
    else:
        _words(surface, random, int(width * 0.14), int(height * 0.5), int(width * 0.7), color, unit // 5)


def _words(surface: Image, random: Random, left: int, middle: int, width: int, color: Color, tall: int = 3) -> None:
    """Blocks of the size of words: text is not readable at the resolution of the image."""
    at = left
    while at < left + width:
        end = min(at + int(random.uniform(1.0, 3.5) * tall) + 2, left + width)
        cv2.rectangle(surface, (at, middle - tall // 2), (end, middle + tall // 2), color, -1)
        at = end + max(tall // 2, 2)


def _bars(surface: Image, random: Random, corner: tuple[int, int], size: tuple[int, int]) -> None:
    at = 0
    while at < size[0]:
        thick = int(random.integers(1, 4))
        left = corner[0] + at
        cv2.rectangle(surface, (left, corner[1]), (left + thick - 1, corner[1] + size[1]), (35, 33, 30), -1)
        at += thick + int(random.integers(1, 4))
