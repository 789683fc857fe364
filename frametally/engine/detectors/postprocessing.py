"""Postprocessing of box detectors: from candidates in pixels of the input to predictions in pixels of the frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from frametally.contract import InferenceType
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.preprocessing import Fit, Preprocessing
from frametally.engine.picture import Picture
from frametally.engine.result_entries import DetectionEntry, Keypoint, Point, Prediction
from frametally.errors import ModelError

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Outputs = list[npt.NDArray[Any]]

DEFAULT_CONFIDENCE: Final = 0.25
"""The same for every architecture, so that models are comparable."""
MAX_CONFIDENCE: Final = 1.01
"""Maximum of a probability: quantized models round up to slightly above 1."""
_ID_TOLERANCE: Final = 0.01
MAX_CANDIDATES: Final = 2000
"""Maximum number of candidates; the most confident ones are kept. Only a very low threshold lets more pass."""


class Candidates(NamedTuple):
    """Boxes as a model outputs them."""

    xyxy: Floats
    """(n, 4) corners in pixels of the model's input."""
    confidence: Floats
    """(n,) 0 to 1."""
    class_ids: Ints
    """(n,)"""
    extra: Floats
    """(n, k) extra columns of each box: mask coefficients, keypoints, or none (k = 0)."""

    def take(self, at: Any) -> Candidates:
        """The candidates at these indices, or those for which a boolean mask is true."""
        return Candidates(*(column[at] for column in self))

    def copy(self) -> Candidates:
        """The same in arrays of their own."""
        return self.take(np.arange(len(self.confidence)))


class Details(NamedTuple):
    """Polygon or keypoints of one box."""

    points: list[Point] | None = None
    keypoints: list[Keypoint] | None = None


Detail = Callable[[Outputs, Candidates, Fit, Picture], Sequence[Details]]


class BoxHead(NamedTuple):
    """How the outputs of a model are interpreted."""

    preprocessing: Preprocessing
    classes: list[str]
    read: Callable[[Outputs, float], Candidates]
    """Returns the candidates with at least this confidence."""
    iou_threshold: float | None
    """Threshold of the non-maximum suppression; None if the model outputs no duplicates."""
    inference_type: InferenceType = "object-detection"
    detail: Detail | None = None
    strides: tuple[tuple[int, ...], ...] = ()
    """Possible strides of the grid whose cells are the rows of the output; empty if the rows are no grid."""
    anchors: tuple[int, ...] = (1,)
    """Possible numbers of rows for each cell."""


class BoxDetector:
    """A model that outputs boxes, of any architecture."""

    is_stateful = False

    def __init__(self, file: OnnxFile, head: BoxHead, params: InferenceParams) -> None:
        self.classes = head.classes
        self.inference_type = head.inference_type
        self._file = file
        self._head = head
        self._params = params
        self._blobs = file.blobs(head.preprocessing)
        self._min_confidence = DEFAULT_CONFIDENCE if params.confidence is None else params.confidence

    @property
    def head(self) -> BoxHead:
        """How the outputs are interpreted."""
        return self._head

    def candidates(self, picture: Picture, min_confidence: float) -> Candidates:
        """The boxes as the model returns them, in pixels of the input, without limits and suppression.

        Raises:
            ModelError: the outputs contain values that are not numbers, or cannot be interpreted.
        """
        outputs = self._file.run(self._blobs.of(picture)[0])
        if not all(np.isfinite(output).all() for output in outputs):
            raise ModelError(f"{self._file.name} returned values that are not numbers.", "Export the model again.")
        with np.errstate(over="ignore", invalid="ignore"):
            return self._head.read(outputs, min_confidence)

    def infer(self, picture: Picture) -> DetectionEntry:
        blob, fit = self._blobs.of(picture)
        outputs = self._file.run(blob)
        with np.errstate(over="ignore", invalid="ignore"):  # NaN and infinity are discarded later
            candidates = self._head.read(outputs, self._min_confidence)
            check_confidence(candidates.confidence, self._file.name)
            kept, xyxy = choose(candidates, fit, picture, self.classes, self._params, self._head.iou_threshold)
            details = self._head.detail(outputs, kept, fit, picture) if self._head.detail and len(xyxy) else ()
        return DetectionEntry(picture.size, _predictions(kept, xyxy, details, self.classes))


def check_confidence(confidence: Floats, model: str) -> None:
    """Check that confidences are probabilities.

    Raises:
        ModelError: one is above 1; the outputs are of another architecture, or lack a final sigmoid.
    """
    highest = float(confidence.max(initial=0))
    if highest > MAX_CONFIDENCE:
        raise ModelError(
            f"{model} returned a confidence of {highest:.3g}, which is not between 0 and 1.",
            "Correct `family` in its model.json, or export the model with its final activation.",
        )


