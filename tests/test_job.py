"""Jobs: statuses, transitions and validation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from frametally.contract import ModelRequest, RunProgress
from frametally.errors import JobError
from frametally.job import FINAL, TRANSITIONS, JobStatus, ModelChoice, sources_of
from tests.support.ledgers import START, a_job

C, U, S, OK, F, L, X = JobStatus


@pytest.mark.parametrize(
    ("source", "targets"),
    [
        (C, {U, S, F, L, X}),
        (U, {C, S, F, L, X}),
        (S, {OK, F, L, X}),
        (OK, set()),
        (F, {OK}),
        (L, {S, OK, F, X}),
        (X, set()),
    ],
)
def test_the_allowed_transitions(source: JobStatus, targets: set[JobStatus]) -> None:
    assert TRANSITIONS[source] == targets


def test_the_sources_of_a_status_match_the_transitions() -> None:
    assert all(
        (source in sources_of(target)) == (target in TRANSITIONS[source])
        for source in JobStatus
        for target in JobStatus
    )
    assert sources_of(C) == {U}


def test_the_open_statuses() -> None:
    assert {status for status in JobStatus if status.is_open} == {C, U, S}
    assert {OK, F, L, X} == FINAL


def test_each_status_has_one_word_and_a_phrase() -> None:
    words = [status.word for status in (C, U, S, OK, F, L, X)]
    assert words == ["Queued", "Queued", "Running", "Done", "Failed", "No response", "Canceled"]
    assert all(status.phrase for status in JobStatus)


def test_a_job_in_the_queue_of_its_service_is_shown_as_queued() -> None:
    assert a_job(status=S).status_word == "Running"
    assert a_job(status=S, run_progress=RunProgress(jobs_before=2)).status_word == "Queued"


@pytest.mark.parametrize(
    "name", ["created_at", "checked_at", "last_known_at", "run_started_at", "next_check_at", "ended_at"]
)
def test_a_time_without_a_time_zone_is_refused(name: str) -> None:
    with pytest.raises(JobError, match=name):
        a_job("j1", **{name: datetime(2026, 3, 1, 12)})
    assert getattr(a_job("j1", **{name: START}), name) == START


def test_a_job_needs_a_video_a_model_and_a_frame_rate() -> None:
    with pytest.raises(JobError, match="needs a video"):
        a_job(video_sha256=None)
    with pytest.raises(JobError, match="needs a model"):
        a_job(models=())
    with pytest.raises(JobError, match="needs a frame rate"):
        a_job(infer_fps=None)
    assert a_job(video_sha256=None, video_url="https://host/v.mp4")
    assert a_job(video_sha256=None, models=(), infer_fps=None, remote_job_id="r1").request.missing == "a video"


def test_a_job_shows_no_signed_link() -> None:
    job = a_job(upload_url="https://storage/v?sig=abc123", video_url="https://host/v.mp4?token=abc123")
    assert "abc123" not in repr(job)


def test_the_duration_of_a_run_ends_with_the_call_that_reported_it() -> None:
    times: dict[str, Any] = {
        "run_started_at": START,
        "checked_at": START + timedelta(seconds=90),
        "ended_at": START + timedelta(seconds=99),
    }
    assert a_job(status=OK, **times).run_s == 90
    assert a_job(status=OK, **{**times, "run_started_at": None}).run_s is None
    assert [a_job(status=status, **times).run_s for status in (C, U, S, F, L, X)] == [None] * 6


def test_a_model_is_requested_as_it_was_selected() -> None:
    assert ModelChoice(model_id="cars", version="2").request == ModelRequest("cars", "2")
    sure = ModelChoice(model_id="cars", version="2", confidence=0.4).request
    assert sure == ModelRequest("cars", "2", inference_params={"confidence": 0.4})
