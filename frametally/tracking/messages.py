"""Texts about tracks that users read."""

from __future__ import annotations

from frametally.tracking.rate import Rate


def rate_warning(rate: Rate | None) -> str:
    """What to do if the analyzed frames are too far apart to follow the objects; empty if they are not."""
    if rate is None or not rate.is_too_low:
        return ""
    return (
        f"Objects move by {rate.step:.0%} of their size between analyzed frames ({rate.looks_per_s:.3g} per second), "
        f"so their tracks and counts are unreliable. Analyze {rate.enough_fps:g} frames per second or more."
    )
