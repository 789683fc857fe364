"""Entries of the results JSON that the engine writes, one per frame and model (section 3 of the contract).

The fields are those of the vendor's open-source inference server.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType, field


class ImageSize(Struct, frozen=True):
    """Size in pixels of the image that the coordinates of an entry refer to."""

    width: int
    height: int


class Point(Struct, frozen=True):
    """A vertex of a polygon, in pixels of the entry's `image`."""

    x: float
    y: float


class Keypoint(Struct, frozen=True, omit_defaults=True):
    """A keypoint of the object in a box, in pixels of the entry's `image`."""

    x: float
    y: float
    class_name: str = field(name="class")
    class_id: int
    confidence: float | None = None
    """None if the model returns none."""


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
    """The polygon, from models for instance segmentation."""
    keypoints: list[Keypoint] | None = None


class DetectionEntry(Struct, frozen=True):
    """Boxes in one frame; `time` is the compute time in seconds, not a position in the video."""

    image: ImageSize
    predictions: list[Prediction]
    time: float = 0.0


class Label(Struct, frozen=True):
    """Probability of a class for the whole image."""

    class_name: str = field(name="class")
    class_id: int
    confidence: float


class ClassificationEntry(Struct, frozen=True):
    """Single-label classification: `top` and `confidence` repeat the first prediction; "" and 0 if there is none."""

    image: ImageSize
    predictions: list[Label]
    top: str
    confidence: float
    time: float = 0.0


class Score(Struct, frozen=True):
    """Probability of a class, independent of the others."""

    confidence: float
    class_id: int


class MultiLabelEntry(Struct, frozen=True):
    """Multi-label classification: a score for each class by name, and the classes at or above the threshold."""

    image: ImageSize
    predictions: dict[str, Score]
    predicted_classes: list[str]
    time: float = 0.0


class SegmentationMask(Struct, frozen=True):
    """The class of each pixel."""

    segmentation_mask: str
    """A PNG of class ids in base64, of the size of the entry's `image`."""
    class_map: dict[str, str]
    """Class id, as text, to class name."""


class SemanticSegmentationEntry(Struct, frozen=True):
    """The mask of one frame."""

    image: ImageSize
    predictions: SegmentationMask
    time: float = 0.0


Entry = DetectionEntry | ClassificationEntry | MultiLabelEntry | SemanticSegmentationEntry
"""The result of one model for one frame, of any type that the engine supports."""
