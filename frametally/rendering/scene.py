"""What to draw on one frame, for every kind of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frametally.rendering.regions.shown_region import ShownRegion

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What to draw on a frame; boxes, names, confidences, polygons, keypoints and gaze have the same order."""

    wh: tuple[float, float] | None = None
    """Width and height in pixels that the coordinates refer to; None: those of the picture that is drawn on."""
    xyxy: Floats
    """(n, 4) corners in pixels."""
    class_names: Sequence[str]
    confidence: npt.NDArray[np.float64]
    """(n,) 0 to 1."""
    polygons: Sequence[Floats] = ()
    """Outlines in pixels, (k, 2) each; (0, 2) for boxes without one."""
    keypoints: Floats | None = None
    """(n, k, 3) x, y in pixels and confidence; NaN if unknown."""
    gaze: npt.NDArray[np.float64] | None = None
    """(n, 2) yaw and pitch in radians, of the face in each box."""
    mask: npt.NDArray[np.uint8] | None = None
    """(h, w) class id of each pixel; may have another size than the picture."""
    mask_names: Mapping[int, str] | None = None
    """The class names by id; ids without a name are background."""
    banner: Sequence[tuple[str, float]] = ()
    """Classification of the whole picture: class name and probability, most probable first."""
    regions: Sequence[ShownRegion] = ()
    """Lines and zones, in shares of the displayed picture."""
    note: str = ""
    """Something to know about the picture, written into its lower left corner."""

    @classmethod
    def empty(cls) -> Scene:
        return cls(xyxy=np.zeros((0, 4), np.float32), class_names=(), confidence=np.zeros(0))

    @property
    def is_opaque(self) -> bool:
        """Whether everything drawn is opaque, without blending into the picture."""
        return self.mask is None and self.keypoints is None and self.gaze is None and not len(self.polygons)

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to draw."""
        return self.is_opaque and not len(self.xyxy) and not self.banner and not self.note and not self.regions
