"""What box detectors have in common: fitting a picture into the model's, and choosing among its boxes."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from video_inference.contract import Prediction
from video_inference.engine.detectors.detector import InferenceParams
from video_inference.engine.picture import Picture

PAD_VALUE = 114
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


class Fit(NamedTuple):
    """Where a picture lies in the model's: `model = picture * scale + (left, top)`, in pixels."""

    scale: float
    left_px: int
    top_px: int


class Candidates(NamedTuple):
    """Boxes as a model gives them: `xywh` (n, 4) centre and size in pixels of the model's picture."""

    xywh: Floats
    confidence: Floats
    class_ids: Ints


def letterbox(picture: Picture, width_px: int, height_px: int, *, centred: bool) -> tuple[cv2.typing.MatLike, Fit]:
    """The picture fitted into width x height without a change of its shape, the rest filled with grey (114)."""
    scale = min(width_px / picture.width_px, height_px / picture.height_px)
    inner_width, inner_height = max(1, round(picture.width_px * scale)), max(1, round(picture.height_px * scale))
    inner = picture.bgr(inner_width, inner_height)
    spare_x, spare_y = width_px - inner_width, height_px - inner_height
    left, top = (spare_x // 2, spare_y // 2) if centred else (0, 0)
    padded = cv2.copyMakeBorder(
        inner, top, spare_y - top, left, spare_x - left, cv2.BORDER_CONSTANT, value=(PAD_VALUE,) * 3
    )
    return padded, Fit(scale, left, top)


def choose(
    candidates: Candidates,
    fit: Fit,
    picture: Picture,
    classes: list[str],
    params: InferenceParams,
    *,
    iou_threshold: float,
) -> list[Prediction]:
    """The boxes that stay, most confident first, in pixels of the picture and cut at its edges.

    `params.iou_threshold` wins over the family's `iou_threshold`.
    """
    xyxy, confidence, class_ids = _in_picture(candidates, fit, picture)
    allowed = (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
    if params.classes is not None:
        allowed &= np.isin(class_ids, [at for at, name in enumerate(classes) if name in params.classes])
    xyxy, confidence, class_ids = xyxy[allowed], confidence[allowed], class_ids[allowed]
    limit = iou_threshold if params.iou_threshold is None else params.iou_threshold
    kept = suppress(xyxy, confidence, class_ids, iou_threshold=limit, max_detections=params.max_detections)
    return [_prediction(xyxy[at], float(confidence[at]), int(class_ids[at]), classes) for at in kept]


def suppress(
    xyxy: Floats, confidence: Floats, class_ids: Ints, *, iou_threshold: float, max_detections: int
) -> list[int]:
    """Greedy non-maximum suppression within each class: indices of the (n, 4) boxes that stay, best first."""
    area = (xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1])
    waiting = np.argsort(-confidence, kind="stable")
    kept: list[int] = []
    while waiting.size and len(kept) < max_detections:
        best, waiting = waiting[0], waiting[1:]
        kept.append(int(best))
        low = np.maximum(xyxy[best, :2], xyxy[waiting, :2])
        high = np.minimum(xyxy[best, 2:], xyxy[waiting, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        overlap = shared / (area[best] + area[waiting] - shared)
        waiting = waiting[(overlap <= iou_threshold) | (class_ids[waiting] != class_ids[best])]
    return kept


def _in_picture(candidates: Candidates, fit: Fit, picture: Picture) -> tuple[Floats, Floats, Ints]:
    centre, half = candidates.xywh[:, :2] - (fit.left_px, fit.top_px), candidates.xywh[:, 2:] / 2
    xyxy = np.concatenate([centre - half, centre + half], axis=1) / fit.scale
    width, height = picture.width_px, picture.height_px
    return np.clip(xyxy, 0, (width, height, width, height)).astype(np.float32), *candidates[1:]


def _prediction(box: Floats, confidence: float, class_id: int, classes: list[str]) -> Prediction:
    left, top, right, bottom = (float(edge) for edge in box)
    return Prediction(
        x=round((left + right) / 2, 2),
        y=round((top + bottom) / 2, 2),
        width=round(right - left, 2),
        height=round(bottom - top, 2),
        confidence=round(confidence, 4),
        class_name=classes[class_id],
        class_id=class_id,
    )
