"""Frames of a dataset with their files, as `supervision` has them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from frametally.results import Boxes

if TYPE_CHECKING:
    from supervision import DetectionDataset


class DatasetFrame(NamedTuple):
    """A frame whose picture is in a file."""

    path: Path
    frame_index: int
    time_s: float
    boxes: Boxes
    """In pixels of the picture; `class_code` is the index of the dataset's class."""


def as_supervision(frames: list[DatasetFrame], names: tuple[str, ...]) -> DetectionDataset:
    """These frames as a dataset of `supervision`, which reads their pictures when it needs them."""
    from supervision import DetectionDataset, Detections  # takes a second to import

    found = {
        str(frame.path): Detections(
            xyxy=frame.boxes.xyxy.astype(np.float32),
            class_id=frame.boxes.class_code.astype(int),
            confidence=frame.boxes.confidence.astype(np.float32),
        )
        for frame in frames
    }
    return DetectionDataset(classes=list(names), images=list(found), annotations=found)
