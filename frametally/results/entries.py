"""Entries of the results JSON: a struct for each kind, with the fields of the vendor's open-source inference server.

Fields that nothing reads are ignored by the decoder. An entry in another spelling does not fit its struct; only then is
it parsed again and brought into this one (`spellings.predictions`), so that well-formed files cost nothing for it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, field

from frametally.results.json_stream import UNREADABLE
from frametally.results.spellings.notes import Issue, mismatch
from frametally.results.spellings.predictions import (
    CONFIDENCE_FIELDS,
    NAME_FIELDS,
    SIDES,
    Canonical,
    has_mask,
    unwrapped,
)
from frametally.results.spellings.rle import Ring


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


class AnyBox(Box, gc=False, kw_only=True):
    """Fields of type None are other spellings: a box that has one does not fit, so that it is not ignored silently."""

    rle: None = None
    rle_mask: None = None
    mask: None = None
    masks: None = None
    segmentation: None = None
    polygon: None = None
    polygons: None = None
    score: None = None
    probability: None = None
    conf: None = None
    track_id: None = None
    second_name: None = field(name="class_name", default=None)


class Gaze(Struct, gc=False):
    """One face and the direction of its gaze, in radians."""

    face: AnyBox
    yaw: float
    pitch: float


class Label(Struct, gc=False):
    class_name: str = field(name="class")
    confidence: float
    second_name: None = field(name="class_name", default=None)


class Score(Struct, gc=False):
    confidence: float


class Mask(Struct, gc=False):
    segmentation_mask: str
    """A PNG of class ids, in base64."""
    class_map: dict[str, str]
    """Class id, as text, to class name."""


class BoxesEntry(Struct, gc=False):
    predictions: list[AnyBox]
    image: Size | list[Size] | None = None


class MaskedBoxesEntry(BoxesEntry):
    """Boxes of which some have their masks in another spelling than `points`."""

    outlines: dict[int, list[Ring]] = {}
    """Outlines by the index of their box; set by the decoder, not read from the JSON."""


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
_MAX_IGNORED_KEYS: Final = 16


class Mismatched:
    """Type of the placeholder for an entry that does not fit its model's kind: its content is unknown, not empty."""


MISMATCHED: Final = Mismatched()


