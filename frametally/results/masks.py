"""Masks of semantic segmentation: base64-encoded PNGs of class ids. They come from a service: untrusted input."""

from __future__ import annotations

import binascii
import io
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_PX = 1 << 25
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
    if not 0 < width_px * height_px <= _MAX_PX:
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
