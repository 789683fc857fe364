"""Predictions in spellings other than the service's own, in its spelling; only where the meaning is certain.

Read are `class_name`, `label` or `name` for `class`, `score` and others for `confidence`, percentages as text, masks in
any field and format (see `outlines`), and boxes that have a mask only. What is ignored, or cannot be read, becomes an
issue.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from frametally.results.spellings.notes import Issue
from frametally.results.spellings.outlines import MASK_FIELDS, Size, read_outlines
from frametally.results.spellings.rle import MaskInvalid, Ring

SIDES: Final = ("x", "y", "width", "height")
NAME_FIELDS: Final = ("class", "class_name", "label", "name")
CONFIDENCE_FIELDS: Final = ("confidence", "score", "probability", "conf")
_CLASS_IDS = range(-(1 << 31), 1 << 31)
Object = dict[str, Any]


class Canonical:
    """Brings entries into the canonical spelling; collects the issues and the outlines of the masks."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []
        self.outlines: dict[int, list[Ring]] = {}
        """Outlines by the index of their box in the entry."""

    def boxes_entry(self, entry: Any) -> Any:
        """An entry of boxes; other values as they are."""
        entry = unwrapped(entry)
        found = entry.get("predictions") if isinstance(entry, dict) else None
        if not isinstance(found, list):
            return entry
        size = image_size(entry)
        boxes = [self._box(box, size, at) for at, box in enumerate(found)]
        return {"image": self._image(entry, size), "predictions": boxes}

    def gaze_entry(self, entry: Any) -> Any:
        """An entry of faces with their gaze, or a bare list of them."""
        found = entry.get("predictions") if isinstance(entry, dict) else entry
        if not isinstance(found, list):
            return entry
        faces = [
            {**one, "face": self._box(one.get("face"), None, at)} if isinstance(one, dict) else one
            for at, one in enumerate(found)
        ]
        if isinstance(entry, dict):
            return {"image": self._image(entry, image_size(entry)), "predictions": faces}
        return faces

    def labels_entry(self, entry: Any) -> Any:
        """An entry of labels with their probabilities."""
        found = entry.get("predictions") if isinstance(entry, dict) else None
        if isinstance(found, dict):
            labels: Any = {name: self._scored(one) for name, one in found.items()}
        elif isinstance(found, list):
            labels = [self._named(self._scored(one)) for one in found]
        else:
            return entry
        return {"image": self._image(entry, image_size(entry)), "predictions": labels}

    def _image(self, entry: Object, size: Size | None) -> Object | None:
        if size is not None:
            return {"width": size[0], "height": size[1]}
        if entry.get("image"):
            self.issues.append(Issue("image", "has no width and height in pixels"))
        return None

    def _box(self, box: Any, size: Size | None, at: int) -> Any:
        if not isinstance(box, dict):
            return box
        known = self._named(self._scored(box))
        known["tracker_id"] = self._tracker_id(box.get("tracker_id", box.get("track_id")))
        rings = self._outlines(box, size)
        if rings:
            self.outlines[at] = rings
        known |= self._sides(box, rings)
        if isinstance(box.get("keypoints"), list):
            known["keypoints"] = [self._keypoint(point) for point in box["keypoints"]]
        return known

    def _scored(self, item: Any) -> Any:
        """The item with a confidence that is a number or absent, and without other fields but its names."""
        if not isinstance(item, dict):
            return item
        known = {name: item[name] for name in (*NAME_FIELDS, "class_id") if name in item}
        value = next((item[name] for name in CONFIDENCE_FIELDS if item.get(name) is not None), None)
        if value is None:
            return known
        number = percentage(value) if isinstance(value, str) and value.rstrip().endswith("%") else number_of(value)
        return {**known, "confidence": math.nan if number is None else number}

    def _named(self, item: Any) -> Any:
        """The item with `class` and a `class_id` that is a number or None."""
        if not isinstance(item, dict):
            return item
        texts = {name: item[name] for name in NAME_FIELDS if isinstance(item.get(name), str)}
        known = {"class": next(iter(texts.values()))} if texts else {}
        if "class_name" in texts and texts["class_name"] != known["class"] and known["class"].isdecimal():
            known["class"] = texts["class_name"]
        number = item.get("class_id", None if "class" in texts else item.get("class"))
        class_id = whole_number(number)
        if not known and (class_id is not None or isinstance(number, str)):
            known["class"] = str(number if class_id is None else class_id)
        elif class_id is None and number is not None:
            self.issues.append(Issue("class_id", "is not a whole number and is ignored"))
        confidence = {"confidence": item["confidence"]} if "confidence" in item else {}
        return {**known, "class_id": class_id, **confidence}

    def _sides(self, box: Object, rings: list[Ring]) -> Object:
        """The four numbers of the box; of its mask if it has none, NaN where one cannot be read."""
        if not any(name in box for name in SIDES):
            return box_around(rings) if rings else dict.fromkeys(SIDES, math.nan) if has_mask(box) else {}
        sides = {name: number_of(box.get(name)) for name in SIDES}
        if rings and not all(value is not None and math.isfinite(value) for value in sides.values()):
            return box_around(rings)
        return {name: math.nan if value is None else value for name, value in sides.items()}

    def _outlines(self, box: Object, size: Size | None) -> list[Ring]:
        """The outlines of the first mask of the box that can be read; empty if there is none."""
        issues = []
        for field in MASK_FIELDS:
            if box.get(field):
                try:
                    return read_outlines(box[field], size)
                except MaskInvalid as error:
                    issues.append(Issue(field, f"{error}; not drawn"))
        self.issues += issues
        return []

    def _keypoint(self, point: Any) -> Any:
        """A keypoint in the canonical spelling; one without a place is missing, as NaN."""
        if not isinstance(point, dict):
            return point
        known = {name: point[name] for name in ("class", "class_name") if isinstance(point.get(name), str)}
        for name in ("x", "y"):
            number = number_of(point.get(name))
            known[name] = math.nan if number is None else number
        confidence = number_of(point.get("confidence", point.get("score")))
        return {**known, "confidence": confidence, "class_id": whole_number(point.get("class_id"))}

    def _tracker_id(self, value: Any) -> Any:
        if value is None or isinstance(value, int | str):
            return value
        whole = whole_number(value)
        if whole is None:
            self.issues.append(Issue("tracker_id", "is neither a whole number nor a text and is ignored"))
        return whole


