"""Image classification: one score vector for the whole picture."""

from __future__ import annotations

from typing import Final

import numpy as np

from frametally.contract import InferenceType
from frametally.engine.detectors.architectures.yolo import yolo_preprocessing
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import Floats, sigmoid
from frametally.engine.detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from frametally.engine.picture import Picture
from frametally.engine.result_entries import ClassificationEntry, Label, MultiLabelEntry, Score
from frametally.errors import ModelError

CROP_SHARE: Final = 0.875
"""224 of 256, as in torchvision's transforms."""
MAX_LABELS: Final = 20
"""Maximum number of labels in a single-label entry: with a thousand classes, nearly all scores are zero."""
MULTI_LABEL_CONFIDENCE: Final = 0.5
"""Default confidence from which a label is predicted in multi-label classification."""


def matches(file: OnnxFile) -> bool:
    """Whether the metadata has the task `classify`, or the only output is a vector of more than one value."""
    if file.metadata.get("task") == "classify":
        return True
    shape = file.outputs[0].shape if len(file.outputs) == 1 else []
    return (len(shape) == 2 or (len(shape) == 4 and shape[2:] == [1, 1])) and shape[1] != 1


class ClassificationDetector:
    """Center crop; RGB 0 to 1 if the metadata has the task `classify`, else normalized as for ImageNet."""

    is_stateful = False
    inference_type: InferenceType = "classification"

    def __init__(self, file: OnnxFile, params: InferenceParams) -> None:
        if file.listed_names() is None:
            file.raise_missing_names()
        count = file.size(0, 1, rank=len(file.outputs[0].shape) or 2)
        self.classes = file.class_names(count)
        self._file = file
        self._params = params
        self._blobs = file.blobs(_preprocessing(file))
        is_sigmoid = file.outputs[0].last_operator in ("Sigmoid", "HardSigmoid")
        self._activation = file.config.activation or ("none" if is_sigmoid else "softmax")
        is_independent = is_sigmoid or self._activation == "sigmoid"
        self._is_multi_label = is_independent if file.config.multi_label is None else file.config.multi_label
        self._requested = np.array([params.classes is None or name in params.classes for name in self.classes])

    def infer(self, picture: Picture) -> ClassificationEntry | MultiLabelEntry:
        blob, _ = self._blobs.of(picture)
        values = self._file.run(blob)[0].reshape(-1)
        if values.size != len(self.classes) or not np.isfinite(values).all():
            raise ModelError(f"{self._file.name} did not return a score for each class.", "Export the model again.")
        probabilities = self._probabilities(values)
        to_entry = self._multi_label_entry if self._is_multi_label else self._single_label_entry
        return to_entry(picture, probabilities)

    def _probabilities(self, values: Floats) -> Floats:
        if self._activation == "sigmoid":
            return sigmoid(values)
        return values if self._activation == "none" or _sums_to_one(values) else _softmax(values)

    def _single_label_entry(self, picture: Picture, probabilities: Floats) -> ClassificationEntry:
        most = min(MAX_LABELS, self._params.max_detections)
        ranked = [at for at in np.argsort(-probabilities, kind="stable").tolist() if self._requested[at]]
        labels = [Label(self.classes[at], at, round(float(probabilities[at]), 4)) for at in ranked[:most]]
        confident = [label for label in labels if label.confidence >= (self._params.confidence or 0)]
        best = confident[0] if confident else None
        return ClassificationEntry(
            picture.size, confident, best.class_name if best else "", best.confidence if best else 0.0
        )

    def _multi_label_entry(self, picture: Picture, probabilities: Floats) -> MultiLabelEntry:
        limit = MULTI_LABEL_CONFIDENCE if self._params.confidence is None else self._params.confidence
        scores = {
            self.classes[at]: Score(round(float(probabilities[at]), 4), at)
            for at in np.flatnonzero(self._requested).tolist()
        }
        return MultiLabelEntry(picture.size, scores, [name for name, one in scores.items() if one.confidence >= limit])


def _preprocessing(file: OnnxFile) -> Preprocessing:
    if file.metadata.get("task") == "classify":
        return (
            yolo_preprocessing(file)
            ._replace(resize="center-crop", interpolation="antialias")
            .overridden_by(file.config)
        )
    is_yolov5 = "stride" in file.metadata and "names" in file.metadata  # YOLOv5 keeps the whole shorter side
    share = 1.0 if is_yolov5 else CROP_SHARE
    return Preprocessing(
        file.size_px(), "center-crop", share, "antialias", mean=IMAGENET_MEAN, std=IMAGENET_STD
    ).overridden_by(file.config)


def _sums_to_one(values: Floats) -> bool:
    """Whether the values are already probabilities."""
    return bool(values.min() >= 0 and abs(float(values.sum()) - 1) < 0.01)


def _softmax(logits: Floats) -> Floats:
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum())
