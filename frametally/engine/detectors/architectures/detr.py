"""Detection transformers (DETR): a set of boxes without duplicates, one per query.

- RF-DETR: `dets` [1, queries, 4] and `labels` [1, queries, columns] as logits; also `masks` for segmentation.
- RT-DETR exported by ultralytics: [1, queries, 4 + classes] with decoded scores.
- D-FINE, DEIM and RT-DETR with their own exporters: `labels`, `boxes`, `scores`; the image size is a second input.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from frametally.coco import COCO_CATEGORY_IDS, COCO_CLASS_NAMES
from frametally.contract import InferenceType
from frametally.engine.detectors.architectures.yolo import DEFAULT_SIZE_PX, yolo_preprocessing
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.masks import mask_polygons
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import (
    BoxDetector,
    BoxHead,
    Candidates,
    Detail,
    Details,
    Outputs,
    class_ids_of,
    corners,
    no_extra,
    sigmoid,
)
from frametally.engine.detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Fit, Preprocessing
from frametally.engine.picture import Picture
from frametally.errors import ModelError

_RF_METADATA: Final = "rfdetr_inference"
_COCO_COLUMNS: Final = 91


class _RfMetadata(msgspec.Struct):
    """Metadata of newer RF-DETR exports."""

    class_id_to_name: dict[int, str] = {}


def is_rf_detr(file: OnnxFile) -> bool:
    """Whether there are outputs `dets` and `labels`."""
    shapes = _shapes(file)
    return len(shapes.get("dets", ())) == 3 and len(shapes.get("labels", ())) == 3


def rf_detr(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """Stretched, RGB normalized as for ImageNet; relative boxes, a sigmoid for each class."""
    at = {output.name: number for number, output in enumerate(file.outputs)}
    if not is_rf_detr(file):
        raise ModelError(f"{file.name} has no outputs `dets` and `labels`.", "Correct `family` in its model.json.")
    preprocessing = Preprocessing(
        file.size_px(), "stretch", interpolation="antialias", mean=IMAGENET_MEAN, std=IMAGENET_STD
    ).overridden_by(file.config)
    columns, classes = _columns(file, file.outputs[at["labels"]].shape[2])
    sides = np.array(preprocessing.size_px * 2, dtype=np.float32)
    file.expect(at["dets"], None, 4)
    masks = at.get("masks")

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        scores = sigmoid(outputs[at["labels"]][:, columns])
        # A query may have several classes; all above the threshold are returned.
        query, class_ids = np.nonzero(scores >= min_confidence)
        xyxy = corners(outputs[at["dets"]][query] * sides)
        return Candidates(xyxy, scores[query, class_ids], class_ids, query[:, None].astype(np.float32))

    kind: InferenceType = "object-detection" if masks is None else "instance-segmentation"
    detail = None if masks is None else _masks_by_query(masks, preprocessing.size_px)
    return BoxDetector(file, BoxHead(preprocessing, classes, read, None, kind, detail), params)


def is_rt_detr(file: OnnxFile) -> bool:
    """Whether each row can be a box and a score for each class in the metadata."""
    names = file.metadata_names()
    if len(file.outputs) != 1 or len(file.outputs[0].shape) != 3 or not names or file.metadata.get("task") != "detect":
        return False
    _, rows, columns = file.outputs[0].shape
    return columns == 4 + len(names) and rows != columns


def rt_detr(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """Stretched, RGB 0 to 1; relative boxes."""
    preprocessing = yolo_preprocessing(file)._replace(resize="stretch").overridden_by(file.config)
    columns = file.size(0, 2, rank=3)
    classes = file.class_names(None if columns is None else columns - 4)
    sides = np.array(preprocessing.size_px * 2, dtype=np.float32)
    file.expect(0, None, 4 + len(classes))

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        confidence = outputs[0][:, 4:].max(axis=1)
        rows = outputs[0][confidence >= min_confidence]
        xyxy = corners(rows[:, :4] * sides)
        return Candidates(xyxy, rows[:, 4:].max(axis=1), np.argmax(rows[:, 4:], axis=1), no_extra(len(rows)))

    return BoxDetector(file, BoxHead(preprocessing, classes, read, None), params)


def is_d_fine(file: OnnxFile) -> bool:
    """Whether there are outputs `labels`, `boxes` and `scores`, with or without a batch dimension."""
    shapes = _shapes(file)
    ranks = [len(shapes.get(name, ())) for name in ("boxes", "labels", "scores")]
    return ranks in ([3, 2, 2], [2, 1, 1])


def d_fine(file: OnnxFile, params: InferenceParams) -> BoxDetector:
    """Stretched, RGB 0 to 1; corners in pixels of the size in the second input, which is that of the model input."""
    if not is_d_fine(file):
        raise ModelError(
            f"{file.name} has no outputs `labels`, `boxes` and `scores`.", "Correct `family` in its model.json."
        )
    at = {output.name: number for number, output in enumerate(file.outputs)}
    size_px = file.size_px(DEFAULT_SIZE_PX)
    preprocessing = Preprocessing(size_px, "stretch", interpolation="antialias").overridden_by(file.config)
    classes = file.class_names(None if file.listed_names() else len(COCO_CLASS_NAMES))
    if len(file.outputs[at["boxes"]].shape) == 2:
        file.without_batch(*(at[name] for name in ("labels", "boxes", "scores")))
    file.expect(at["boxes"], None, 4)

    def read(outputs: Outputs, min_confidence: float) -> Candidates:
        labels, boxes, scores = (outputs[at[name]] for name in ("labels", "boxes", "scores"))
        kept = scores >= min_confidence
        return Candidates(
            boxes[kept], scores[kept], class_ids_of(labels[kept], classes, file.name), no_extra(int(kept.sum()))
        )

    return BoxDetector(file, BoxHead(preprocessing, classes, read, None), params)


def _shapes(file: OnnxFile) -> dict[str, list[Any]]:
    return {output.name: output.shape for output in file.outputs}


def _columns(file: OnnxFile, count: int | None) -> tuple[list[int], list[str]]:
    """The columns of the labels that are classes, and the names of these classes; other columns are unused."""
    metadata = file.metadata.get(_RF_METADATA)
    names = file.listed_names()
    if names is None and metadata is not None:
        try:
            names = msgspec.json.decode(metadata, type=_RfMetadata, strict=False).class_id_to_name or None
        except (msgspec.MsgspecError, RecursionError):
            names = None
    if count is None:
        raise ModelError(f"{file.name} has a dynamic number of classes.", "Export it with fixed sizes.")
    if names is None and count == _COCO_COLUMNS:
        names = dict(zip(COCO_CATEGORY_IDS, COCO_CLASS_NAMES, strict=True))
    if isinstance(names, list):
        # The last column of a model with custom classes is the one for "no object".
        names = dict(enumerate(names if len(names) in (count, count - 1) else file.class_names(count - 1)))
    if names is None:
        names = dict(enumerate(file.class_names(count - 1)))
    if not all(0 <= column < count for column in names):
        raise ModelError(f"{file.name} has {count} label columns.", "Correct `names` in its model.json.")
    return list(names), list(names.values())


def _masks_by_query(output: int, size_px: tuple[int, int]) -> Detail:
    def detail(outputs: Outputs, found: Candidates, fit: Fit, picture: Picture) -> list[Details]:
        masks = outputs[output][found.extra[:, 0].astype(np.int64)]
        return mask_polygons(masks, found.xyxy, size_px, fit, picture)

    return detail
