"""Plates: texts beside one another on the color of their class."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from frametally.rendering.text import Line, line
from frametally.video.decoding import Image

Bgr = tuple[int, int, int]


class TextStyle(NamedTuple):
    """Size of text as OpenCV has it."""

    scale: float
    weight: int


class Plate(NamedTuple):
    """Texts on one baseline, with a margin of `pad_px` around and between them."""

    lines: tuple[Line, ...]
    pad_px: int
    ascent_px: int
    """Rows above the baseline."""
    wh: tuple[int, int]
    """Width and height in pixels."""

    def draw(self, canvas: Image, left: int, top: int, color_bgr: Bgr) -> None:
        """Draw the plate with its upper left corner at this pixel; cut off at the edges of the canvas."""
        right, bottom = left + self.wh[0], top + self.wh[1]
        cv2.rectangle(canvas, (left, top), (right - 1, bottom - 1), color_bgr, cv2.FILLED)
        inks, x = _inks(color_bgr), left + self.pad_px
        for one in self.lines:
            y = top + self.ascent_px - one.ascent_px
            target = canvas[y : y + one.alpha.shape[0], x : x + one.alpha.shape[1]]
            target[:] = inks.take(one.alpha[: target.shape[0], : target.shape[1]], axis=0)
            x += one.alpha.shape[1] + self.pad_px


@lru_cache(maxsize=4096)
def plate(texts: tuple[str, ...], style: TextStyle, pad_px: int) -> Plate:
    """The texts beside one another, from left to right."""
    lines = tuple(line(text, style.scale, style.weight) for text in texts)
    ascent_px = max(one.ascent_px for one in lines) + pad_px
    width_px = sum(one.alpha.shape[1] + pad_px for one in lines) + pad_px
    return Plate(lines, pad_px, ascent_px, (width_px, ascent_px + max(one.descent_px for one in lines) + pad_px))


@lru_cache(maxsize=256)
def _inks(color_bgr: Bgr) -> npt.NDArray[np.uint8]:
    """(256, 3) color of a pixel by the opacity of the text there; do not modify."""
    alpha = np.arange(256, dtype=np.float32)[:, None] / 255
    background, foreground = (np.array(bgr, np.float32) for bgr in (color_bgr, _text_color_on(color_bgr)))
    return np.asarray(np.rint(background * (1 - alpha) + foreground * alpha), dtype=np.uint8)


def _text_color_on(bgr: Bgr) -> Bgr:
    """Black or white, by higher contrast: relative luminance as in WCAG 2.2."""
    blue, green, red = (value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in bgr)
    return (0, 0, 0) if 0.0722 * blue + 0.7152 * green + 0.2126 * red > 0.179 else (255, 255, 255)
