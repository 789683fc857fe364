"""One colour a class, the same in every chart, picture and job; told apart by colour-blind eyes too."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

PALETTE: Final = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#d55e00",
    "#cc79a7",
    "#56b4e9",
    "#8b6fd6",
    "#a3b325",
    "#a65628",
    "#7f8c8d",
)
"""The colours of Okabe and Ito (Color Universal Design, 2008) without black and yellow, and four more."""


def class_colors(names: Iterable[str]) -> dict[str, str]:
    """A hex colour per class name: chosen by the name itself, moved on where a class before it has it already."""
    colors: dict[str, str] = {}
    for name in sorted(set(names)):
        wished = zlib.crc32(name.encode()) % len(PALETTE)
        free = [PALETTE[(wished + step) % len(PALETTE)] for step in range(len(PALETTE))]
        colors[name] = next((color for color in free if color not in colors.values()), free[0])
    return colors
