"""What is known of one model of a results file, and its boxes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from frametally.results.entries import Kind


@dataclass(frozen=True)
class Boxes:
    """Boxes of one model as parallel arrays, in the order of the file."""

    entry: npt.NDArray[np.int32]
    """(b,) number of the entry of each box, ascending."""
    class_code: npt.NDArray[np.int32]
    """(b,) index into the model's `classes`."""
    class_id: npt.NDArray[np.int32]
    """(b,) the model's own number for the class; -1 if it has none."""
    confidence: npt.NDArray[np.float64]
    """(b,) 0 to 1, exactly as in the file; 1 if it has none."""
    xyxy: npt.NDArray[np.float32]
    """(b, 4) corners in pixels."""
    tracker_id: npt.NDArray[np.object_] | None
    """(b,) str or None; None if no box has one."""

    def __len__(self) -> int:
        return len(self.entry)

    @property
    def is_finite(self) -> npt.NDArray[np.bool_]:
        """(b,) whether corners and confidence are finite numbers."""
        return np.asarray(np.isfinite(self.xyxy).all(axis=1) & np.isfinite(self.confidence))


@dataclass(frozen=True)
class ModelTable:
    """One model of a file."""

    name: str
    kind: Kind
    classes: tuple[str, ...]
    """Class names, sorted; labels of a classification, areas of a semantic segmentation."""
    analyzed: npt.NDArray[np.bool_]
    """(n,) False where entry i is `null` or does not fit the kind."""
    image_wh: npt.NDArray[np.float32]
    """(n, 2) size in pixels that the coordinates refer to; NaN where it is unknown."""
    mismatched: int
    """Number of entries that do not fit the kind."""
    keypoint_names: tuple[str, ...]
    """In the order of the model's own ids."""

    @cached_property
    def analyzed_before(self) -> npt.NDArray[np.int64]:
        """(n + 1,) number of analyzed entries before entry i."""
        return np.concatenate([[0], np.cumsum(self.analyzed)])
