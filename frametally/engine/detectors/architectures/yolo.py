"""Common parts of the YOLO architectures: preprocessing, task, and extra columns for masks and keypoints."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from frametally.coco import COCO_KEYPOINTS
from frametally.contract import InferenceType
from frametally.engine.detectors.keypoints import from_columns
from frametally.engine.detectors.masks import from_prototypes
from frametally.engine.detectors.onnx_file import OnnxFile
from frametally.engine.detectors.postprocessing import Detail
from frametally.engine.detectors.preprocessing import Preprocessing
from frametally.errors import ModelError

DEFAULT_IOU: Final = 0.7
"""The default of ultralytics (`iou`)."""
DEFAULT_SIZE_PX: Final = (640, 640)


class ExtraColumns(NamedTuple):
    """The output columns of each box after its coordinates and scores."""

    columns: int
    inference_type: InferenceType = "object-detection"
    detail: Detail | None = None


def task_of(file: OnnxFile) -> str:
    """The task from `model.json` or the metadata (`detect`, `segment`, `pose` …); by default from the outputs."""
    has_prototypes = len(file.outputs) == 2 and len(file.outputs[1].shape) == 4
    return file.config.task or file.metadata.get("task") or ("segment" if has_prototypes else "detect")


def declares_no_duplicates(file: OnnxFile) -> bool:
    """Whether the metadata declares an export with NMS, or of a model that needs none."""
    arguments = file.literal("args", dict[str, Any]) or {}
    return file.metadata.get("end2end") == "True" or arguments.get("nms") is True


def yolo_preprocessing(file: OnnxFile) -> Preprocessing:
    """Letterbox, RGB 0 to 1. A dynamic input size is taken from the metadata (height first), else it is 640 x 640."""
    height_width = file.literal("imgsz", tuple[int, int])
    size_px = file.size_px((height_width[1], height_width[0]) if height_width else DEFAULT_SIZE_PX)
    return Preprocessing(size_px).overridden_by(file.config)


def extra_columns_of(file: OnnxFile, size_px: tuple[int, int]) -> ExtraColumns:
    """The extra columns, from the task, the mask prototypes and the shape of the keypoints.

    Raises:
        ModelError: the file lacks information, or its task is not supported.
    """
    task = task_of(file)
    if task == "segment":
        return ExtraColumns(_prototypes(file), "instance-segmentation", from_prototypes(size_px))
    if task == "pose":
        names, values_each = _keypoints(file)
        return ExtraColumns(len(names) * values_each, "keypoint-detection", from_columns(names, values_each))
    if task != "detect":
        raise ModelError(f"{file.name} is an ultralytics {task[:20]} model.", "Supported tasks: detect, segment, pose.")
    return ExtraColumns(0)


def _prototypes(file: OnnxFile) -> int:
    count = file.size(1, 1, rank=4) if len(file.outputs) > 1 else None
    if count is None:
        raise ModelError(f"{file.name} is a segmentation model but has no mask prototypes.", "Export it again.")
    return count


def _keypoints(file: OnnxFile) -> tuple[list[str], int]:
    shape = file.literal("kpt_shape", tuple[int, int])
    listed = file.config.keypoint_names or _metadata_names(file)
    if shape is None and listed is None:
        raise ModelError(f"{file.name} has no keypoint names.", "Set `keypoint_names` in a model.json.")
    count, values_each = shape or (len(listed or ()), 3)
    if values_each not in (2, 3) or not 0 < count <= 1000 or (listed and len(listed) != count):
        raise ModelError(
            f"{file.name} has {count} keypoints and {len(listed or ())} names.", "Correct `keypoint_names`."
        )
    if listed is None:
        is_person = count == len(COCO_KEYPOINTS)
        listed = list(COCO_KEYPOINTS) if is_person else [f"point {at}" for at in range(count)]
    return listed, values_each


def _metadata_names(file: OnnxFile) -> list[str] | None:
    """The keypoint names of the first class in the metadata, which has a list for each class."""
    by_class = file.literal("kpt_names", dict[int, list[str]])
    return next(iter(by_class.values()), None) if by_class else None
