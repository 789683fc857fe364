"""Masks of semantic segmentation: a PNG of class ids in base64, from a service and so not to be trusted."""

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
    """This is no mask that can be read."""


def unpack(text: str) -> bytes:
    """The PNG from its base64.

    Raises:
        MaskError: it is no base64, no PNG, or larger than 32 megapixels.
    """
    try:
        png = binascii.a2b_base64(text.encode("ascii"))
    except ValueError as error:
        raise MaskError("The mask is no base64.") from error
    if png[:8] != _SIGNATURE or len(png) < 24:
        raise MaskError("The mask is no PNG.")
    width_px, height_px = struct.unpack(">II", png[16:24])
    if not 0 < width_px * height_px <= _MAX_PX:
        raise MaskError("The mask has no size that a frame could have.")
    return png


def class_ids(png: bytes) -> npt.NDArray[np.uint8]:
    """(h, w) class id of each pixel of an unpacked mask.

    Raises:
        MaskError: it is damaged, or has colors.
    """
    try:
        with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
            if image.mode not in _MODES:
                raise MaskError("The mask has colors, not class ids.")
            return np.array(image, dtype=np.uint8)
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise MaskError("The mask is damaged.") from error


def names_of(ids: npt.NDArray[np.integer[Any]], class_map: Mapping[str, str]) -> dict[int, str]:
    """The name of each of these ids: its number where the map, by the id as text, has none."""
    return {number: class_map.get(str(number), str(number)) for number in ids.tolist()}


def shares(ids: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """(256,) share of the picture, 0 to 1, that each class id covers."""
    return np.bincount(ids.ravel(), minlength=256) / ids.size
