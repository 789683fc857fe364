"""Tracks the boxes of one model in a process of its own: `python -m frametally.rendering.regions.tracking_process`.

The first line of the standard input says what (`TrackingSpec`); the standard output has reports as lines of JSON.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from frametally.analysis.placement import place_results
from frametally.analysis.view import View
from frametally.rendering.regions.tracking_runs import TrackingSpec
from frametally.results import open_results
from frametally.tracking.kept import kept_tracks
from frametally.tracking.settings import TrackerSettings
from frametally.tracking.unique import unique_objects
from frametally.video.encoding_process import UNFINISHED, Report, outcome_of, yield_and_end_with_parent
from frametally.video.frame_index import load_index

_FAILED = "Tracking the objects failed."


def main() -> None:
    """Read what to track, and end with the parent process."""
    spec = msgspec.json.decode(sys.stdin.buffer.readline(), type=TrackingSpec)
    yield_and_end_with_parent()
    _tell(outcome_of(lambda: _track(spec), _FAILED))


def _track(spec: TrackingSpec) -> None:
    results = open_results(Path(spec.results))
    if spec.video:
        results = place_results(results, load_index(Path(spec.video)), None)
    settings = TrackerSettings()
    kept_tracks(results, spec.model, settings, lambda share: _tell(Report(min(share, UNFINISHED))))
    _tell(Report(1.0))  # lines and zones count from now on; the ranges of the numbers of objects follow
    unique_objects(View(results, spec.model), settings)


def _tell(report: Report) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
