"""What a brief shows, as one storable value: a view, its title, the evidence, and what is blurred.

The JSON form has a version, as that of `ViewSpec`, which it contains; unknown versions are refused.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from frametally.analysis.view_spec import ViewSpec
from frametally.errors import ViewError

VERSION: Final = 1
MAX_TITLE_CHARS: Final = 200
MAX_QUESTION_CHARS: Final = 2000
MIN_EVERY_S: Final = 0.1


class Evidence(StrEnum):
    """Which frames a brief shows."""

    PEAKS = "peaks"
    ENDS = "ends"
    """First and last appearance of each class."""
    DISAGREEMENTS = "disagreements"
    """Only of a view with a second model."""
    CROSSINGS = "crossings"
    """Of the lines that are kept for the camera."""
    NOTES = "notes"
    """Frames with a pinned note."""


class BriefRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a brief, without the results.

    Raises:
        ValueError: a value is out of its range.
    """

    version: int = VERSION
    view: ViewSpec
    title: str = ""
    """Empty: the name of the video."""
    question: str = ""
    """What was asked."""
    evidence: tuple[Evidence, ...] = tuple(Evidence)
    """Kinds that the results do not have are left out."""
    every_s: float | None = None
    """Also a frame at each multiple of this interval."""
    blurred: tuple[str, ...] = ()
    """Display names of the classes that are blurred in every picture."""
    blurs_whole_persons: bool = False
    """Also the boxes of persons, so that more than a face is hidden."""
    has_clips: bool = False
    """Whether frames have a short clip."""

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise ValueError(f"version {self.version}")
        if len(self.title) > MAX_TITLE_CHARS:
            raise ValueError(f"a title of {len(self.title)} characters")
        if len(self.question) > MAX_QUESTION_CHARS:
            raise ValueError(f"a question of {len(self.question)} characters")
        if self.every_s is not None and not MIN_EVERY_S <= self.every_s < math.inf:
            raise ValueError(f"an interval of {self.every_s} s")

    @property
    def blurs(self) -> bool:
        """Whether anything is blurred; then nothing that shows the video as it is may accompany the brief."""
        return bool(self.blurred) or self.blurs_whole_persons

    def to_json(self) -> bytes:
        """The stored form."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, content: bytes | str) -> BriefRequest:
        """Read the stored form.

        Raises:
            ViewError: the content is damaged or has an unknown version.
        """
        try:
            version = msgspec.json.decode(content, type=_Versioned).version
            if version != VERSION:
                raise ViewError(
                    f"This brief has version {version}; this installation reads version {VERSION}.",
                    "Update Frametally, or create the brief again.",
                )
            return msgspec.json.decode(content, type=cls)
        except msgspec.DecodeError as error:
            raise ViewError("These settings of a brief are damaged.", "Create it again.") from error


class _Versioned(Struct):
    version: int
