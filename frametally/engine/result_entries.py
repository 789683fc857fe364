"""What the engine's models answer with for one frame, as it stands in the results JSON (the contract's section 3).

Fields as in the vendor's open-source inference server.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType, field


class ImageSize(Struct, frozen=True):
    """The picture that the coordinates of an entry refer to."""

    width: int
    height: int


class Point(Struct, frozen=True):
    """A corner of an outline, in pixels of the entry's `image`."""

    x: float
    y: float


class Keypoint(Struct, frozen=True, omit_defaults=True):
    """A named point of what a box holds, in pixels of the entry's `image`."""

    x: float
    y: float
    class_name: str = field(name="class")
    class_id: int
    confidence: float | None = None
    """None where the model gives none."""


class Prediction(Struct, frozen=True, omit_defaults=True):
    """One box: x and y are its center, all four in pixels of the entry's `image`."""

    x: float
    y: float
    width: float
    height: float
    confidence: float
    class_name: str = field(name="class")
    class_id: int | UnsetType = UNSET
    tracker_id: int | str | None = None
    points: list[Point] | None = None
    """The outline, from models for instance segmentation."""
    keypoints: list[Keypoint] | None = None


class DetectionEntry(Struct, frozen=True):
    """What one model saw in one frame; `time` is compute time in seconds, never a position."""

    image: ImageSize
    predictions: list[Prediction]
    time: float = 0.0


class Label(Struct, frozen=True):
    """How likely the whole picture is of a class."""

    class_name: str = field(name="class")
    class_id: int
    confidence: float


class ClassificationEntry(Struct, frozen=True):
    """One label is right: `top` with its `confidence`; `predictions` begin with it."""

    image: ImageSize
    predictions: list[Label]
    top: str
    confidence: float
    time: float = 0.0


class Score(Struct, frozen=True):
    """How likely a picture shows a class, whatever else it shows."""

    confidence: float
    class_id: int


class MultiLabelEntry(Struct, frozen=True):
    """Several labels may be right: a score for each class by name, and which ones are over the threshold."""

    image: ImageSize
    predictions: dict[str, Score]
    predicted_classes: list[str]
    time: float = 0.0


class SegmentationMask(Struct, frozen=True):
    """The class of each pixel."""

    segmentation_mask: str
    """A PNG of class ids, as large as the entry's `image`, in base64."""
    class_map: dict[str, str]
    """Class id, as text, to class name."""


class SemanticSegmentationEntry(Struct, frozen=True):
    """What each pixel of one frame belongs to."""

    image: ImageSize
    predictions: SegmentationMask
    time: float = 0.0


Entry = DetectionEntry | ClassificationEntry | MultiLabelEntry | SemanticSegmentationEntry
"""What one model saw in one frame, of any type that the engine answers with."""
