"""The detector interface between the engine and its models, with the parameters of a request."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta, Struct

from frametally.engine.picture import Picture
from frametally.engine.result_entries import Entry
from frametally.errors import ModelError


class Detector(Protocol):
    """One model, opened for one video."""

    @property
    def classes(self) -> list[str]:
        """Names by `class_id`."""

    @property
    def is_stateful(self) -> bool:
        """Whether it depends on earlier frames and must process the analyzed frames in order.

        A stateless detector may be called by several threads at once.
        """

    def infer(self, picture: Picture) -> Entry:
        """The results entry for one picture; coordinates are in pixels of the picture.

        Raises:
            ModelError: the model failed on this picture.
        """


Share = Annotated[float, Meta(ge=0, le=1)]


class InferenceParams(Struct, frozen=True):
    """Parameters of a model; the defaults of unset ones depend on the architecture."""

    confidence: Share | None = None
    """Minimum confidence of boxes and labels; pixels below it are background."""
    iou_threshold: Share | None = None
    """Non-maximum suppression: above this IoU, only the more confident of two boxes of a class is kept."""
    max_detections: Annotated[int, Meta(ge=1, le=10_000)] = 300
    """Maximum number of boxes or labels in one frame."""
    classes: list[str] | None = None
    """Only these classes; None for all."""


def parse_params(params: dict[str, Any] | None) -> InferenceParams:
    """Decode `inference_params`; unknown ones are ignored.

    Raises:
        ModelError: a value is invalid.
    """
    try:
        return msgspec.convert(params or {}, InferenceParams)
    except msgspec.ValidationError as error:
        raise ModelError("The inference_params are invalid.", str(error)) from error
