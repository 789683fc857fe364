"""What can be asked for in a video, with the JSON form of each question."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from frametally.errors import RegionsError
from frametally.regions.shapes import MAX_SHAPES, Id, Name, Seconds

MAX_BYTES: Final = 1 << 16
Way = Literal["in", "out"]
Classes = Annotated[tuple[Name, ...], Meta(max_length=MAX_SHAPES)]

DEFINITIONS: Final = {
    "together": "from the first to the last analyzed frame in which one of two classes is seen, with the other seen "
    "within the given time before or after; the frame is the first by which both were seen",
    "more_than": "consecutive analyzed frames with more objects than the number; the frame is the first with the most",
    "first_after": "the first analyzed frame at or after a time with an object of each class",
    "crossed_then": "from the crossing of one line to the next crossing of another by the same track; the frame is "
    "that of the second crossing",
}
"""What each kind of question finds; shown with it."""


class Together(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="together"):
    """Two classes within a time of each other.

    Raises:
        ValueError: both are the same.
    """

    first: Name
    second: Name
    within_s: Seconds = 0.0

    def __post_init__(self) -> None:
        if self.first == self.second:
            raise ValueError("two different classes are needed")


class MoreThan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="more_than"):
    """More objects than a number."""

    classes: Classes = ()
    """Counted together; empty: all."""
    more_than: Annotated[int, Meta(ge=0, le=100_000)]
    zone: Id | None = None
    """None: the whole picture."""


class FirstAfter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="first_after"):
    """The first object after a time."""

    classes: Classes = ()
    """Each on its own; empty: all."""
    after_s: Annotated[float, Meta(ge=0, le=1e9)] = 0.0


class CrossedThen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="crossed_then"):
    """One line and then another."""

    line: Id
    way: Way | None = None
    """None: both."""
    second_line: Id
    second_way: Way | None = None
    within_s: Seconds | None = None
    """None: at any time later."""


Query = Together | MoreThan | FirstAfter | CrossedThen


def decode_query(content: bytes | str) -> Query:
    """Read the JSON form.

    Raises:
        RegionsError: it is not a valid question.
    """
    if len(content) > MAX_BYTES:
        raise RegionsError("This question is too long.", _NEXT_STEP)
    try:
        return _decode(content)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise RegionsError(f"This is not a valid question: {error}.", _NEXT_STEP) from error


_decode: Callable[[bytes | str], Query] = msgspec.json.Decoder(Query).decode
_NEXT_STEP: Final = "Choose it again in the form."
