"""Entries of the results JSON: a struct for each kind, with the fields of the vendor's open-source inference server.

Fields that nothing reads are ignored by the decoder.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, field

from frametally.results.json_stream import UNREADABLE


class Kind(StrEnum):
    """The type of a model's predictions; the value is its name in the UI."""

    DETECTION = "object detection"
    SEGMENTATION = "instance segmentation"
    KEYPOINTS = "keypoint detection"
    CLASSIFICATION = "classification"
    MULTI_LABEL = "multi-label classification"
    SEMANTIC = "semantic segmentation"
    GAZE = "gaze detection"
    CLIP = "image embedding"

    @property
    def has_boxes(self) -> bool:
        return self in (Kind.DETECTION, Kind.SEGMENTATION, Kind.KEYPOINTS, Kind.GAZE)


class Size(Struct, gc=False):
    """Size in pixels of the image that an entry's coordinates refer to."""

    width: float | None = None
    height: float | None = None


class Point(Struct, gc=False):
    x: float
    y: float


ClassId = Annotated[int, Meta(ge=-(1 << 31), lt=1 << 31)]


class Keypoint(Struct, gc=False):
    x: float
    y: float
    confidence: float | None = None
    class_id: ClassId | None = None
    class_name: str | None = None
    klass: str | None = field(name="class", default=None)
    """The same as `class_name`: versions of the service differ."""


class Box(Struct, gc=False, kw_only=True):
    """x and y are the center; all four in pixels. Fields in the order of the service, which decodes fastest."""

    x: float
    y: float
    width: float
    height: float
    confidence: float | None = None
    """None if the model returns none; it then counts as 1."""
    class_name: str = field(name="class")
    class_id: ClassId | None = None
    tracker_id: int | str | None = None
    points: list[Point] | None = None
    keypoints: list[Keypoint] | None = None


class Gaze(Struct, gc=False):
    """One face and the direction of its gaze, in radians."""

    face: Box
    yaw: float
    pitch: float


class Label(Struct, gc=False):
    class_name: str = field(name="class")
    confidence: float


class Score(Struct, gc=False):
    confidence: float


class Mask(Struct, gc=False):
    segmentation_mask: str
    """A PNG of class ids, in base64."""
    class_map: dict[str, str]
    """Class id, as text, to class name."""


class BoxesEntry(Struct, gc=False):
    predictions: list[Box]
    image: Size | list[Size] | None = None


class GazeEntry(Struct, gc=False):
    predictions: list[Gaze]
    image: Size | list[Size] | None = None


class LabelsEntry(Struct, gc=False):
    predictions: list[Label] | dict[str, Score]
    """A list for single-label classification, an object for multi-label classification."""
    image: Size | list[Size] | None = None


class MaskEntry(Struct, gc=False):
    predictions: Mask
    image: Size | list[Size] | None = None


class ClipEntry(Struct, gc=False):
    embeddings: list[list[float]]
    image: Size | list[Size] | None = None


Entry = BoxesEntry | GazeEntry | LabelsEntry | MaskEntry | ClipEntry

_SHAPES: Final[dict[Kind, Any]] = {
    **dict.fromkeys((Kind.DETECTION, Kind.SEGMENTATION, Kind.KEYPOINTS), BoxesEntry),
    **dict.fromkeys((Kind.CLASSIFICATION, Kind.MULTI_LABEL), LabelsEntry),
    Kind.SEMANTIC: MaskEntry,
    Kind.GAZE: GazeEntry | list[Gaze],  # some versions of the service return the bare list
    Kind.CLIP: ClipEntry,
}


class Mismatched:
    """Type of the placeholder for an entry that does not fit its model's kind: its content is unknown, not empty."""


MISMATCHED: Final = Mismatched()


class EntryDecoder:
    """Decodes the entries of one kind."""

    def __init__(self, kind: Kind) -> None:
        self._shape = _SHAPES[kind] | None
        self._list_decoder = msgspec.json.Decoder(list[self._shape], strict=False)  # type: ignore[name-defined]
        self._decoder = msgspec.json.Decoder(self._shape, strict=False)

    def decode_list(self, array: memoryview) -> list[Any]:
        """All entries of an array.

        Raises:
            MsgspecError, UnicodeDecodeError, RecursionError: it is not an array, or an entry is not of the kind.
        """
        return [_with_predictions(entry) for entry in self._list_decoder.decode(array)]

    def decode_one(self, raw: bytes) -> Any:
        """One entry; None if it is `null`, MISMATCHED if it is not of the kind."""
        try:
            return _with_predictions(self._decoder.decode(raw))
        except UNREADABLE:
            return empty_entry(raw) or self._decode_leniently(raw)

    def _decode_leniently(self, raw: bytes) -> Any:
        """Decode an entry with NaN or Infinity, which msgspec rejects."""
        if b"NaN" not in raw and b"Infinity" not in raw:
            return MISMATCHED
        try:
            entry = json.loads(raw)
            msgspec.json.encode(entry)  # rejects lone surrogates, which could not be written to a table
            return _with_predictions(msgspec.convert(entry, self._shape, strict=False))
        except (*UNREADABLE, ValueError):
            return MISMATCHED


def detect_kind(raw: bytes) -> Kind | None:
    """The kind of an entry by its fields; None if it is null, has no predictions, or is of no known kind."""
    try:
        entry = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if isinstance(entry, list):
        return Kind.GAZE if _first(entry).get("face") else None
    if not isinstance(entry, dict):
        return None
    if isinstance(entry.get("embeddings"), list):
        return Kind.CLIP
    predictions = entry.get("predictions")
    if isinstance(predictions, dict):
        return _kind_of_object(predictions)
    return _kind_of_item(_first(predictions))


def empty_entry(raw: bytes) -> LabelsEntry | None:
    """An entry without predictions, decoded; such an entry fits every kind. None if it is any other entry."""
    try:
        entry = msgspec.json.decode(raw, type=LabelsEntry, strict=False)
    except UNREADABLE:
        return None
    return None if entry.predictions else entry


def _kind_of_object(predictions: dict[str, Any]) -> Kind | None:
    if "segmentation_mask" in predictions:
        return Kind.SEMANTIC
    all_scores = all(isinstance(score, dict) and "confidence" in score for score in predictions.values())
    return Kind.MULTI_LABEL if predictions and all_scores else None


def _kind_of_item(first: dict[str, Any]) -> Kind | None:
    if "face" in first:
        return Kind.GAZE
    if {"x", "y", "width", "height"} <= first.keys():
        return Kind.DETECTION
    return Kind.CLASSIFICATION if {"class", "confidence"} <= first.keys() else None


def _first(items: object) -> dict[str, Any]:
    """The first item of a list of objects; empty if there is none."""
    first = items[0] if isinstance(items, list) and items else None
    return first if isinstance(first, dict) else {}


def _with_predictions(entry: Any) -> Any:
    return GazeEntry(entry) if isinstance(entry, list) else entry
