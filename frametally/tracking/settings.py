"""What decides how boxes are joined to tracks; times in seconds, so that the frame rate does not matter."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrackerSettings:
    """The defaults are tuned on generated scenes; docs/using.md describes them."""

    buffer_s: float = 1.0
    """How long a track without boxes may be continued."""
    min_iou: float = 0.1
    """Smallest overlap of a box with the predicted one."""
    min_length_s: float = 0.2
    """Tracks that end sooner after their first box do not count."""
