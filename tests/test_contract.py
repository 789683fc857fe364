"""The wire contract: status reports with and without our extensions, and the limits of frame rates."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from frametally.contract import CANCELLED, RunProgress, StatusReport, rate_refusal


def received(answer: dict[str, Any]) -> StatusReport:
    return msgspec.json.decode(msgspec.json.encode(answer), type=StatusReport)


def test_progress_of_the_engine_survives_encoding() -> None:
    run_progress = RunProgress(
        frames_done=412, frames_total=1200, frames_per_second=14.2, remaining_s=55.5, cancellable=True, jobs_before=0
    )
    report = msgspec.json.decode(msgspec.json.encode(StatusReport.pending(0.34, run_progress)), type=StatusReport)
    assert (report.is_pending, report.fraction, report.run_progress) == (True, 0.34, run_progress)


def test_unknown_progress_is_not_encoded() -> None:
    assert msgspec.json.encode(StatusReport.pending(0.0, RunProgress())) == b'{"status":1,"progress":0.0}'


@pytest.mark.parametrize("answer", [{}, {"status": 0}, {"status": 1}, {"status": "running", "progress": 0.5}])
def test_service_without_our_extensions_has_no_run_progress(answer: dict[str, Any]) -> None:
    report = received(answer)
    assert (report.run_progress, report.is_queued, report.is_cancelled) == (None, False, False)


@pytest.mark.parametrize("answer", [{"status": "queued"}, {"status": 1, "jobs_before": 0}, {"jobs_before": 3}])
def test_queued_job_is_recognized(answer: dict[str, Any]) -> None:
    assert received(answer).is_queued


@pytest.mark.parametrize(
    ("answer", "is_cancelled"),
    [
        ({"status": 2, "error": CANCELLED}, True),
        ({"status": 2, "message": CANCELLED}, True),
        ({"status": "canceled"}, True),
        ({"status": "Cancelled", "error": "By the owner."}, True),
        ({"status": 2, "error": "Broken."}, False),
        ({"status": 1, "message": CANCELLED}, False),
    ],
)
def test_canceled_job_is_distinguished_from_a_failed_one(answer: dict[str, Any], is_cancelled: bool) -> None:
    assert received(answer).is_cancelled is is_cancelled


@pytest.mark.parametrize("value", ["5", "NaN", -1, 1e12, 10**30, 0.5, True, [], {}, None])
def test_implausible_number_of_frames_is_ignored(value: object) -> None:
    assert received({"status": 1, "frames_done": value}).run_progress is None


@pytest.mark.parametrize("value", ["soon", "", -0.1, 1.1, [], {}, None])
def test_progress_outside_0_to_1_is_ignored(value: object) -> None:
    assert received({"status": 1, "progress": value}).fraction is None


@pytest.mark.parametrize(
    ("video_fps", "rate", "reason"),
    [
        (10, 10, ""),
        (30000 / 1001, 29.97, ""),
        (30000 / 1001, 30, ""),  # the rate of the video, rounded
        (None, 60, ""),
        (10, 10.5, "cannot be analyzed at 10.5"),
        (30000 / 1001, 31, "cannot be analyzed at 31"),
        (240, 121, "between 1 and 120, not 121"),
        (10, 0, "between 1 and 120, not 0"),
        (None, 240, "between 1 and 120, not 240"),
        (None, float("nan"), "between 1 and 120, not nan"),
    ],
)
def test_a_rate_outside_the_limits_or_above_that_of_the_video_is_refused(
    video_fps: float | None, rate: float, reason: str
) -> None:
    refusal = rate_refusal(rate, video_fps)
    assert reason in refusal
    assert bool(refusal) == bool(reason)
