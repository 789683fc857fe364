"""What decides how boxes are joined to tracks; times in seconds, so that the frame rate does not matter."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

VERSION: Final = 5
"""Of the tracker; raised when the same settings give other tracks, so that kept ones are made again."""


class TrackerSettings(Struct, frozen=True):
    """The defaults are tuned on generated scenes, and described in docs/using.md and docs/tracking.md."""

    buffer_s: float = 1.5
    """How long a track is continued after its last box; at least one missing look is bridged."""
    min_iou: float = 0.1
    """Smallest overlap of a box with the one that its track predicts."""
    min_length_s: float = 0.2
    """Tracks whose last box is closer to their first one do not count, nor do single boxes."""
    high_confidence: float = 0.35
    """Boxes of at least this confidence are joined first; weaker ones may only continue tracks that are left."""
    first_confidence: float = 0.5
    """Smallest confidence of the first box of a track."""
