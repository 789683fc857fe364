"""Masks of semantic segmentation: base64-encoded PNGs of class ids. They come from a service: untrusted input."""

from __future__ import annotations

import binascii
import io
import struct
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_PX = 1 << 25
_MODES = ("L", "P", "1")


class MaskError(ValueError):
    """The mask cannot be decoded."""


def decode_base64(text: str) -> bytes:
    """Decode the PNG of a mask from base64. Only the header of the PNG is checked.

    Raises:
        MaskError: the text is not base64 or not a PNG, or the PNG has no pixels or more than 2**25 (33.5 megapixels).
    """
    try:
        png = binascii.a2b_base64(text.encode("ascii"))
    except ValueError as error:
        raise MaskError("The mask is not base64.") from error
    if png[:8] != _SIGNATURE or len(png) < 24:
        raise MaskError("The mask is not a PNG.")
    width_px, height_px = struct.unpack(">II", png[16:24])
    if not 0 < width_px * height_px <= MAX_PX:
        raise MaskError("The mask is empty or larger than 33.5 megapixels.")
    return png


def class_ids(png: bytes) -> npt.NDArray[np.uint8]:
    """Decode a PNG to the class id of each pixel, (h, w).

    Raises:
        MaskError: the PNG is damaged, or it has color channels.
    """
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            if image.mode not in _MODES:
                raise MaskError("The mask has color channels instead of class ids.")
            return np.array(image, dtype=np.uint8)
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise MaskError("The mask is damaged.") from error


def class_names(ids: npt.NDArray[np.integer[Any]], class_map: Mapping[str, str]) -> dict[int, str]:
    """The name of each id. `class_map` maps ids, as decimal strings, to names; other ids are named by their number."""
    return {number: class_map.get(str(number), str(number)) for number in ids.tolist()}


def area_shares(ids: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """(256,) share of the image, 0 to 1, that each class id covers."""
    return np.bincount(ids.ravel(), minlength=256) / ids.size


def joined(rings: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """One polygon (k, 2) that covers what several outlines cover by the even-odd rule; (0, 2) for none.

    From the first point a line leads to each further outline and back, so that it has no area.
    """
    if len(rings) < 2:
        return rings[0] if rings else np.zeros((0, 2), dtype=np.float32)
    start = rings[0][:1]
    return np.concatenate([part for ring in rings for part in (ring, ring[:1], start)])


def separated(polygon: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    """The outlines of a joined polygon, without the lines between them; the points may have been scaled."""
    is_start = (polygon == polygon[:1]).all(axis=1)
    ends = np.flatnonzero(is_start[:-1] & is_start[1:])
    if not len(ends):
        return [polygon]
    starts = [*ends[:1] + 2, *np.flatnonzero(is_start[ends[0] + 2 :]) + ends[0] + 3]
    return [polygon[: ends[0]], *(polygon[a : b - 2] for a, b in pairwise(starts))]


def rasterized(rings: list[npt.NDArray[np.float32]], width_px: int, height_px: int) -> npt.NDArray[np.bool_]:
    """(height_px, width_px) the pixels whose centers the outlines cover by the even-odd rule.

    Each edge flips, in the columns whose center it crosses, all pixels below it.
    """
    flips = np.zeros((height_px + 1, width_px), dtype=np.bool_)
    for ring in rings:
        a, b = ring.astype(np.float64), np.roll(ring.astype(np.float64), -1, axis=0)
        first, last = (
            np.clip(np.ceil(edge - 0.5), 0, width_px).astype(np.int64)
            for edge in (np.minimum(a[:, 0], b[:, 0]), np.maximum(a[:, 0], b[:, 0]))
        )
        count = last - first
        edge = np.repeat(np.arange(len(a)), count)
        column = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
        slope = (b[edge, 1] - a[edge, 1]) / (b[edge, 0] - a[edge, 0])
        row = np.clip(np.ceil(a[edge, 1] + (column + 0.5 - a[edge, 0]) * slope - 0.5), 0, height_px).astype(np.int64)
        np.logical_xor.at(flips, (row, column), True)
    return np.logical_xor.accumulate(flips, axis=0)[:height_px]
