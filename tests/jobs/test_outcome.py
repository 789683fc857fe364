"""`outcome_of` maps the result of a step to the change of the job, without any I/O."""

from __future__ import annotations

import errno
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from frametally.client.client import StatusResponse
from frametally.client.messages import NotFound
from frametally.contract import CANCELLED, STATUS_FLOOR_S, RunProgress, StatusReport
from frametally.errors import (
    BadRequest,
    ConnectFailed,
    InvalidResponse,
    LinkExpired,
    MediaError,
    RateLimited,
    ResultsError,
    ServerError,
    ServiceError,
    ServiceUnreachable,
    Unauthorized,
)
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.jobs import messages
from frametally.jobs.outcome import (
    MAX_FAILED_UPLOADS,
    Cancelled,
    Failed,
    InProgress,
    Lost,
    Outcome,
    Postponed,
    ResultsReady,
    Situation,
    Started,
    Step,
    StepFailed,
    UploadInterrupted,
    UploadRejected,
    interrupted_start,
    outcome_of,
)
from tests.support.ledgers import START, a_job

HOSTED = "https://api.example.com"
HOUR_S = 3600.0
NOW = START + timedelta(seconds=40)
SITUATION = Situation(now=NOW, lost_after_s=HOUR_S)
LATE = Situation(now=START + timedelta(seconds=HOUR_S + 1), lost_after_s=HOUR_S)
RUNNING = a_job(status=JobStatus.SUBMITTED, service=HOSTED, remote_job_id="r1", last_known_at=START)
LOST_JOB = replace(RUNNING, status=JobStatus.LOST)
UPLOADED = a_job(status=JobStatus.UPLOADED, service=HOSTED, upload_url="https://storage/v", uploaded_at=START)
CREATED = a_job(service=HOSTED)
DOWN = ServiceUnreachable("No answer.")


def of_report(report: StatusReport, job: Job = RUNNING, situation: Situation = SITUATION) -> Outcome:
    return outcome_of(StatusResponse(report, None), job, situation)


def of_error(error: Exception, step: Step, job: Job, situation: Situation = SITUATION) -> Outcome:
    return outcome_of(StepFailed(step, error), job, situation)


def postponed(outcome: Outcome) -> Postponed:
    assert isinstance(outcome, Postponed)
    return outcome


def wait_s(outcome: Outcome, now: datetime = NOW) -> float:
    return (postponed(outcome).next_check_at - now).total_seconds()


def test_the_outcome_of_a_successful_step_is_its_result() -> None:
    assert outcome_of(Started("r1"), UPLOADED, SITUATION) == Started("r1")


@pytest.mark.parametrize(
    ("report", "outcome"),
    [
        (StatusReport(2, error=CANCELLED), Cancelled()),
        (StatusReport("canceled"), Cancelled()),
        (StatusReport(2, error="Out of memory."), Failed("Out of memory.")),
        (StatusReport(0, "https://storage/r"), ResultsReady("https://storage/r")),
    ],
)
def test_a_final_status_ends_the_job_or_leads_to_its_results(report: StatusReport, outcome: Outcome) -> None:
    assert of_report(report) == of_report(report, LOST_JOB, LATE) == outcome


def test_a_failure_without_a_reason_names_the_status_and_the_id() -> None:
    outcome = of_report(StatusReport(3))
    assert isinstance(outcome, Failed)
    assert "status 3" in outcome.reason
    assert "r1" in outcome.reason


def test_a_pending_status_is_recorded_and_checked_at_the_floor() -> None:
    run_progress = RunProgress(frames_done=10)
    assert of_report(StatusReport(1, progress=0.25, frames_done=10)) == InProgress(
        is_known=True,
        is_queued=False,
        progress=0.25,
        run_progress=run_progress,
        message="",
        next_check_at=NOW + timedelta(seconds=STATUS_FLOOR_S),
    )


@pytest.mark.parametrize("retry_after_s", [2.0, 200.0])
def test_the_service_sets_the_time_of_the_next_check(retry_after_s: float) -> None:
    outcome = outcome_of(StatusResponse(StatusReport(1), retry_after_s), RUNNING, SITUATION)
    assert isinstance(outcome, InProgress)
    assert outcome.next_check_at == NOW + timedelta(seconds=retry_after_s)


