"""HOTA, IDF1 and MOTA of Frametally's tracker and of ByteTrack on the same detections."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.tracking.detections import degraded
from benchmarks.tracking.environment import PeerEnvironment
from benchmarks.tracking.ours import tracked
from benchmarks.tracking.scenes import FPS, generated, of_demo, of_tud

Floats = npt.NDArray[np.float64]
Scores = dict[str, dict[str, float]]

SEEDS = range(100, 105)
"""Other scenes and other noise than those on which the parameters were tuned."""
STEPS = (1, 3)
METRICS = ("HOTA", "IDF1", "MOTA")
TRACKERS = ("frametally", "trackers")


def figures(peer: PeerEnvironment, folder: Path) -> Iterator[tuple[str, float]]:
    """Print a table of means and standard deviations; yield the least advantage over `trackers` in each metric."""
    for name, seed, step in product(sources := _sources(peer), SEEDS, STEPS):
        _write_case(peer, folder, f"{name} {seed} {step}", *sources[name], seed, step)
    scores: Scores = json.loads(peer.run("score", folder))
    rows = [(name, step) for name in sources for step in STEPS]
    print(f"| scene | looks/s | tracker | {' | '.join(METRICS)} |\n| --- | --- | --- | --- | --- | --- |")
    for (name, step), tracker in product(rows, TRACKERS):
        cells = [_cell(_values(scores, name, step, tracker, metric)) for metric in METRICS]
        print(f"| {name} | {FPS / step:.3g} | {tracker} | {' | '.join(cells)} |")
    for metric in METRICS:
        yield f"least_{metric}_advantage", min(_advantage(scores, name, step, metric) for name, step in rows)


def _sources(peer: PeerEnvironment) -> dict[str, tuple[Floats | None, tuple[int, int]]]:
    """Truth and size of the picture by name; None is a generated scene of each seed."""
    tud = Path(peer.run("truth"))
    return {
        "generated": (None, (1280, 720)),
        "demo": (of_demo(14), (1280, 720)),
        "TUD-Campus": (of_tud(tud / "TUD-Campus" / "gt.txt"), (640, 480)),
        "TUD-Stadtmitte": (of_tud(tud / "TUD-Stadtmitte" / "gt.txt"), (640, 480)),
    }


def _write_case(
    peer: PeerEnvironment,
    folder: Path,
    name: str,
    truth: Floats | None,
    size_px: tuple[int, int],
    seed: int,
    step: int,
) -> None:
    """Track with both, and write what is scored."""
    truth = generated(seed) if truth is None else truth
    truth = truth[truth[:, 0] % step == 0]
    truth[:, 0] //= step
    boxes = degraded(truth, seed, step, size_px)
    times_s = np.arange(truth[-1, 0] + 1) * step / FPS
    source, target = folder.parent / "case.npz", folder.parent / "numbers.npz"
    np.savez(source, boxes=boxes, times_s=times_s, fps=FPS / step)
    peer.run("track", source, target)
    for tracker, numbers in zip(TRACKERS, (tracked(boxes, times_s)[0], np.load(target)["numbers"]), strict=True):
        np.savez(folder / f"{name} {tracker}.npz", truth=truth, boxes=boxes, numbers=numbers)


def _values(scores: Scores, name: str, step: int, tracker: str, metric: str) -> list[float]:
    return [scores[f"{name} {seed} {step} {tracker}"][metric] for seed in SEEDS]


def _cell(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ± {np.std(values):.3f}"


def _advantage(scores: Scores, name: str, step: int, metric: str) -> float:
    ours, theirs = (np.mean(_values(scores, name, step, tracker, metric)) for tracker in TRACKERS)
    return float(ours - theirs)
