"""Preprocessing of pictures to model inputs: resize, pad, normalize and convert to planes, in one pass."""

from __future__ import annotations

import threading
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.engine.detectors.model_config import Interpolation, ModelConfig, Resize, Triple
from frametally.engine.picture import Picture

Floats = npt.NDArray[np.float32]
Blob = npt.NDArray[Any]

IMAGENET_MEAN: Final[Triple] = (0.485, 0.456, 0.406)
IMAGENET_STD: Final[Triple] = (0.229, 0.224, 0.225)
"""Mean and standard deviation of values 0 to 1, RGB, as in torchvision's transforms."""


class Preprocessing(NamedTuple):
    """The preprocessing of a model; its input is (value - mean) / std of values 0 to 1."""

    size_px: tuple[int, int]
    """Width and height."""
    resize: Resize = "letterbox"
    crop_share: float = 1.0
    interpolation: Interpolation = "bilinear"
    """YOLO, YOLOX, NanoDet, PicoDet and FastestDet are trained and evaluated on pictures scaled by OpenCV, without
    smoothing; with smoothing, a quantized model lost a third of its boxes. Exporters that use torchvision smooth."""
    pad_value: int = 114
    color_order: Literal["RGB", "BGR"] = "RGB"
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)
    """Both in the order of `color_order`."""

    def overridden_by(self, config: ModelConfig) -> Preprocessing:
        """The same, with the values that are set in a `model.json`."""
        values = {name: getattr(config, name, None) for name in self._fields if name != "size_px"}
        return self._replace(**{name: value for name, value in values.items() if value is not None})


class Fit(NamedTuple):
    """How a picture is placed in the input: `input = picture * (x_scale, y_scale) + (left_px, top_px)`."""

    x_scale: float
    y_scale: float
    left_px: int
    top_px: int
    width_px: int
    height_px: int
    """Size of the scaled picture; with `center-crop` part of it is outside of the input."""

    def to_picture(self, xy: Floats) -> Floats:
        """Convert points (n, 2) from pixels of the input to pixels of the picture."""
        scaled = (xy - (self.left_px, self.top_px)) / (self.x_scale, self.y_scale)
        return np.asarray(scaled, dtype=np.float32)


def fit(preprocessing: Preprocessing, width_px: int, height_px: int) -> Fit:
    """The placement of a picture of this size."""
    to_width, to_height = preprocessing.size_px
    x_scale, y_scale = to_width / width_px, to_height / height_px
    if preprocessing.resize == "stretch":
        return Fit(x_scale, y_scale, 0, 0, to_width, to_height)
    is_cropped = preprocessing.resize == "center-crop"
    scale = max(x_scale, y_scale) / preprocessing.crop_share if is_cropped else min(x_scale, y_scale)
    inner_width, inner_height = max(1, round(width_px * scale)), max(1, round(height_px * scale))
    in_corner = preprocessing.resize == "letterbox-top-left"
    left, top = (0, 0) if in_corner else ((to_width - inner_width) // 2, (to_height - inner_height) // 2)
    return Fit(scale, scale, left, top, inner_width, inner_height)


class Blobs:
    """Converts pictures to a model's input, (1, 3, height_px, width_px).

    Each thread reuses one array: a returned array is valid until the next call of the same thread.
    """

    def __init__(self, preprocessing: Preprocessing, dtype: npt.DTypeLike) -> None:
        self._preprocessing = preprocessing
        self._dtype = np.dtype(dtype)
        self._channels = (2, 1, 0) if preprocessing.color_order == "RGB" else (0, 1, 2)
        self._table = _table(preprocessing, self._dtype)
        self._own = threading.local()

    def of(self, picture: Picture) -> tuple[Blob, Fit]:
        """The model's input, and the placement of the picture in it."""
        place = fit(self._preprocessing, picture.width_px, picture.height_px)
        blob = self._padded(place)
        left, top = max(place.left_px, 0), max(place.top_px, 0)
        pixels = picture.bgr(place.width_px, place.height_px, self._preprocessing.interpolation)[
            top - place.top_px :, left - place.left_px :
        ]
        pixels = pixels[: blob.shape[2] - top, : blob.shape[3] - left]
        height, width = pixels.shape[:2]
        for plane, channel in enumerate(self._channels):
            self._fill(blob[0, plane, top : top + height, left : left + width], pixels[:, :, channel], plane)
        return blob, place

    def _fill(self, plane: Blob, levels: npt.NDArray[np.uint8], number: int) -> None:
        if self._dtype != np.float32:
            plane[...] = self._table[number][levels]
            return
        factor, shift = _line(self._preprocessing, number)
        np.multiply(levels, factor, out=plane, dtype=np.float32)
        if shift:
            np.add(plane, shift, out=plane)

    def _padded(self, place: Fit) -> Blob:
        """The thread's array with its padding; recreated if the placement differs from that of the last picture."""
        if getattr(self._own, "place", None) != place:
            width_px, height_px = self._preprocessing.size_px
            self._own.blob = np.empty((1, 3, height_px, width_px), dtype=self._dtype)
            self._own.blob[0] = self._table[:, self._preprocessing.pad_value, None, None]
            self._own.place = place
        blob: Blob = self._own.blob
        return blob


def _line(preprocessing: Preprocessing, plane: int) -> tuple[np.float32, np.float32]:
    """Factor and shift that convert a level 0 to 255 to an input value."""
    mean, std = preprocessing.mean[plane], preprocessing.std[plane]
    return np.float32(1 / 255 / std), np.float32(-mean / std)


def _table(preprocessing: Preprocessing, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """(3, 256) input value for each level 0 to 255. Integer inputs are not normalized: uint8 gets the level, int8 the
    level minus 128.
    """
    levels = np.arange(256)
    if dtype.kind == "u":
        return np.stack([levels.astype(dtype)] * 3)
    if dtype.kind == "i":
        return np.stack([(levels - 128).astype(dtype)] * 3)
    lines = [_line(preprocessing, plane) for plane in range(3)]
    return np.stack([(levels * factor + shift).astype(dtype) for factor, shift in lines])
