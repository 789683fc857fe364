"""Semantic segmentation: a class for each pixel, as logits [1, classes, h, w] or as ids [1, h, w]."""

from __future__ import annotations

import binascii
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from frametally.contract import InferenceType
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import Floats
from frametally.engine.detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Fit, Preprocessing
from frametally.engine.picture import Picture
from frametally.engine.result_entries import SegmentationMask, SemanticSegmentationEntry
from frametally.errors import ModelError

BACKGROUND: Final = "background"
NO_CLASS: Final = 255
"""The id of pixels of no requested class, if the model has no background class."""
_PNG: Final = (cv2.IMWRITE_PNG_COMPRESSION, 1)
Ids = npt.NDArray[np.uint8]


def matches(file: OnnxFile) -> bool:
    """Whether the first output is a pixel map and all others have its shape; box grids differ in shape."""
    shape = file.outputs[0].shape
    if len(shape) == 4:
        return all(output.shape == shape for output in file.outputs) and shape[2:] != [1, 1]
    return len(file.outputs) == 1 and len(shape) == 3 and file.fixed_size_px == (shape[2], shape[1])


class SemanticDetector:
    """Stretched, RGB normalized as for ImageNet; the first output is the map, others are only used in training."""

    is_stateful = False
    inference_type: InferenceType = "semantic-segmentation"

    def __init__(self, file: OnnxFile, params: InferenceParams) -> None:
        file.size(0, -1, rank=3 if len(file.outputs[0].shape) == 3 else 4)
        preprocessing = Preprocessing(
            file.size_px(), "stretch", interpolation="antialias", mean=IMAGENET_MEAN, std=IMAGENET_STD
        ).overridden_by(file.config)
        self._file = file
        self._size_px = preprocessing.size_px
        self._blobs = file.blobs(preprocessing)
        self._middle = 0.5 if file.outputs[0].last_operator == "Sigmoid" or file.config.activation == "none" else 0.0
        self.classes = _class_names(file)
        self._min_confidence = params.confidence or 0.0
        self._other = self.classes.index(BACKGROUND) if BACKGROUND in self.classes else NO_CLASS
        requested = [at for at, name in enumerate(self.classes) if params.classes is None or name in params.classes]
        self._table = np.full(256, self._other, dtype=np.uint8)
        self._table[requested] = requested
        self._class_map = {str(at): name for at, name in enumerate(self.classes)}
        is_partial = self._min_confidence or params.classes is not None or preprocessing.resize != "stretch"
        if self._other == NO_CLASS and is_partial:
            self._class_map[str(NO_CLASS)] = BACKGROUND

    def infer(self, picture: Picture) -> SemanticSegmentationEntry:
        blob, fit = self._blobs.of(picture)
        ids = self._ids(self._file.run(blob)[0])
        if ids[ids != NO_CLASS].max(initial=0) >= len(self.classes):
            raise ModelError(
                f"{self._file.name} returned more classes than it has names.", "Set all `names` in a model.json."
            )
        whole = _to_picture(self._table[ids], self._size_px, fit, picture, self._other)
        _, png = cv2.imencode(".png", whole, _PNG)
        mask = binascii.b2a_base64(png.tobytes(), newline=False).decode("ascii")
        return SemanticSegmentationEntry(picture.size, SegmentationMask(mask, self._class_map))

    def _ids(self, values: npt.NDArray[Any]) -> Ids:
        """(h, w) class ids; logits at a lower resolution than the model's input are first scaled to its size."""
        if values.ndim == 2 or (len(values) == 1 and values.dtype.kind != "f"):
            whole = np.rint(values.reshape(values.shape[-2:]))
            return np.asarray(np.clip(whole, 0, NO_CLASS), dtype=np.uint8)
        planes = _enlarged(values.astype(np.float32, copy=False), self._size_px)
        if len(planes) == 1:
            return np.asarray(planes[0] > self._middle, dtype=np.uint8)
        ids = np.asarray(planes.argmax(axis=0), dtype=np.uint8)
        if self._min_confidence:
            ids[_confidence(planes) < self._min_confidence] = NO_CLASS
        return ids


def _class_names(file: OnnxFile) -> list[str]:
    """A name for each plane; with a single plane, background and the name of the foreground."""
    names = file.listed_names()
    if names is None:
        file.raise_missing_names()
    listed = names if isinstance(names, list) else list((names or {}).values())
    planes = file.outputs[0].shape[1] if len(file.outputs[0].shape) == 4 else None
    if planes == 1 and len(listed) == 1:
        return [BACKGROUND, *listed]
    if planes == 1:
        return listed
    if len(listed) >= NO_CLASS:
        raise ModelError(f"{file.name} has {len(listed)} classes.", f"At most {NO_CLASS - 1} are supported.")
    return file.class_names(planes)


def _enlarged(planes: Floats, size_px: tuple[int, int]) -> Floats:
    """The planes scaled to the size of the input, so that class borders can be between the points of a coarse map."""
    if planes.shape[1] >= size_px[1] and planes.shape[2] >= size_px[0]:
        return planes
    return np.stack([cv2.resize(plane, size_px, interpolation=cv2.INTER_LINEAR) for plane in planes])


def _confidence(planes: Floats) -> Floats:
    """(h, w) probability of the most likely class; planes that already are probabilities are used unchanged."""
    total = planes.sum(axis=0)
    if planes.min() >= 0 and np.allclose(total, 1, atol=0.02):
        return np.asarray(planes.max(axis=0))
    return np.asarray(1 / np.exp(planes - planes.max(axis=0)).sum(axis=0))


def _to_picture(ids: Ids, size_px: tuple[int, int], fit: Fit, picture: Picture, other: int) -> Ids:
    """The ids at the size of the picture; pixels outside of the model's input are `other`."""
    across, down = ids.shape[1] / size_px[0], ids.shape[0] / size_px[1]
    x = np.floor(((np.arange(picture.width_px) + 0.5) * fit.x_scale + fit.left_px) * across).astype(np.int64)
    y = np.floor(((np.arange(picture.height_px) + 0.5) * fit.y_scale + fit.top_px) * down).astype(np.int64)
    whole: Ids = np.asarray(ids.take(y, axis=0, mode="clip").take(x, axis=1, mode="clip"))
    whole[(y < 0) | (y >= ids.shape[0])] = other
    whole[:, (x < 0) | (x >= ids.shape[1])] = other
    return whole