class EntryDecoder:
    """Decodes the entries of one kind."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._shape = _SHAPES[kind] | None
        self._list_decoder = msgspec.json.Decoder(list[self._shape], strict=False)  # type: ignore[name-defined]
        self._decoder = msgspec.json.Decoder(self._shape, strict=False)
        self._known_boxes: msgspec.json.Decoder[list[Any]] | None = None
        self._is_learned = False
        self._read = 0
        self._issues: list[tuple[int, Issue]] = []

    def decode_list(self, array: memoryview) -> list[Any]:
        """All entries of an array.

        Raises:
            MsgspecError, UnicodeDecodeError, RecursionError: it is not an array, or an entry is not of the kind.
        """
        if self._known_boxes:
            try:
                return self._known_boxes.decode(array)
            except UNREADABLE:
                self._known_boxes = None
        return [_with_predictions(entry) for entry in self._list_decoder.decode(array)]

    def decode_one(self, raw: bytes) -> Any:
        """One entry; None if it is `null`, MISMATCHED if it is not of the kind."""
        self._read += 1
        try:
            entry = _with_predictions(self._decoder.decode(raw))
        except UNREADABLE:
            return empty_entry(raw) or self._decode_leniently(raw)
        if not self._is_learned and isinstance(entry, BoxesEntry) and entry.predictions:
            self._is_learned = True
            with suppress(*UNREADABLE, ValueError):
                self._known_boxes = _decoder_of_known_boxes(raw)
        return entry

    def take_issues(self) -> list[tuple[int, Issue]]:
        """The issues since the last call, each with the number of its entry among those decoded one by one."""
        issues, self._issues, self._read = self._issues, [], 0
        return issues

    def _decode_leniently(self, raw: bytes) -> Any:
        """Decode an entry in another spelling, or with NaN or Infinity, which msgspec rejects."""
        canonical = Canonical()
        try:
            entry = self._converted(json.loads(raw), canonical)
            msgspec.json.encode(entry)  # rejects lone surrogates, which could not be written to a table
        except (*UNREADABLE, ValueError, OverflowError) as error:
            self._add(mismatch(error))
            return MISMATCHED
        for issue in canonical.issues:
            self._add(issue)
        if canonical.outlines and isinstance(entry, BoxesEntry):
            return MaskedBoxesEntry(entry.predictions, entry.image, canonical.outlines)
        return _with_predictions(entry)

    def _converted(self, entry: Any, canonical: Canonical) -> Any:
        if self._kind in (Kind.CLIP, Kind.SEMANTIC):
            return msgspec.convert(entry, self._shape, strict=False)
        if self._kind is Kind.GAZE:
            return msgspec.convert(canonical.gaze_entry(entry), self._shape, strict=False)
        bring = canonical.boxes_entry if self._kind.has_boxes else canonical.labels_entry
        return msgspec.convert(bring(entry), self._shape, strict=False)

    def _add(self, issue: Issue) -> None:
        self._issues.append((self._read - 1, issue))


def _decoder_of_known_boxes(raw: bytes) -> msgspec.json.Decoder[list[Any]] | None:
    """Decodes lists of entries whose boxes have the keys of this one's; faster, with fewer fields than `AnyBox`."""
    keys = set().union(*msgspec.json.decode(raw)["predictions"]) - set(AnyBox.__struct_encode_fields__)
    if len(keys) > _MAX_IGNORED_KEYS:
        return None
    ignored = [(f"ignored_{at}", str, field(name=key, default=None)) for at, key in enumerate(keys)]
    box = msgspec.defstruct("KnownBox", ignored, bases=(Box,), kw_only=True, gc=False, forbid_unknown_fields=True)
    entry = msgspec.defstruct("KnownEntry", [("predictions", list[box])], bases=(BoxesEntry,), gc=False)  # type: ignore[valid-type]
    return msgspec.json.Decoder(list[entry | None], strict=False)  # type: ignore[valid-type]


def detect_kind(raw: bytes) -> Kind | None:
    """The kind of an entry by its fields; None if it is null, has no predictions, or is of no known kind."""
    try:
        entry = unwrapped(json.loads(raw))
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
        if raw.count(b'"predictions"') > 1:
            entry = msgspec.convert(unwrapped(json.loads(raw)), LabelsEntry, strict=False)
        else:
            entry = msgspec.json.decode(raw, type=LabelsEntry, strict=False)
    except (*UNREADABLE, ValueError):
        return None
    return None if entry.predictions else entry


def _kind_of_object(predictions: dict[str, Any]) -> Kind | None:
    if "segmentation_mask" in predictions:
        return Kind.SEMANTIC
    scored = [isinstance(one, dict) and not one.keys().isdisjoint(CONFIDENCE_FIELDS) for one in predictions.values()]
    return Kind.MULTI_LABEL if scored and all(scored) else None


def _kind_of_item(first: dict[str, Any]) -> Kind | None:
    if "face" in first:
        return Kind.GAZE
    if first.keys() >= set(SIDES):
        return Kind.DETECTION
    is_named = not first.keys().isdisjoint(NAME_FIELDS)
    if is_named and has_mask(first):
        return Kind.DETECTION
    return Kind.CLASSIFICATION if is_named and not first.keys().isdisjoint(CONFIDENCE_FIELDS) else None


def _first(items: object) -> dict[str, Any]:
    """The first item of a list of objects; empty if there is none."""
    first = items[0] if isinstance(items, list) and items else None
    return first if isinstance(first, dict) else {}


def _with_predictions(entry: Any) -> Any:
    return GazeEntry(entry) if isinstance(entry, list) else entry
