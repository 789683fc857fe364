"""Numbers and times as a brief writes them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """A position in a video: `0:39.9`, `1:02:03.0`."""
    minutes, rest = divmod(round(max(seconds, 0), 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"


def plural(count: int, noun: str) -> str:
    """A count with its noun: `1 frame`, `2,000 frames`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
