"""Progress reports of a running job, and the detection of cancellation."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.contract import RunProgress
from frametally.engine.progress import REPORT_EVERY_S, SPEED_SAMPLES, JobCancelled, ProgressReporter
from frametally.engine.spool import Spool, SpooledJob, WorkerProgress
from tests.support.engine_jobs import REQUEST


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def job(tmp_path: Path) -> SpooledJob:
    return Spool(tmp_path / "engine").accept(REQUEST)


def reported(job: SpooledJob) -> RunProgress:
    assert job.progress is not None
    return job.progress.run_progress


def test_progress_has_frames_done_speed_and_remaining_time(job: SpooledJob, clock: Clock) -> None:
    progress = ProgressReporter(job, 1200, clock=clock)
    progress.report(2)
    assert reported(job) == RunProgress(frames_done=2, frames_total=1200)
    for frames_done in range(17, 153, 15):
        clock.now_s += 1
        progress.report(frames_done)
    assert reported(job) == RunProgress(
        frames_done=152,
        frames_total=1200,
        frames_per_second=15.0,
        remaining_s=69.9,
        remaining_low_s=66.5,
        remaining_high_s=73.4,
    )
    assert job.progress is not None
    assert job.progress.fraction == round(152 / 1200, 4)


def test_the_remaining_time_is_that_at_the_time_of_the_request() -> None:
    progress = WorkerProgress(0.5, 1, RunProgress(frames_per_second=0.5, remaining_s=9.0, remaining_high_s=2.0), 100.0)
    later = progress.run_progress_at(103.0)
    assert (later.remaining_s, later.remaining_low_s, later.remaining_high_s) == (6.0, None, 0.0)
    assert progress.run_progress_at(1000.0).remaining_s == 5.0, "a frame that is overdue may not come"
    assert progress.run_progress_at(90.0) == progress.run_progress


def test_the_first_frame_is_left_out_of_the_speed(job: SpooledJob, clock: Clock) -> None:
    progress = ProgressReporter(job, 100, clock=clock)
    clock.now_s += 60
    progress.report(1)
    clock.now_s += 1
    progress.report(11)
    assert reported(job).frames_per_second == 10.0


def test_the_speed_is_that_of_recent_frames(job: SpooledJob, clock: Clock) -> None:
    progress = ProgressReporter(job, 10_000, clock=clock)
    for second in range(5 * SPEED_SAMPLES):
        clock.now_s += 1
        progress.report(min(second, SPEED_SAMPLES) * 100 + max(second - SPEED_SAMPLES, 0) * 2)
    assert reported(job).frames_per_second == 2.0


def test_a_stalled_job_has_no_speed(job: SpooledJob, clock: Clock) -> None:
    progress = ProgressReporter(job, 100, clock=clock)
    for _ in range(2):
        progress.report(5)
        clock.now_s += 1
    assert reported(job) == RunProgress(frames_done=5, frames_total=100)


def test_progress_is_written_at_most_twice_a_second(job: SpooledJob, clock: Clock) -> None:
    progress = ProgressReporter(job, 1000, clock=clock)
    seen = set()
    for frame in range(33):
        progress.report(frame)
        seen.add(reported(job).frames_done)
        clock.now_s += REPORT_EVERY_S / 8
    assert seen == {0, 8, 16, 24, 32}


@pytest.mark.parametrize("end", [SpooledJob.cancel, lambda job: job.fail("Broken.")])
def test_reporting_on_an_ended_job_raises(job: SpooledJob, clock: Clock, end: object) -> None:
    progress = ProgressReporter(job, 100, clock=clock)
    progress.report(1)
    end(job)  # type: ignore[operator]
    progress.report(2)
    clock.now_s += REPORT_EVERY_S
    with pytest.raises(JobCancelled):
        progress.report(3)
    assert job.progress is None
