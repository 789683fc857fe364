"""Estimates of the remaining time, against what simulated and real runs took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from frametally.engine.progress import REPORT_EVERY_S
from frametally.engine.remaining_time import RemainingTimeEstimator
from tests.support import onnx_models
from tests.support.engines import RunningEngine, StartEngine, model
from tests.support.simulated_runs import SimulatedRun, simulate, with_load
from tests.support.soak import iterations
from tests.support.video_files import write_video

LOW, HIGH = 0.7, 1.5
RUNS = 20


class Said(NamedTuple):
    """One estimate, relative to the true remaining time."""

    expected: float
    low: float
    high: float

    @property
    def is_close(self) -> bool:
        return LOW <= self.expected <= HIGH


def middle(run: SimulatedRun) -> Iterator[Said]:
    """The estimates between a tenth and nine tenths of a run, reported as often as the engine does."""
    estimator = RemainingTimeEstimator(len(run.finished_s))
    reported_s = float("-inf")
    for frames_done, now_s in enumerate(run.finished_s, start=1):
        if now_s - reported_s < REPORT_EVERY_S:
            continue
        reported_s = now_s
        estimator.add(now_s, frames_done)
        estimate = estimator.remaining()
        if estimate and 0.1 <= now_s / run.duration_s <= 0.9:
            true_s = run.duration_s - now_s
            yield Said(estimate.expected_s / true_s, estimate.low_s / true_s, estimate.high_s / true_s)


def show(name: str, said: list[Said]) -> None:
    """Print the range of said/true, for the report of `make soak`."""
    expected = [each.expected for each in said]
    ends = min(each.low for each in said), max(each.high for each in said)
    print(f"{name}: {len(said)} estimates, said/true {min(expected):.2f} to {max(expected):.2f}", end="")
    print(f", ends of the range {ends[0]:.2f} to {ends[1]:.2f}")


def test_estimates_under_steady_load_are_close() -> None:
    runs = [simulate(seed) for seed in range(iterations(RUNS))]
    distant = []
    for number, run in enumerate(runs):
        said = list(middle(run))
        assert said, f"no estimate at all: {run.description}"
        if number < RUNS:
            show(run.description, said)
        if not all(each.is_close for each in said):
            distant.append(run.description)
    print(f"figure estimates_simulated_runs {len(runs)}")
    print(f"figure estimates_simulated_runs_not_close {len(distant)}")
    assert not set(distant) & {run.description for run in runs[:RUNS]}
    assert len(distant) <= 0.03 * len(runs), "chance: a run of few frames that differ much"


def test_the_first_estimate_comes_early() -> None:
    estimator = RemainingTimeEstimator(1000)
    for frames_done in range(1, 100):
        estimator.add(frames_done * 0.1, frames_done)
        if estimator.remaining():
            break
    assert frames_done == 36


def test_estimates_under_changing_load_are_closer_than_those_of_the_last_ten_seconds() -> None:
    said, naive = [], []
    for seed in range(RUNS):
        run = with_load(simulate(seed), seed)
        said += list(middle(run))
        naive += list(middle_of_ten_seconds(run))
    show("changing load", said)
    print(f"figure estimates_changing_load_close {sum(each.is_close for each in said) / len(said):.3f}")
    print(f"figure estimates_ten_seconds_close {sum(LOW <= each <= HIGH for each in naive) / len(naive):.3f}")
    assert min(naive) < min(each.expected for each in said)
    assert max(each.expected for each in said) < max(naive)


def middle_of_ten_seconds(run: SimulatedRun) -> Iterator[float]:
    """The same, from the speed of the last 20 reports alone."""
    reports: list[tuple[float, int]] = []
    for frames_done, now_s in enumerate(run.finished_s, start=1):
        if reports and now_s - reports[-1][0] < REPORT_EVERY_S:
            continue
        reports = [*reports[-19:], (now_s, frames_done)]
        (first_s, first_done), (last_s, last_done) = reports[0], reports[-1]
        if last_done > first_done and 0.1 <= now_s / run.duration_s <= 0.9:
            left = len(run.finished_s) - frames_done
            yield left * (last_s - first_s) / (last_done - first_done) / (run.duration_s - now_s)


def test_a_lasting_change_of_load_takes_effect_and_widens_the_range() -> None:
    estimator = RemainingTimeEstimator(4000)
    for second in range(200):
        estimator.add(second, second * 10)
    steady = estimator.remaining()
    for second in range(200, 240):
        estimator.add(second, 1990 + (second - 199) * 5)
    slower = estimator.remaining()
    assert steady is not None
    assert slower is not None
    assert steady.high_s / steady.low_s < 1.15
    assert 1.2 * 181 < slower.expected_s < 362
    assert slower.low_s < 200
    assert slower.high_s > 300


@pytest.mark.parametrize(
    ("reports", "reason"),
    [
        ([], "no report"),
        ([(0.0, 4)], "one report"),
        ([(0.0, 4), (1.9, 90)], "less than two seconds"),
        ([(0.0, 4), (9.0, 8)], "fewer than five frames"),
        ([(0.0, 3), (9.0, 90)], "the warm-up only"),
        ([(0.0, 4), (1.0, 44), (9.0, 45)], "reports that differ too much"),
    ],
)
def test_there_is_no_estimate_from_too_little(reports: list[tuple[float, int]], reason: str) -> None:
    estimator = RemainingTimeEstimator(100)
    for now_s, frames_done in reports:
        estimator.add(now_s, frames_done)
    assert estimator.remaining() is None, reason


def test_nothing_remains_after_the_last_frame() -> None:
    estimator = RemainingTimeEstimator(40)
    for second in range(21):
        estimator.add(second, second * 2)
    assert estimator.remaining() == (0, 0, 0)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["motion", "model", "two_models"])
def test_estimates_of_real_runs_are_close(start_engine: StartEngine, tmp_path: Path, kind: str) -> None:
    onnx_models.save_ultralytics(tmp_path / "models" / "slow" / "1" / "model.onnx", slow=True)
    engine = start_engine()
    video, fps, models = _real_run(tmp_path, kind)
    said = list(_said_by(engine, engine.submit(engine.upload(video), *models, fps=fps)))
    show(f"real run, {kind}", said)
    print(f"figure estimates_real_{kind}_min {min(each.expected for each in said):.3f}")
    print(f"figure estimates_real_{kind}_max {max(each.expected for each in said):.3f}")
    assert all(each.is_close for each in said)


def _real_run(folder: Path, kind: str) -> tuple[Path, float, list[dict[str, object]]]:
    """(video, frames per second, models) that take about a minute on two cores."""
    video = folder / "video.mp4"
    slow = {**model("slow"), "inference_params": {"iou_threshold": 0.4}}
    if kind == "motion":
        write_video(video, frames=2400, fps=30, width_px=1280, height_px=720)
        return video, 30, [model("motion")]
    write_video(video, frames=900, fps=30)
    return video, 10 if kind == "model" else 5, [slow] if kind == "model" else [slow, model("motion")]


def _said_by(engine: RunningEngine, job_id: str) -> Iterator[Said]:
    """The estimates of the status between a tenth and nine tenths of the time that the job ran."""
    started_s, reports = None, []
    while (report := engine.status(job_id)).is_pending:
        now_s = time.monotonic()
        if started_s is None and not report.is_queued:
            started_s = now_s
        if (progress := report.run_progress) and progress.remaining_s is not None:
            reports.append((now_s, progress))
        time.sleep(0.2)
    assert report.is_done, report.reason
    ended_s = time.monotonic()
    assert started_s is not None
    print(f"{len(reports)} reports in {ended_s - started_s:.1f} s")
    for now_s, progress in reports:
        if 0.1 <= (now_s - started_s) / (ended_s - started_s) <= 0.9:
            ends = progress.remaining_low_s, progress.remaining_high_s
            yield Said(*(float(value or 0) / (ended_s - now_s) for value in (progress.remaining_s, *ends)))
