"""Boxes per second of Frametally's tracker and of ByteTrack, and the time for eight hours of results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from benchmarks.generate import write_results
from benchmarks.tracking.detections import degraded
from benchmarks.tracking.environment import ONE_CORE, PeerEnvironment
from benchmarks.tracking.ours import tracked
from benchmarks.tracking.scenes import FPS, of_demo
from frametally.results import archive_results, open_results

Floats = npt.NDArray[np.float64]

ROUNDS = 5
HOURS = 8
_CHILD = """
import json, resource, sys, time
from pathlib import Path
from frametally.results import open_results
from frametally.tracking.tracker import track
results = open_results(Path(sys.argv[1]))
started = time.process_time()
tracks = track(results, "model")
seconds = time.process_time() - started
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(tracks)]))
"""


def figures(peer: PeerEnvironment, folder: Path) -> Iterator[tuple[str, float]]:
    """Print the medians of interleaved runs; yield the ratios and the figures of eight hours."""
    for name, boxes, times_s in _cases(folder):
        yield f"{name}_speed_of_trackers", _ratio(peer, folder, name, boxes, times_s)
    archive_results(_written(folder, HOURS), folder / "long")
    child = subprocess.run(
        [sys.executable, "-c", _CHILD, folder / "long"],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | ONE_CORE,
    )
    seconds, peak_mb, rows = json.loads(child.stdout)
    print(f"{HOURS} h: {seconds:.1f} s of processor time, {peak_mb:.0f} MB, {rows:,} boxes in tracks")
    yield "eight_hours_s", seconds
    yield "eight_hours_peak_mb", peak_mb


def _cases(folder: Path) -> Iterator[tuple[str, Floats, Floats]]:
    """Items of the demo that move, and random boxes, which hardly any track joins."""
    truth = of_demo(20)
    yield "moving", degraded(truth, 1, 1, (1280, 720)), np.arange(truth[-1, 0] + 1) / FPS
    archive_results(_written(folder, 0.1), folder / "short")
    results = open_results(folder / "short")
    boxes = results.boxes("model")
    columns: list[Floats] = [boxes.entry, boxes.xyxy, boxes.confidence, boxes.class_code]  # type: ignore[list-item]
    yield "random", np.column_stack(columns), results.time_s


def _written(folder: Path, hours: float) -> Path:
    path = folder / f"{hours}.json"
    write_results(path, hours=hours)
    return path


def _ratio(peer: PeerEnvironment, folder: Path, name: str, boxes: Floats, times_s: Floats) -> float:
    source, target = folder / "speed.npz", folder / "numbers.npz"
    np.savez(source, boxes=boxes, times_s=times_s, fps=1 / float(np.median(np.diff(times_s))))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(len(boxes) / tracked(boxes, times_s)[1])
        peer.run("track", source, target)
        theirs.append(len(boxes) / float(np.load(target)["seconds"]))
    print(f"{name}: {median(ours):,.0f} boxes/s, trackers {median(theirs):,.0f} boxes/s, {len(boxes):,} boxes")
    return median(ours) / median(theirs)
