"""What an entry of each kind looks like in the results JSON, and how an entry is told from its shape.

Fields as in the vendor's open-source inference server; the ones that nothing here reads are passed over.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, field

from frametally.results.json_stream import UNREADABLE


class Kind(StrEnum):
    """What a model answers with, as the page calls it."""

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
    """The picture that an entry's coordinates refer to, in pixels."""

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
    """The same as `class_name`: the service's versions differ."""


class Box(Struct, gc=False, kw_only=True):
    """x and y are the center; all four in pixels. The order is the service's own: in it, decoding is quickest."""

    x: float
    y: float
    width: float
    height: float
    confidence: float | None = None
    """None where the model gives none: it then counts as certain."""
    class_name: str = field(name="class")
    class_id: ClassId | None = None
    tracker_id: int | str | None = None
    points: list[Point] | None = None
    keypoints: list[Keypoint] | None = None


class Gaze(Struct, gc=False):
    """One face and where it looks, in radians."""

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
    """A list where one label is right, an object where several may be."""
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
    Kind.GAZE: GazeEntry | list[Gaze],  # some versions of the service answer with the bare list
    Kind.CLIP: ClipEntry,
}


class Odd:
    """Stands for an entry that does not fit its model's kind; what it says is unknown, not nothing."""


ODD: Final = Odd()


class EntryReader:
    """Decodes the entries of one kind."""

    def __init__(self, kind: Kind) -> None:
        self._shape = _SHAPES[kind] | None
        self._many = msgspec.json.Decoder(list[self._shape], strict=False)  # type: ignore[name-defined]
        self._one = msgspec.json.Decoder(self._shape, strict=False)

    def many(self, array: memoryview) -> list[Any]:
        """All entries of an array.

        Raises:
            MsgspecError, UnicodeDecodeError, RecursionError: it is no array, or not each entry is of the kind.
        """
        return [_whole(entry) for entry in self._many.decode(array)]

    def one(self, raw: bytes) -> Any:
        """One entry; None where it is `null`, ODD where it is not of the kind."""
        try:
            return _whole(self._one.decode(raw))
        except UNREADABLE:
            return nothing_found(raw) or self._lenient(raw)

    def _lenient(self, raw: bytes) -> Any:
        if b"NaN" not in raw and b"Infinity" not in raw:
            return ODD
        try:
            entry = json.loads(raw)
            msgspec.json.encode(entry)  # refuses half surrogate pairs, which could not be written down
            return _whole(msgspec.convert(entry, self._shape, strict=False))
        except (*UNREADABLE, ValueError):
            return ODD


def kind_of(raw: bytes) -> Kind | None:
    """The kind of an entry by its shape; None where the entry is null, has nothing in it, or is of no kind known."""
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
    found = entry.get("predictions")
    return _kind_of_object(found) if isinstance(found, dict) else _kind_of_item(_first(found))


def nothing_found(raw: bytes) -> LabelsEntry | None:
    """An entry that says that nothing was found, whatever its model looks for; None for any other."""
    try:
        entry = msgspec.json.decode(raw, type=LabelsEntry, strict=False)
    except UNREADABLE:
        return None
    return None if entry.predictions else entry


def _kind_of_object(found: dict[str, Any]) -> Kind | None:
    if "segmentation_mask" in found:
        return Kind.SEMANTIC
    named = all(isinstance(score, dict) and "confidence" in score for score in found.values())
    return Kind.MULTI_LABEL if found and named else None


def _kind_of_item(first: dict[str, Any]) -> Kind | None:
    if "face" in first:
        return Kind.GAZE
    if {"x", "y", "width", "height"} <= first.keys():
        return Kind.DETECTION
    return Kind.CLASSIFICATION if {"class", "confidence"} <= first.keys() else None


def _first(found: object) -> dict[str, Any]:
    """The first item of a list of objects; empty where there is none."""
    first = found[0] if isinstance(found, list) and found else None
    return first if isinstance(first, dict) else {}


def _whole(entry: Any) -> Any:
    return GazeEntry(entry) if isinstance(entry, list) else entry
