"""The seam between the engine and its models: what a detector is, and what a request may say about running it."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta, Struct

from video_inference.contract import Prediction
from video_inference.errors import ModelError
from video_inference.video import Image


class Detector(Protocol):
    """One model at work on one video; it sees the analysed frames in order and may remember them."""

    @property
    def classes(self) -> list[str]:
        """Names by `class_id`."""

    def infer(self, image: Image) -> list[Prediction]:
        """What it sees in an upright BGR picture; boxes in pixels of that picture."""


Share = Annotated[float, Meta(ge=0, le=1)]


class InferenceParams(Struct, frozen=True):
    """Unset ones are up to the model's family."""

    confidence: Share | None = None
    """Boxes below it are left out."""
    iou_threshold: Share | None = None
    """Of two boxes of one class that overlap by more, the less confident one is left out."""
    max_detections: Annotated[int, Meta(ge=1, le=10_000)] = 300
    """Boxes in one frame."""
    classes: list[str] | None = None
    """Only these; None: all of the model's."""


def parse_params(params: dict[str, Any] | None) -> InferenceParams:
    """Typed `inference_params`; unknown ones are tolerated.

    Raises:
        ModelError: one has a value that it cannot have.
    """
    try:
        return msgspec.convert(params or {}, InferenceParams)
    except msgspec.ValidationError as error:
        raise ModelError("The inference_params are wrong.", str(error)) from error
