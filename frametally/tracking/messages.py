"""Texts about tracks that users read."""

from __future__ import annotations

from frametally.tracking.rate import Rate, measured_rate
from frametally.tracking.tracks import Joined, Tracks

_LEAST_JOINED = 0.5
"""Share of the boxes that tracks have where objects can be followed; fast ones leave most of their boxes alone."""


def tracking_warning(tracks: Tracks) -> str:
    """Why objects may be counted wrongly, and what to do; empty if nothing is noticed."""
    sentences = [rate_warning(measured_rate(tracks)), _ids_warning(tracks.joined)]
    return " ".join(sentence for sentence in sentences if sentence) or _joined_warning(tracks.joined)


def rate_warning(rate: Rate | None) -> str:
    """What to do if the analyzed frames are too far apart to follow the objects; empty if they are not."""
    if rate is None or not rate.is_too_low:
        return ""
    return (
        f"Objects move by {rate.step:.0%} of their size between analyzed frames ({rate.looks_per_s:.3g} per second), "
        f"so their tracks and counts are unreliable. Analyze {rate.enough_fps:g} frames per second or more."
    )


def _joined_warning(joined: Joined) -> str:
    """Objects that are too fast have no tracks, so that no rate can be measured on them."""
    if joined.in_tracks >= joined.boxes * _LEAST_JOINED:
        return ""
    return (
        f"Only {joined.in_tracks / joined.boxes:.0%} of the boxes could be joined to tracks, so counts may be too low. "
        "Analyze more frames per second."
    )


def _ids_warning(joined: Joined) -> str:
    if not joined.by_ids or not joined.left_out:
        return ""
    boxes = (
        "1 box has no tracker id and is"
        if joined.left_out == 1
        else f"{joined.left_out} boxes have no tracker id and are"
    )
    return f"{boxes} left out."