def unwrapped(entry: Any) -> Any:
    """The entry; of one that is inside the `predictions` of another, as workflows return it, the inner one."""
    inner = entry.get("predictions") if isinstance(entry, dict) else None
    return inner if isinstance(inner, dict) and isinstance(inner.get("predictions"), list) else entry


def image_size(entry: Object) -> Size | None:
    """Width and height of the entry's image; None if it has none."""
    image = entry.get("image")
    image = image[0] if isinstance(image, list) and image else image
    if not isinstance(image, Mapping):
        return None
    width, height = number_of(image.get("width")), number_of(image.get("height"))
    return (width, height) if width and height and width > 0 and height > 0 else None


def has_mask(box: Mapping[str, Any]) -> bool:
    """Whether the prediction has a mask, readable or not."""
    return any(box.get(field) for field in MASK_FIELDS)


def box_around(rings: list[Ring]) -> Object:
    """Center, width and height of the smallest box around the outlines."""
    xy = np.concatenate(rings).astype(np.float64)
    first, last = xy.min(axis=0), xy.max(axis=0)
    (x, y), (width, height) = ((first + last) / 2).tolist(), (last - first).tolist()
    return {"x": x, "y": y, "width": width, "height": height}


def number_of(value: Any) -> float | None:
    """The value as a number; None if it is none, or a text that is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
    except OverflowError:
        return math.inf if int(value) > 0 else -math.inf


def percentage(text: str) -> float | None:
    """The share, 0 to 1, that a text such as `90 %` states."""
    number = number_of(text.rstrip().removesuffix("%"))
    return None if number is None else number / 100


def whole_number(value: Any) -> int | None:
    """The value as a class id; None if it is none."""
    number = number_of(value)
    if number is None or not math.isfinite(number) or not number.is_integer():
        return None
    return int(number) if int(number) in _CLASS_IDS else None
