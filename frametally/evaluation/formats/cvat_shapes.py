"""The shapes of CVAT's XML as boxes (docs.cvat.ai, XML annotation format)."""

from __future__ import annotations

import math
from typing import Final

from frametally.errors import EvaluationError
from frametally.evaluation.formats.builder import Corners, TruthBuilder
from frametally.evaluation.formats.limits import MAX_NUMBER
from frametally.evaluation.formats.xml import Element

SHAPES: Final = ("box", "polygon", "mask", "ellipse")
"""Shapes of an area; a point, a line or a tag has none."""


def corners_of(shape: Element, builder: TruthBuilder) -> Corners:
    """The box of a shape; the smallest upright one that contains it if it is another shape or turned.

    Raises:
        EvaluationError: a number is missing.
    """
    if shape.tag != "box" or number_of(shape, "rotation", 0.0):
        builder.note("Polygons, masks, ellipses and turned boxes are read as the upright box around them.")
    match shape.tag:
        case "box":
            return _turned(*(number_of(shape, name) for name in ("xtl", "ytl", "xbr", "ybr", "rotation")))
        case "mask":
            left, top, width, height = (number_of(shape, name) for name in ("left", "top", "width", "height"))
            return left, top, left + width, top + height
        case "ellipse":
            x, y, rx, ry, turn = (number_of(shape, name) for name in ("cx", "cy", "rx", "ry", "rotation"))
            return _around(x, y, *_ellipse_reach(rx, ry, turn))
        case _:
            return _extent(shape)


def number_of(element: Element, name: str, default: float | None = None) -> float:
    """An attribute that is a number; `rotation` is 0 if it is missing.

    Raises:
        EvaluationError: it is missing or not a number.
    """
    text = element.attributes.get(name)
    if text is None and (default is not None or name == "rotation"):
        return default or 0.0
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise EvaluationError(f"A {element.tag} has no number {name}.", "Check the labels.")
    return number


def whole_number(text: str, name: str) -> int:
    """A frame number or another count.

    Raises:
        EvaluationError: it is not one.
    """
    if not text.isdecimal() or len(text) > 10 or int(text) > MAX_NUMBER:
        raise EvaluationError(f"The labels have a {name} that is not a number.", "Check the file.")
    return int(text)


def declare_labels(meta: Element, builder: TruthBuilder) -> None:
    """Add the classes that the task, job or project has."""
    for owner in meta.children:
        labels = owner.find("labels")
        for label in labels.children if labels else []:
            if label.tag == "label" and not label.text_at("parent"):
                builder.class_code(label.text_at("name"))


def _turned(left: float, top: float, right: float, bottom: float, turn: float) -> Corners:
    if not turn:
        return left, top, right, bottom
    angle, width, height = math.radians(turn), (right - left) / 2, (bottom - top) / 2
    cos, sin = abs(math.cos(angle)), abs(math.sin(angle))
    reach = (width * cos + height * sin, width * sin + height * cos)
    return _around((left + right) / 2, (top + bottom) / 2, *reach)


def _ellipse_reach(rx: float, ry: float, turn: float) -> tuple[float, float]:
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    return math.hypot(rx * cos, ry * sin), math.hypot(rx * sin, ry * cos)


def _around(x: float, y: float, reach_x: float, reach_y: float) -> Corners:
    return x - reach_x, y - reach_y, x + reach_x, y + reach_y


def _extent(shape: Element) -> Corners:
    try:
        points = [tuple(map(float, pair.split(","))) for pair in shape.attributes.get("points", "").split(";")]
        xs, ys = zip(*points, strict=True)
    except ValueError as error:
        raise EvaluationError(f"A {shape.tag} has no points.", "Check the labels.") from error
    return min(xs), min(ys), max(xs), max(ys)
