"""The mask of one prediction in any common spelling, as outlines in pixels of the entry's image.

Read are COCO RLE (compressed or as numbers; as an object with `size` and `counts`, or the counts alone for a picture of
the entry's size), polygons (objects with x and y, pairs, or a flat list, as in COCO), bitmaps of 0 and 1, PNGs in
base64, and lists of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from frametally.results.masks import MaskError, class_ids, decode_base64
from frametally.results.spellings.rle import (
    MAX_RUNS,
    Ints,
    MaskInvalid,
    Ring,
    decompress,
    rings_of_bitmap,
    rings_of_runs,
    signed_area,
)

MASK_FIELDS: Final = ("rle", "rle_mask", "mask", "masks", "segmentation", "polygon", "polygons", "points")
"""Where predictions have their masks; the first that can be read is used."""
Size = tuple[float, float]
"""Width and height in pixels."""
_PNG_START = ("iVBORw0KGgo", "data:image/png;base64,")
_MAX_ASPECT_DIFFERENCE = 0.02
_MAX_DEPTH = 4


def read_outlines(value: Any, size: Size | None, depth: int = 0) -> list[Ring]:
    """The outlines of a mask; of several parts, outer ones have a positive area and holes a negative one.

    Args:
        value: the mask as parsed JSON.
        size: of the image that the coordinates of the entry refer to.
        depth: how many lists this value is inside of.

    Raises:
        MaskInvalid: it is in no known spelling, or invalid.
    """
    if isinstance(value, Mapping) and "counts" in value:
        return _read_rle(value["counts"], value.get("size", _picture_size(value)), size)
    if isinstance(value, str):
        return _read_text(value, size)
    if not isinstance(value, list) or not value or depth > _MAX_DEPTH:
        raise MaskInvalid("has an unknown format")
    if _is_bitmap(value, size):
        return _scaled(rings_of_bitmap(np.array(value, dtype=np.bool_)), (len(value), len(value[0])), size)
    if all(map(_is_number, value)):
        is_runs = size is not None and sum(value) == size[0] * size[1] and all(isinstance(one, int) for one in value)
        return _read_rle(value, None, size) if is_runs else [_polygon(value)]
    if all(map(_is_point, value)):
        return [_polygon([_xy(point) for point in value])]
    rings = [ring for part in value for ring in read_outlines(part, size, depth + 1)]
    return rings if len(rings) == 1 else [_of_positive_area(ring) if _is_polygon(value) else ring for ring in rings]


def _read_rle(counts: Any, height_width: Any, size: Size | None) -> list[Ring]:
    if isinstance(counts, str):
        runs = decompress(counts)
    elif isinstance(counts, list) and len(counts) <= MAX_RUNS:
        runs = _integers(counts, "has counts that are not whole numbers")
    else:
        raise MaskInvalid("has no counts, or too many")
    if height_width is None and size is not None:
        height_width = [size[1], size[0]]
    if not isinstance(height_width, list) or len(height_width) != 2:
        raise MaskInvalid("has no size")
    height_px, width_px = _integers(height_width, "has no size").tolist()
    return _scaled(rings_of_runs(runs, height_px, width_px), (height_px, width_px), size)


def _picture_size(value: Mapping[str, Any]) -> list[Any] | None:
    return [value["height"], value["width"]] if {"height", "width"} <= value.keys() else None


def _read_text(text: str, size: Size | None) -> list[Ring]:
    if not text.startswith(_PNG_START):
        return _read_rle(text, None, size)
    try:
        bitmap = class_ids(decode_base64(text.removeprefix(_PNG_START[1]))) > 0
    except MaskError as error:
        raise MaskInvalid("is not a mask") from error
    return _scaled(rings_of_bitmap(bitmap), bitmap.shape, size)


def _scaled(rings: list[Ring], shape: tuple[int, ...], size: Size | None) -> list[Ring]:
    """Rings of a mask of this (height, width), in pixels of the image."""
    height_px, width_px = shape
    if size is None or size == (width_px, height_px):
        return rings
    x, y = size[0] / width_px, size[1] / height_px
    if not 0 < y < np.inf or abs(x / y - 1) > _MAX_ASPECT_DIFFERENCE:
        image = f"{size[0]:g} x {size[1]:g}"
        raise MaskInvalid(f"is {width_px} x {height_px} pixels, which does not fit the image of {image}")
    return [(ring * (x, y)).astype(np.float32) for ring in rings]


def _is_bitmap(value: list[Any], size: Size | None) -> bool:
    """Whether this is rows of 0 and 1 in the size of the image; pairs of numbers are points otherwise."""
    if size is None or len(value) != size[1] or not all(isinstance(row, list) and len(row) == size[0] for row in value):
        return False
    return all(pixel in (0, 1) for row in value for pixel in row if not isinstance(pixel, list | dict))


def _polygon(numbers: list[Any]) -> Ring:
    try:
        xy = np.array(numbers, dtype=np.float64).reshape(-1, 2)
    except (ValueError, TypeError, OverflowError) as error:
        raise MaskInvalid("has coordinates that are not numbers") from error
    if not np.isfinite(xy).all() or not (np.abs(xy) < np.finfo(np.float32).max).all():
        raise MaskInvalid("has coordinates that are not finite")
    return xy.astype(np.float32)


def _of_positive_area(ring: Ring) -> Ring:
    return ring[::-1] if signed_area(ring) < 0 else ring


def _is_polygon(parts: list[Any]) -> bool:
    """Whether the parts are polygons, whose direction has no meaning."""
    return not any(isinstance(part, dict | str) for part in parts)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_point(value: Any) -> bool:
    if isinstance(value, Mapping):
        return {"x", "y"} <= value.keys()
    return isinstance(value, list) and len(value) == 2 and all(map(_is_number, value))


def _xy(point: Any) -> list[Any]:
    return [point["x"], point["y"]] if isinstance(point, Mapping) else point


def _integers(values: list[Any], why: str) -> Ints:
    """The values as whole numbers; floats without a fraction are some.

    Raises:
        MaskInvalid: others are among them.
    """
    try:
        numbers = np.array(values, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            whole = numbers.astype(np.int64)
    except (ValueError, TypeError, OverflowError) as error:
        raise MaskInvalid(why) from error
    if numbers.ndim != 1 or not (np.isfinite(numbers) & (numbers == whole)).all():
        raise MaskInvalid(why)
    return whole
