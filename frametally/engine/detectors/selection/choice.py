"""Choose the architecture of an open model file among those whose shapes fit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np

from frametally.coco import COCO_CLASS_NAMES
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.grid import CellRows
from frametally.engine.detectors.model_config import ARCHITECTURE_NAMES, ArchitectureName
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import BoxDetector, Candidates
from frametally.engine.detectors.registry import ARCHITECTURES, OnnxDetector
from frametally.engine.detectors.selection.evidence import (
    RELEVANT_CONFIDENCE,
    Reading,
    contradiction,
    is_supported,
)
from frametally.engine.detectors.selection.pictures import examination_pictures
from frametally.engine.picture import Picture
from frametally.errors import ModelError

TIME_LIMIT_S: Final = 3.0
"""No further picture is examined after this time: slow models are judged by fewer pictures."""
_SURE: Final = 0.25
_WITH_CLASS_COLUMN: Final = ("deepstream", "yolo-nms-free", "yolov7-end2end")
"""Those whose outputs do not tell the number of classes, so that they are refused without names."""


class Variant(NamedTuple):
    """One way to read a file."""

    architecture: ArchitectureName
    decoded: bool


class Examined(NamedTuple):
    """What is known of a variant after the examination."""

    detector: OnnxDetector
    reading: Reading | None
    """None for a model without boxes."""
    refusal: ModelError | None


def choose(file: OnnxFile, *, opened: Callable[[Variant, OnnxDetector], None] = lambda *_: None) -> Variant:
    """How a file is to be read. An architecture that its `model.json` names is not examined.

    Args:
        file: the open file.
        opened: called before the examination if only one way fits the shapes.

    Raises:
        ModelError: no architecture fits, or all that fit contradict themselves, or several remain.
    """
    if file.config.architecture is not None:
        variant = Variant(file.config.architecture, file.config.decoded)
        opened(variant, open_variant(file, variant))
        return variant
    detectors, errors = _candidates(file)
    if len(detectors) == 1:
        opened(*next(iter(detectors.items())))
    examined = _examine(file, detectors)
    remaining = {variant: one for variant, one in examined.items() if one.refusal is None}
    if not remaining:
        contradicted = {variant: one.refusal for variant, one in examined.items() if one.refusal}
        unnamed = {variant: error for variant, error in errors.items() if variant.architecture in _WITH_CLASS_COLUMN}
        raise _refusal(file, unnamed or contradicted or errors)
    return _only(file, _most_likely(file, remaining))


def open_variant(file: OnnxFile, variant: Variant, params: InferenceParams | None = None) -> OnnxDetector:
    """The detector that reads a file in this way.

    Raises:
        ModelError: the file does not fit the architecture.
    """
    other = file.variant(decoded=variant.decoded)
    return ARCHITECTURES[variant.architecture].open(other, params or InferenceParams())


def _candidates(file: OnnxFile) -> tuple[dict[Variant, OnnxDetector], dict[Variant, ModelError]]:
    """The ways to read a file that fit its shapes and names, and why others do not."""
    detectors: dict[Variant, OnnxDetector] = {}
    errors: dict[Variant, ModelError] = {}
    for name, architecture in ARCHITECTURES.items():
        if not architecture.matches(file):
            continue
        is_open = architecture.may_be_decoded(file) and not file.config.decoded
        for decoded in (False, True) if is_open else (file.config.decoded,):
            try:
                detectors[Variant(name, decoded)] = open_variant(file, Variant(name, decoded))
            except ModelError as error:
                errors[Variant(name, decoded)] = error
    return detectors, errors


def _examine(file: OnnxFile, detectors: Mapping[Variant, OnnxDetector]) -> dict[Variant, Examined]:
    """Read the examination pictures in every way, and look for contradictions."""
    deadline_s = time.monotonic() + TIME_LIMIT_S
    examined = {}
    for variant, detector in detectors.items():
        try:
            reading = _read(detector, deadline_s)
        except ModelError as error:
            examined[variant] = Examined(detector, None, error)
            continue
        reason = contradiction(reading) if reading else None
        refusal = _contradicted(file, variant, reason) if reason else None
        examined[variant] = Examined(detector, reading, refusal)
    return examined


def _read(detector: OnnxDetector, deadline_s: float) -> Reading | None:
    if not isinstance(detector, BoxDetector):
        for _, image in examination_pictures((64, 64)):
            detector.infer(Picture.of(image))
            if time.monotonic() > deadline_s:
                break
        return None
    head = detector.head
    boxes: dict[str, Candidates] = {}
    for name, image in examination_pictures(head.preprocessing.size_px):
        found = detector.candidates(Picture.of(image), -np.inf if head.strides else RELEVANT_CONFIDENCE)
        boxes[name] = found.copy()
        if time.monotonic() > deadline_s:
            break
    return Reading(boxes, head.preprocessing.size_px, _cells(detector, len(boxes["noise"].confidence)))


def _cells(detector: BoxDetector, rows: int) -> CellRows | None:
    """The grid with this number of rows."""
    size_px = detector.head.preprocessing.size_px
    grids = (CellRows(size_px, strides, each) for strides in detector.head.strides for each in detector.head.anchors)
    return next((grid for grid in grids if len(grid) == rows), None)


def _most_likely(file: OnnxFile, remaining: Mapping[Variant, Examined]) -> dict[Variant, Examined]:
    """Those with boxes in their cells, if any; of these, those whose number of classes agrees with the names.

    Corners with integers as classes do not occur by chance, while any corners can be centers and sizes.
    """
    is_named = file.listed_names() is not None
    rules: tuple[Callable[[Variant, Examined], bool], ...] = (
        lambda _, one: one.reading is not None and is_supported(one.reading),
        lambda _, one: is_named or one.detector.classes == list(COCO_CLASS_NAMES),
        lambda variant, _: variant == Variant("deepstream", decoded=False),
    )
    likely = dict(remaining)
    for rule in rules:
        likely = {variant: one for variant, one in likely.items() if rule(variant, one)} or likely
    return likely


def _only(file: OnnxFile, likely: Mapping[Variant, Examined]) -> Variant:
    """The first variant, if all of them return the same.

    Raises:
        ModelError: they return different boxes.
    """
    first, *others = likely
    if all(_agree(likely[first], likely[other]) for other in others):
        return first
    names = " or ".join(dict.fromkeys(variant.architecture for variant in likely))
    raise ModelError(
        f"{file.name} can be read as {names}, with different results.",
        "Set `family` in a model.json next to it, or put a classes.txt with all class names there.",
    )


def _agree(one: Examined, other: Examined) -> bool:
    if one.reading is None or other.reading is None or one.reading.boxes.keys() != other.reading.boxes.keys():
        return False
    return all(_same(one.reading.boxes[name], other.reading.boxes[name]) for name in one.reading.boxes)


def _same(one: Candidates, other: Candidates) -> bool:
    """Whether the confident boxes are the same; if there are none, all boxes."""
    sure = [boxes.take(boxes.confidence >= _SURE) for boxes in (one, other)]
    a, b = sure if any(len(boxes.confidence) for boxes in sure) else (one, other)
    return len(a.confidence) == len(b.confidence) and all(
        np.allclose(x, y, atol=1e-3, rtol=1e-3)
        for x, y in ((a.xyxy, b.xyxy), (a.confidence, b.confidence), (a.class_ids, b.class_ids))
    )


def _contradicted(file: OnnxFile, variant: Variant, reason: str) -> ModelError:
    return ModelError(
        f"{file.name} has the outputs of {variant.architecture}, but {reason}.",
        "Export it again in one of the formats in docs/models.md, or set `family` in a model.json next to it.",
    )


def _refusal(file: OnnxFile, errors: Mapping[Variant, ModelError]) -> ModelError:
    """The error for a file that cannot be read in any way: what contradicts the formats that its names agree with."""
    whats = list(dict.fromkeys(error.what for error in errors.values()))
    if len(whats) == 1:
        return next(iter(errors.values()))
    if whats:
        return ModelError(
            f"{file.name} is of no supported architecture. {' '.join(whats[:3])}",
            "Export it again in one of the formats in docs/models.md, or set `family` in a model.json next to it.",
        )
    return ModelError(
        f"{file.name} is {_description(file)}, which is not a supported architecture.",
        f"If it is one of {', '.join(ARCHITECTURE_NAMES)}, set `family` in a model.json next to it.",
    )


def _description(file: OnnxFile) -> str:
    task = file.metadata.get("task", "")
    shapes = ", ".join(str(output.shape) for output in file.outputs[:10])
    return (
        f"an ultralytics {task[:20]} model" if task and "names" in file.metadata else f"a model with outputs {shapes}"
    )
