"""COCO JSON (Lin et al. 2014; cocodataset.org/#format-data): `images`, `annotations` and `categories`.

The frame of an image is its `frame_index` (from 0, as Frametally writes it), `video_frame`, `frame_id` or
`frame_number`, or else the number in its file name, as CVAT, Roboflow and FFmpeg write it. Images without annotations
are labeled frames without objects. Annotations with `iscrowd` or `ignore` are neither missed nor wrong.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from frametally.errors import EvaluationError
from frametally.evaluation.formats.builder import TruthBuilder
from frametally.evaluation.formats.limits import read_bytes
from frametally.evaluation.formats.numbering import Numbering, number_in
from frametally.evaluation.truth import Truth

_Id = int | str
_FIELDS: Final = ("frame_index", "video_frame", "frame_id", "frame_number")


class _Image(Struct, gc=False):
    id: _Id
    file_name: str = ""
    width: float | None = None
    height: float | None = None
    video_id: _Id | None = None
    frame_index: int | None = None
    video_frame: int | None = None
    frame_id: int | None = None
    frame_number: int | None = None


class _Annotation(Struct, gc=False):
    image_id: _Id
    category_id: _Id
    bbox: list[float] | None = None
    iscrowd: int | bool | None = None
    ignore: int | bool | None = None


class _Category(Struct, gc=False):
    id: _Id
    name: str


class _Coco(Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


def read_coco(path: Path, numbering: Numbering) -> Truth:
    """The labels in a COCO JSON.

    Raises:
        EvaluationError: it is not one, or its images are not the frames of one video.
    """
    try:
        coco = msgspec.json.decode(read_bytes(path), type=_Coco)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EvaluationError(f"{path.name} is not a COCO JSON: {error}.", "Check the file and --format.") from error
    if len({image.video_id for image in coco.images}) > 1:
        raise EvaluationError("The images are of several videos.", "Labels of one video are needed.")
    builder = TruthBuilder("COCO JSON")
    names = {category.id: category.name for category in coco.categories}
    for name in names.values():
        builder.class_code(name)
    _add_boxes(builder, coco, names, _add_frames(builder, coco.images))
    return builder.build(0, numbering)


def _add_frames(builder: TruthBuilder, images: list[_Image]) -> dict[_Id, int]:
    """The frame number of each image, by its id."""
    field = next((name for name in _FIELDS if all(getattr(image, name) is not None for image in images)), None)
    numbers: dict[_Id, int] = {}
    for image in images:
        number = number_in(image.file_name) if field is None else getattr(image, field)
        if number is None or number < 0:
            raise EvaluationError(
                f"Image {image.file_name or image.id} has no frame number.", "Name it like frame_000030.jpg."
            )
        if image.id in numbers:
            raise EvaluationError(f"Two images have the id {image.id}.", "Each needs its own.")
        numbers[image.id] = number
        builder.frame(number, image.file_name or f"image {image.id}", (_side(image.width), _side(image.height)))
    return numbers


def _add_boxes(builder: TruthBuilder, coco: _Coco, names: dict[_Id, str], numbers: dict[_Id, int]) -> None:
    for found in coco.annotations:
        if found.image_id not in numbers or found.category_id not in names:
            builder.leave_out("annotations of an image or a category that is not in the file")
        elif found.bbox is None or len(found.bbox) != 4:
            builder.leave_out("annotations without a box")
        else:
            left, top, width, height = found.bbox
            builder.box(
                numbers[found.image_id],
                names[found.category_id],
                (left, top, left + width, top + height),
                ignored=bool(found.iscrowd or found.ignore),
            )


def _side(px: float | None) -> float:
    return px if px is not None and px > 0 else math.nan
