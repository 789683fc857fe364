"""What the YOLO heads share: letterbox, RGB 0 to 1, boxes in pixels, and what may stand beside them."""

from __future__ import annotations

from typing import Final, NamedTuple

from frametally.coco import COCO_KEYPOINTS
from frametally.contract import InferenceType
from frametally.engine.detectors.keypoints import from_columns
from frametally.engine.detectors.masks import from_prototypes
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import Detail
from frametally.engine.detectors.preprocessing import Preprocessing
from frametally.errors import ModelError

DEFAULT_IOU: Final = 0.7
"""As in ultralytics' own defaults (`iou`)."""
DEFAULT_SIZE_PX: Final = (640, 640)


class More(NamedTuple):
    """What a head gives for each box besides corners, confidence and class."""

    columns: int
    inference_type: InferenceType = "object-detection"
    detail: Detail | None = None


def task_of(file: OnnxFile) -> str:
    """`detect`, `segment`, `pose`, or another word of the metadata; by the outputs where nobody says it."""
    has_prototypes = len(file.outputs) == 2 and len(file.outputs[1].shape) == 4
    return file.config.task or file.metadata.get("task") or ("segment" if has_prototypes else "detect")


def yolo_preprocessing(file: OnnxFile) -> Preprocessing:
    """The picture that a YOLO wants; its size stands in the metadata, height first, where the input leaves it open."""
    said = file.literal("imgsz", tuple[int, int])
    size_px = file.size_px((said[1], said[0]) if said else DEFAULT_SIZE_PX)
    return Preprocessing(size_px).overridden_by(file.config)


def extra_columns_of(file: OnnxFile, size_px: tuple[int, int]) -> More:
    """What stands beside each box, from the task, the prototypes and the shape of the keypoints.

    Raises:
        ModelError: the file says too little of it.
    """
    task = task_of(file)
    if task == "segment":
        return More(_prototypes(file), "instance-segmentation", from_prototypes(size_px))
    if task == "pose":
        names, values_each = _keypoints(file)
        return More(len(names) * values_each, "keypoint-detection", from_columns(names, values_each))
    if task != "detect":
        raise ModelError(
            f"{file.name} is an ultralytics {task[:20]} model.", "This engine runs detect, segment and pose."
        )
    return More(0)


def _prototypes(file: OnnxFile) -> int:
    count = file.size(1, 1, rank=4) if len(file.outputs) > 1 else None
    if count is None:
        raise ModelError(f"{file.name} is for segmentation and has no mask prototypes.", "Export it again.")
    return count


def _keypoints(file: OnnxFile) -> tuple[list[str], int]:
    shape = file.literal("kpt_shape", tuple[int, int])
    listed = file.config.keypoint_names or _said_names(file)
    if shape is None and listed is None:
        raise ModelError(
            f"{file.name} does not say what its keypoints are called.", "Say `keypoint_names` in a model.json."
        )
    count, values_each = shape or (len(listed or ()), 3)
    if values_each not in (2, 3) or not 0 < count <= 1000 or (listed and len(listed) != count):
        raise ModelError(
            f"{file.name} has {count} keypoints and {len(listed or ())} names.", "Correct `keypoint_names`."
        )
    if listed is None:
        is_person = count == len(COCO_KEYPOINTS)
        listed = list(COCO_KEYPOINTS) if is_person else [f"point {at}" for at in range(count)]
    return listed, values_each


def _said_names(file: OnnxFile) -> list[str] | None:
    """The names in the metadata, which has a list of them for each class."""
    by_class = file.literal("kpt_names", dict[int, list[str]])
    return next(iter(by_class.values()), None) if by_class else None
