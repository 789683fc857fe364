"""CVAT for images 1.1: an `image` with its shapes for each frame (docs.cvat.ai, XML annotation format).

The frame of an image is the number in its name, `frame_000030` for tasks on videos, and its `id` if no name has one.
Images without shapes are labeled frames without objects.
"""

from __future__ import annotations

from pathlib import Path

from frametally.evaluation.formats.builder import TruthBuilder
from frametally.evaluation.formats.cvat_shapes import SHAPES, corners_of, declare_labels, number_of, whole_number
from frametally.evaluation.formats.numbering import Numbering, number_in
from frametally.evaluation.formats.xml import Element, elements_of
from frametally.evaluation.truth import Truth


def read_cvat_images(path: Path, numbering: Numbering) -> Truth:
    """The labels in such a file.

    Raises:
        EvaluationError: it cannot be read, or its images are not the frames of one video.
    """
    builder = TruthBuilder("CVAT for images")
    images: list[Element] = []
    for element in elements_of(path, "annotations"):
        if element.tag == "meta":
            declare_labels(element, builder)
        elif element.tag == "image":
            images.append(element)
        elif element.tag == "track":
            builder.leave_out("tracks, which belong to CVAT for video")
    has_numbers = all(number_in(image.attributes.get("name", "")) is not None for image in images)
    for image in images:
        _add(builder, image, has_numbers=has_numbers)
    return builder.build(0, numbering)


def _add(builder: TruthBuilder, image: Element, *, has_numbers: bool) -> None:
    name = image.attributes.get("name", "")
    named = number_in(name) if has_numbers else None
    number = whole_number(image.attributes.get("id", ""), "image id") if named is None else named
    builder.frame(number, name or f"image {number}", (number_of(image, "width"), number_of(image, "height")))
    for shape in image.children:
        if shape.tag in SHAPES:
            builder.box(number, shape.attributes.get("label", ""), corners_of(shape, builder))
        else:
            builder.leave_out(f"shapes without an area ({shape.tag})")
