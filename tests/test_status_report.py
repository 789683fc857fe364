"""What a status answer means, with and without our extensions."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from frametally.contract import CANCELLED, RunProgress, StatusReport


def received(answer: dict[str, Any]) -> StatusReport:
    return msgspec.json.decode(msgspec.json.encode(answer), type=StatusReport)


def test_what_the_engine_tells_of_a_job_is_read_as_it_was_told() -> None:
    run_progress = RunProgress(
        frames_done=412, frames_total=1200, frames_per_second=14.2, remaining_s=55.5, cancellable=True, jobs_before=0
    )
    report = msgspec.json.decode(msgspec.json.encode(StatusReport.under_way(0.34, run_progress)), type=StatusReport)
    assert (report.is_pending, report.fraction, report.run_progress) == (True, 0.34, run_progress)


def test_nothing_but_the_vendors_fields_stands_in_an_answer_that_has_no_more_to_tell() -> None:
    assert msgspec.json.encode(StatusReport.under_way(0.0, RunProgress())) == b'{"status":1,"progress":0.0}'


@pytest.mark.parametrize("answer", [{}, {"status": 0}, {"status": 1}, {"status": "running", "progress": 0.5}])
def test_a_service_without_our_extensions_tells_nothing_by_them(answer: dict[str, Any]) -> None:
    report = received(answer)
    assert (report.run_progress, report.is_queued, report.is_cancelled) == (None, False, False)


@pytest.mark.parametrize("answer", [{"status": "queued"}, {"status": 1, "jobs_before": 0}, {"jobs_before": 3}])
def test_a_job_is_queued_where_its_service_says_so(answer: dict[str, Any]) -> None:
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
def test_a_failed_job_is_told_from_a_cancelled_one(answer: dict[str, Any], is_cancelled: bool) -> None:
    assert received(answer).is_cancelled is is_cancelled


@pytest.mark.parametrize("value", ["5", "NaN", -1, 1e12, 10**30, 0.5, True, [], {}, None])
def test_a_number_of_frames_that_cannot_be_one_is_none(value: object) -> None:
    assert received({"status": 1, "frames_done": value}).run_progress is None


@pytest.mark.parametrize("value", ["soon", "", -0.1, 1.1, [], {}, None])
def test_a_progress_that_is_no_share_is_none(value: object) -> None:
    assert received({"status": 1, "progress": value}).fraction is None
