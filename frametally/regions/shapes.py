"""Lines, zones, a scale and rules, as a set that belongs to a camera.

Coordinates are those of the displayed picture, normalized: x from 0 (left) to 1 (right), y from 0 (top) to 1 (bottom).
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Final, Literal, get_args
from unicodedata import category

import msgspec
from msgspec import Meta, Struct

from frametally.errors import RegionsError

VERSION: Final = 1
MAX_BYTES: Final = 1 << 20
"""Of the JSON form."""
BACKGROUND_SIZE_PX: Final = (64, 36)
BACKGROUND_BYTES: Final = 64 * 36
MAX_POINTS: Final = 200
"""Corners of a zone."""
MAX_SHAPES: Final = 50
"""Lines, zones and rules, each."""
MAX_NAME_CHARS: Final = 200

Anchor = Literal[
    "center",
    "bottom_center",
    "top_center",
    "center_left",
    "center_right",
    "top_left",
    "top_right",
    "bottom_left",
    "bottom_right",
]
"""The point of a box that crosses lines and is inside zones."""
ANCHORS: Final[tuple[Anchor, ...]] = get_args(Anchor)

Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME_CHARS)]
Id = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+\Z")]
Color = Annotated[str, Meta(pattern=r"^#[0-9a-fA-F]{6}\Z")]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Coordinate = Annotated[float, Meta(ge=-10, le=10)]
"""A shape may extend beyond the picture."""
Point = tuple[Coordinate, Coordinate]
Meters = Annotated[float, Meta(gt=0, le=100_000)]
SidePx = Annotated[int, Meta(ge=1, le=65_535)]


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line segment that counts crossings; the arrow from `start` to `end` has its side *in* on the right.

    Raises:
        ValueError: the ends are equal, or the name has characters that cannot be shown.
    """

    id: Id
    name: Name
    color: Color = "#2563eb"
    start: Point
    end: Point
    anchor: Anchor = "bottom_center"
    hysteresis_px: Annotated[float, Meta(ge=0, le=1_000)] = 4.0
    """In pixels of the displayed picture, on each side of the line."""

    def __post_init__(self) -> None:
        _check_text(self.name)
        if self.start == self.end:
            raise ValueError("a line has two different ends")

    @property
    def reversed(self) -> Line:
        """The same line with the other direction."""
        return Line(
            id=self.id,
            name=self.name,
            color=self.color,
            start=self.end,
            end=self.start,
            anchor=self.anchor,
            hysteresis_px=self.hysteresis_px,
        )


class Zone(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A polygon in which objects stay; if its outline crosses itself, what is enclosed twice is outside.

    Raises:
        ValueError: the name has characters that cannot be shown.
    """

    id: Id
    name: Name
    color: Color = "#d97706"
    points: Annotated[tuple[Point, ...], Meta(min_length=3, max_length=MAX_POINTS)]
    anchor: Anchor = "bottom_center"
    bridged_gap_s: Seconds = 1.0
    """Absences up to this long do not end a stay."""

    def __post_init__(self) -> None:
        _check_text(self.name)


class Scale(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Four points on the ground with known distances, in order around their outline.

    Four sides alone do not fix a shape: without `diagonal_m` they are those of a rectangle.

    Raises:
        ValueError: opposite sides of the rectangle differ.
    """

    points: Annotated[tuple[Point, ...], Meta(min_length=4, max_length=4)]
    sides_m: Annotated[tuple[Meters, ...], Meta(min_length=4, max_length=4)]
    """From point 1 to 2, 2 to 3, 3 to 4, and 4 to 1."""
    diagonal_m: Meters | None = None
    """From point 1 to 3."""
    unit: Literal["km/h", "m/s"] = "km/h"

    def __post_init__(self) -> None:
        first, second, third, fourth = self.sides_m
        if self.diagonal_m is None and (first != third or second != fourth):
            raise ValueError("opposite sides differ, so the distance from point 1 to 3 is needed")


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """More objects than a number in a zone for a time.

    Raises:
        ValueError: the hysteresis is larger than the number, or the name has characters that cannot be shown.
    """

    name: Name
    zone: Id
    classes: Annotated[tuple[Name, ...], Meta(max_length=MAX_SHAPES)] = ()
    """Names of classes that count together; empty: all."""
    more_than: Annotated[int, Meta(ge=0, le=100_000)]
    for_s: Seconds = 0.0
    hysteresis: Annotated[int, Meta(ge=0, le=100_000)] = 0
    """It ends when the count is at most `more_than` minus this."""
    cooldown_s: Seconds = 0.0
    """What begins sooner after the end of an interval belongs to it."""

    def __post_init__(self) -> None:
        _check_text(self.name)
        if self.hysteresis > self.more_than:
            raise ValueError("a rule never ends if its hysteresis is larger than its number")


class RegionSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lines and zones of one camera.

    Raises:
        ValueError: the version is unknown, an id or a name occurs twice, or a rule names no zone of the set.
    """

    version: int = VERSION
    camera: Name
    size: tuple[SidePx, SidePx]
    """Width and height in pixels of the displayed picture on which they were drawn."""
    lines: Annotated[tuple[Line, ...], Meta(max_length=MAX_SHAPES)] = ()
    zones: Annotated[tuple[Zone, ...], Meta(max_length=MAX_SHAPES)] = ()
    scale: Scale | None = None
    rules: Annotated[tuple[Rule, ...], Meta(max_length=MAX_SHAPES)] = ()
    background: bytes | None = None
    """The picture without what moves, as `background.small_background` makes it; base64 in JSON."""

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise ValueError(f"version {self.version} is not known, only {VERSION}")
        _check_text(self.camera)
        shapes: list[Line | Zone] = [*self.lines, *self.zones]
        _check_unique([shape.id for shape in shapes], "id")
        _check_unique([shape.name for shape in shapes], "name")
        _check_unique([rule.name for rule in self.rules], "rule")
        if missing := {rule.zone for rule in self.rules} - {zone.id for zone in self.zones}:
            raise ValueError(f"a rule is about the zone {min(missing)}, which is not in the set")
        if self.background is not None and len(self.background) != BACKGROUND_BYTES:
            raise ValueError(f"the background has {len(self.background)} bytes instead of {BACKGROUND_BYTES}")

    @classmethod
    def from_json(cls, content: bytes | str) -> RegionSet:
        """Read and check the JSON form, `regions.json`.

        Raises:
            RegionsError: it is too large, or is not a valid set; the message says where.
        """
        if len(content) > MAX_BYTES:
            raise RegionsError(f"A set of regions has at most {MAX_BYTES >> 20} MB.", _NEXT_STEP)
        try:
            return _decode(content)
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise RegionsError(f"This is not a valid set of regions: {error}.", _NEXT_STEP) from error

    def to_json(self) -> bytes:
        """The JSON form."""
        return msgspec.json.encode(self)


_decode = msgspec.json.Decoder(RegionSet).decode
_NEXT_STEP: Final = "Export it again from the Regions section of the Analytics page."


def is_name(text: str) -> bool:
    """Whether a text can be shown as a name: no control or formatting characters, which could turn or hide it."""
    return bool(text.strip()) and not any(category(letter) in _HIDDEN for letter in text)


_HIDDEN: Final = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def _check_text(text: str) -> None:
    if not is_name(text):
        raise ValueError("a name has characters that cannot be shown")


def _check_unique(values: list[str], what: str) -> None:
    value, times = max(Counter(values).items(), key=lambda item: item[1], default=("", 0))
    if times > 1:
        raise ValueError(f"the {what} {value} occurs twice")
