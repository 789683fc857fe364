"""The seam between the engine and its models: what a detector is, and what a request may say about running it."""

from __future__ import annotations

from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta, Struct

from frametally.engine.picture import Picture
from frametally.engine.result_entries import Entry
from frametally.errors import ModelError


class Detector(Protocol):
    """One model at work on one video."""

    @property
    def classes(self) -> list[str]:
        """Names by `class_id`."""

    @property
    def is_stateful(self) -> bool:
        """Whether it must see the analyzed frames one after the other, as it remembers them.

        Any other may be asked by several threads at once, each for a frame of its own.
        """

    def infer(self, picture: Picture) -> Entry:
        """What it sees, as it stands in the results; coordinates in pixels of the picture."""


Share = Annotated[float, Meta(ge=0, le=1)]


class InferenceParams(Struct, frozen=True):
    """Unset ones are up to the model's family."""

    confidence: Share | None = None
    """Boxes and labels below it are left out; pixels below it are background."""
    iou_threshold: Share | None = None
    """Of two boxes of one class that overlap by more, the less confident one is left out."""
    max_detections: Annotated[int, Meta(ge=1, le=10_000)] = 300
    """Boxes, or labels, in one frame."""
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
