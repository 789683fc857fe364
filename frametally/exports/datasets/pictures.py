"""The analyzed frames with their boxes, upright, in the pixels that the model saw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import cv2
import numpy as np

from frametally.analysis.view import View, picked
from frametally.evaluation.upright import Picture
from frametally.exports.datasets.selection import Selection
from frametally.results import Boxes
from frametally.video.decoding import Image, upright
from frametally.video.frame_reader import FrameReader
from frametally.video.orientation import orientation_of

_JPEG_QUALITY: Final = 95
_MIN_SIDE_PX: Final = 0.1
"""YOLO has five decimals: a thinner box would have no width."""


class LabeledPicture(NamedTuple):
    """A frame of a dataset."""

    entry: int
    image: Image
    boxes: Boxes
    """In pixels, within the picture."""
    left_out: int
    """Boxes that are outside the picture, or have no area."""


def labeled_pictures(view: View, selection: Selection, reader: FrameReader) -> Iterator[LabeledPicture]:
    """The frames of a selection in order, one at a time; those that cannot be decoded are left out."""
    entries = selection.entries.tolist()
    of_frame = dict(zip(view.results.frame_index[selection.entries].tolist(), entries, strict=True))
    for position, frame in reader.frames(of_frame):
        entry, image = of_frame[position], upright(frame)
        picture = Picture((image.shape[1], image.shape[0]), orientation_of(frame))
        boxes = selection.boxes(entry, picture)
        kept = within(boxes, picture.wh)
        yield LabeledPicture(entry, image, kept, len(boxes) - len(kept))


def within(boxes: Boxes, wh: tuple[int, int]) -> Boxes:
    """The boxes cut at the edges of a picture: labeling tools refuse those that reach beyond."""
    width, height = wh
    boxes = picked(boxes, np.flatnonzero(boxes.is_finite))
    boxes.xyxy[:] = np.clip(boxes.xyxy, 0, np.array([width, height, width, height], dtype=np.float32))
    return picked(boxes, np.flatnonzero((boxes.xyxy[:, 2:] - boxes.xyxy[:, :2] >= _MIN_SIDE_PX).all(axis=1)))


def jpeg(image: Image) -> bytes:
    """The picture as a file."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return bytes(data.tobytes())
