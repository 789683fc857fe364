"""Tracking beside ByteTrack of `trackers`, in an environment of its own; needs a package registry.

moving_speed_of_trackers  boxes per second as a multiple of those of `trackers`, for the items of the demo
random_speed_of_trackers  the same for random boxes
eight_hours_s             processor time for 8 h of results with 2.8 million boxes, read from their tables
eight_hours_peak_mb       memory of the process that tracks them
least_HOTA_advantage      smallest difference to `trackers` of the means over five seeds; also IDF1 and MOTA

`TRACKING_ENVIRONMENT` names a folder that keeps the environment for the next run.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.tracking import quality, speed
from benchmarks.tracking.environment import ONE_CORE, PeerEnvironment


def figures() -> Iterator[tuple[str, float]]:
    """Print the measurements and the table of docs/tracking.md; yield the figures."""
    os.environ |= ONE_CORE
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        peer = PeerEnvironment(Path(os.environ.get("TRACKING_ENVIRONMENT") or folder / "environment"))
        print(peer.versions())
        cases = folder / "cases"
        cases.mkdir()
        yield from quality.figures(peer, cases)
        yield from speed.figures(peer, folder)