def test_a_queued_job_has_not_started_to_run() -> None:
    outcome = of_report(StatusReport("queued"))
    assert isinstance(outcome, InProgress)
    assert outcome.is_queued


def test_an_empty_report_makes_the_job_lost_only_after_the_time_limit() -> None:
    outcome = of_report(StatusReport())
    assert isinstance(outcome, InProgress)
    assert not outcome.is_known
    lost = of_report(StatusReport(), RUNNING, LATE)
    assert isinstance(lost, Lost)
    assert "r1" in lost.reason
    assert isinstance(of_report(StatusReport(1), RUNNING, LATE), InProgress)


@pytest.mark.parametrize(
    ("report", "fragment"),
    [
        (StatusReport("warming up"), "“warming up”"),
        (StatusReport(0), "no link"),
        (StatusReport(1), "Still running after 1 h"),
        (StatusReport(1, progress=0.1), ""),
    ],
)
def test_an_unusual_status_has_a_message(report: StatusReport, fragment: str) -> None:
    outcome = of_report(report, RUNNING, LATE)
    assert isinstance(outcome, InProgress)
    assert fragment in outcome.message
    assert bool(fragment) == bool(outcome.message)


@pytest.mark.parametrize("job", [CREATED, UPLOADED])
@pytest.mark.parametrize("error", [Unauthorized("No."), BadRequest("No.")])
def test_a_refusal_before_the_start_fails_the_job(job: Job, error: ServiceError) -> None:
    step = Step.UPLOAD if job is CREATED else Step.START
    assert of_error(error, step, job) == Failed("No.")


def test_a_refused_key_postpones_a_running_job() -> None:
    outcome = postponed(of_error(Unauthorized("No.", "Check the key."), Step.CHECK, RUNNING))
    assert outcome.message == "No. Check the key."
    assert not outcome.clears_start


def test_a_job_that_the_built_in_engine_no_longer_has_is_lost_at_once() -> None:
    gone = NotFound("Checking the job status failed: 127.0.0.1 returned 404 Not Found.")
    lost = of_error(gone, Step.CHECK, replace(RUNNING, service=EMBEDDED))
    assert lost == Lost(reason=messages.GONE_FROM_ENGINE, next_check_at=NOW)
    assert postponed(of_error(gone, Step.CHECK, RUNNING)).message.startswith(gone.what)


@pytest.mark.parametrize("error", [DOWN, ServerError("Broken."), InvalidResponse("Odd.")])
def test_an_ambiguous_start_is_not_repeated_at_a_hosted_service(error: ServiceError) -> None:
    outcome = of_error(error, Step.START, UPLOADED)
    assert outcome == Lost(reason=messages.start_unknown(error.what), next_check_at=NOW)
    # The built-in engine recognizes a repeated start.
    assert postponed(of_error(error, Step.START, replace(UPLOADED, service=EMBEDDED))).clears_start


@pytest.mark.parametrize(
    "error", [ConnectFailed("Refused."), RateLimited("Later."), ServerError("Later.", retry_after_s=30)]
)
def test_a_start_that_was_not_carried_out_is_repeated(error: ServiceError) -> None:
    outcome = postponed(of_error(error, Step.START, UPLOADED))
    assert (outcome.clears_start, outcome.message) == (True, f"{error.what} {messages.RETRIES}")


def test_an_earlier_upload_that_is_rejected_is_repeated() -> None:
    reused = replace(UPLOADED, uploaded_at=START - timedelta(days=1))
    assert of_error(BadRequest("Gone."), Step.START, reused) == UploadRejected()


def test_an_internal_error_during_the_start_keeps_the_pending_request() -> None:
    outcome = postponed(of_error(ZeroDivisionError(), Step.START, UPLOADED))
    assert not outcome.clears_start
    assert messages.INTERNAL_ERROR in outcome.message