def class_ids_of(column: npt.NDArray[Any], classes: list[str], model: str) -> Ints:
    """(n,) class ids from a column of an output.

    Raises:
        ModelError: a value is not the id of a class.
    """
    ids = np.rint(column)
    with np.errstate(invalid="ignore"):
        is_id = (np.abs(column - ids) <= _ID_TOLERANCE) & (ids >= 0)
    if not is_id.all():
        raise ModelError(
            f"{model} returned {float(column[~is_id][0]):.3g} as a class id.",
            "Correct `family` in its model.json, or export the model again.",
        )
    highest = int(ids.max(initial=0))
    if highest >= len(classes):
        raise ModelError(
            f"{model} returned class {highest} but has {len(classes)} names.", "Set all `names` in a model.json."
        )
    return np.asarray(ids, dtype=np.int64)


def corners(xywh: Floats) -> Floats:
    """(n, 4) corners of boxes given by center and size."""
    center, half = xywh[:, :2], xywh[:, 2:4] / 2
    return np.concatenate([center - half, center + half], axis=1)


def sigmoid(logits: Floats) -> Floats:
    """The logistic function."""
    with np.errstate(over="ignore"):  # exp overflows to infinity, which gives 0
        return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)


def no_extra(count: int) -> Floats:
    """The `extra` of candidates without extra columns."""
    return np.zeros((count, 0), dtype=np.float32)


def choose(
    candidates: Candidates,
    fit: Fit,
    picture: Picture,
    classes: list[str],
    params: InferenceParams,
    iou_threshold: float | None,
) -> tuple[Candidates, Floats]:
    """The boxes that remain, most confident first, and their (n, 4) corners in the picture, clipped to its edges.

    `params.iou_threshold` overrides `iou_threshold`, the default of the architecture.
    """
    candidates = candidates.take(_allowed(candidates.class_ids, classes, params))
    if len(candidates.confidence) > MAX_CANDIDATES:
        candidates = candidates.take(np.argpartition(-candidates.confidence, MAX_CANDIDATES)[:MAX_CANDIDATES])
    edges = (picture.width_px, picture.height_px) * 2
    xyxy = np.clip(fit.to_picture(candidates.xyxy.reshape(-1, 2)).reshape(-1, 4), 0, edges).astype(np.float32)
    is_box = (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
    candidates, xyxy = candidates.take(is_box), xyxy[is_box]
    limit = iou_threshold if params.iou_threshold is None else params.iou_threshold
    kept = suppress(xyxy, candidates.confidence, candidates.class_ids, 1.0 if limit is None else limit)
    kept = kept[: params.max_detections]
    return candidates.take(kept), xyxy[kept]


def suppress(xyxy: Floats, confidence: Floats, class_ids: Ints, iou_threshold: float) -> Ints:
    """Greedy non-maximum suppression within each class: indices of the (n, 4) boxes that remain, best first."""
    if iou_threshold >= 1 or not len(xyxy):
        return np.argsort(-confidence, kind="stable")
    xywh = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1).astype(np.float64)
    kept = cv2.dnn.NMSBoxesBatched(xywh, confidence, class_ids.astype(np.int32), -1.0, iou_threshold)  # type: ignore[arg-type]
    return np.asarray(kept, dtype=np.int64).reshape(-1)


def _allowed(class_ids: Ints, classes: list[str], params: InferenceParams) -> npt.NDArray[np.bool_]:
    """Mask of the boxes whose class the model has and the request includes."""
    if params.classes is None:
        return (class_ids >= 0) & (class_ids < len(classes))
    return np.isin(class_ids, [at for at, name in enumerate(classes) if name in params.classes])


def _predictions(kept: Candidates, xyxy: Floats, details: Sequence[Details], classes: list[str]) -> list[Prediction]:
    rows = zip(xyxy.tolist(), kept.confidence.tolist(), kept.class_ids.tolist(), strict=True)
    return [
        Prediction(
            x=round((left + right) / 2, 2),
            y=round((top + bottom) / 2, 2),
            width=round(right - left, 2),
            height=round(bottom - top, 2),
            confidence=round(confidence, 4),
            class_name=classes[class_id],
            class_id=class_id,
            points=details[at].points if details else None,
            keypoints=details[at].keypoints if details else None,
        )
        for at, ((left, top, right, bottom), confidence, class_id) in enumerate(rows)
    ]