def test_interrupted_uploads_are_counted_and_limited() -> None:
    def after(failed_uploads: int) -> Outcome:
        job = replace(CREATED, failed_uploads=failed_uploads)
        return of_error(UploadInterrupted(DOWN), Step.UPLOAD, job)

    assert [postponed(after(count)).failed_uploads for count in (0, 1, 8)] == [1, 2, 9]
    assert [wait_s(after(count)) for count in (0, 1, 2, 8)] == [10, 10, 20, 600]
    given_up = after(MAX_FAILED_UPLOADS - 1)
    assert isinstance(given_up, Failed)
    assert f"{MAX_FAILED_UPLOADS} times" in given_up.reason


def test_a_failed_download_is_distinguished_from_a_failed_status_call() -> None:
    outcome = postponed(of_error(LinkExpired("Expired."), Step.FETCH, RUNNING))
    assert "job is done" in outcome.message
    assert outcome.clears_progress
    assert not postponed(of_error(DOWN, Step.CHECK, RUNNING)).clears_progress


@pytest.mark.parametrize("error", [MediaError("Gone."), ResultsError("Broken.")])
def test_a_permanent_error_fails_the_job(error: Exception) -> None:
    assert of_error(error, Step.READ, RUNNING) == Failed(str(error))


def test_an_error_of_this_machine_postpones_the_job_without_a_path() -> None:
    outcome = postponed(of_error(OSError(errno.EIO, "Input/output error", "/srv/secret"), Step.READ, RUNNING))
    assert "Input/output error. It is retried automatically." in outcome.message
    assert "/srv" not in outcome.message


def test_a_full_disk_postpones_the_job_and_says_what_to_do() -> None:
    outcome = postponed(of_error(OSError(errno.ENOSPC, "No space left", "/srv/secret"), Step.READ, RUNNING))
    assert outcome.message == (
        "The disk of the dashboard's server is full. Free some space; the job then goes on by itself."
    )


def test_after_the_time_limit_a_running_job_is_lost_and_an_unsubmitted_one_fails() -> None:
    lost = of_error(DOWN, Step.CHECK, RUNNING, LATE)
    assert isinstance(lost, Lost)
    assert lost.next_check_at == LATE.now + timedelta(seconds=STATUS_FLOOR_S)
    assert "No answer." in lost.reason
    failed = of_error(DOWN, Step.UPLOAD, CREATED, LATE)
    assert isinstance(failed, Failed)
    assert "could not be submitted for 1 h" in failed.reason


def test_a_lost_job_is_not_retried_automatically() -> None:
    assert messages.REFRESH in postponed(of_error(DOWN, Step.CHECK, LOST_JOB)).message


@pytest.mark.parametrize(("silent_s", "pause_s"), [(0, 60), (239, 60), (400, 100), (3000, 600)])
def test_the_pause_is_a_quarter_of_the_silence_within_limits(silent_s: float, pause_s: float) -> None:
    now = START + timedelta(seconds=silent_s)
    situation = replace(SITUATION, now=now)
    assert wait_s(of_error(DOWN, Step.CHECK, RUNNING, situation), now) == pause_s
    late = replace(situation, jitter=1.2)
    assert wait_s(of_error(DOWN, Step.CHECK, RUNNING, late), now) == pytest.approx(pause_s * 1.2)


def test_the_longest_of_the_required_pauses_is_used() -> None:
    assert wait_s(of_error(RateLimited("Later.", retry_after_s=500), Step.CHECK, RUNNING)) == 500
    assert wait_s(of_error(RateLimited("Later.", retry_after_s=1), Step.CHECK, RUNNING)) == 60
    held = replace(SITUATION, held_until=NOW + timedelta(seconds=300))
    assert wait_s(of_error(DOWN, Step.CHECK, RUNNING, held)) == 300


def test_a_start_request_without_a_response_is_not_repeated_automatically() -> None:
    asked = replace(UPLOADED, start_requested_at=START)
    assert interrupted_start(UPLOADED, NOW) is None
    lost = interrupted_start(asked, NOW)
    assert lost is not None
    assert messages.START_INTERRUPTED in lost.reason
    assert interrupted_start(replace(asked, service=EMBEDDED), NOW) is None
    assert interrupted_start(replace(asked, status=JobStatus.LOST), NOW) is None
