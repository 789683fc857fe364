"""The rules of a camera are checked once in each job that was started with it, by one process."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from frametally.job import JobStatus
from frametally.jobs.actions import duplicate, retry
from frametally.ledger.events import EventKind
from frametally.ledger.ledger import Ledger
from frametally.ledger.region_sets import NEW, camera_of, remove, save, set_camera
from frametally.ledger.tables import RULE_CHECK
from frametally.library.library import Library
from frametally.notifications.rules.checks import BACKOFF, LEASE_S, MAX_ATTEMPTS, RuleCheck, RuleChecks
from frametally.notifications.rules.spec import Finding
from frametally.regions.rules import RuleInterval
from tests.support.ledgers import START, Clock, a_job

CROWD = RuleInterval("Crowd", "Dock", 12.0, 31.5, 60, 5, is_open=False)


def start(ledger: Ledger, job_id: str, camera: str | None = "dock 3") -> None:
    ledger.add(a_job(job_id, status=JobStatus.SUBMITTED, remote_job_id=job_id), camera=camera)


def end(ledger: Ledger, job_id: str, status: JobStatus = JobStatus.SUCCEEDED) -> None:
    assert ledger.transition(ledger.job(job_id), status, ended_at=START)


def claimed(ledger: Ledger, clock: Clock) -> RuleCheck:
    found = RuleChecks(ledger).claim(clock())
    assert found is not None
    return found


def reported(ledger: Ledger, job_id: str) -> list[str]:
    return [event.cause for event in ledger.history(job_id, kinds=[EventKind.RULE])]


def actions_of(ledger: Ledger, job_id: str) -> list[str]:
    return [event.cause for event in ledger.history(job_id, kinds=[EventKind.ACTION])]


def test_a_check_is_due_once_its_job_has_results(ledger: Ledger, clock: Clock) -> None:
    checks = RuleChecks(ledger)
    save(ledger, "dock 3", "{}", based_on=NEW, actor=None)
    for job_id in ("a", "failed", "b"):
        start(ledger, job_id)
    start(ledger, "without a camera", None)
    assert checks.claim(clock()) is None
    end(ledger, "a")
    end(ledger, "failed", JobStatus.FAILED)
    end(ledger, "without a camera")
    found = claimed(ledger, clock)
    assert (found.job_id, found.camera, found.regions, found.video_sha256) == ("a", "dock 3", "{}", "0" * 64)
    assert checks.claim(clock()) is None
    end(ledger, "b")
    assert claimed(ledger, clock).job_id == "b"


def test_what_was_found_is_reported_once(ledger: Ledger, clock: Clock) -> None:
    checks = RuleChecks(ledger)
    start(ledger, "a")
    end(ledger, "a")
    found = claimed(ledger, clock)
    checks.finish(found, Finding(intervals=(CROWD,), notes=("The camera may have been moved.",)))
    assert actions_of(ledger, "a") == ["The rules of dock 3 were checked: 1 interval. The camera may have been moved."]
    with ledger.writing() as connection:  # as after a crash before the end was recorded
        connection.execute(RULE_CHECK.update().values(state="waiting", next_try_at=clock()))
    checks.finish(claimed(ledger, clock), Finding(intervals=(CROWD,)))
    assert len(reported(ledger, "a")) == 1
    assert checks.claim(clock()) is None


def test_a_set_that_does_not_fit_is_named_and_one_without_rules_is_not(ledger: Ledger, clock: Clock) -> None:
    checks = RuleChecks(ledger)
    for job_id in ("a", "b"):
        start(ledger, job_id)
        end(ledger, job_id)
    checks.finish(claimed(ledger, clock), Finding(notes=("The rules were not checked.",), was_counted=False))
    checks.finish(claimed(ledger, clock), None)
    assert (actions_of(ledger, "a"), actions_of(ledger, "b")) == (["The rules were not checked."], [])
    assert checks.claim(clock()) is None


def test_another_process_takes_over_what_is_not_renewed(ledger: Ledger, clock: Clock) -> None:
    checks = RuleChecks(ledger)
    start(ledger, "a")
    end(ledger, "a")
    first = claimed(ledger, clock)
    clock.wait(LEASE_S - 1)
    checks.renew(first, clock())
    clock.wait(LEASE_S - 1)
    assert checks.claim(clock()) is None
    clock.wait(2)
    second = claimed(ledger, clock)
    checks.finish(first, Finding(intervals=(CROWD,)))  # it was only suspended
    checks.finish(second, Finding(intervals=(CROWD,)))
    assert len(reported(ledger, "a")) == len(actions_of(ledger, "a")) == 1


def test_a_check_that_is_given_back_is_due_at_once_and_keeps_its_attempts(ledger: Ledger, clock: Clock) -> None:
    checks = RuleChecks(ledger)
    start(ledger, "a")
    end(ledger, "a")
    for _ in range(2 * MAX_ATTEMPTS):
        found = claimed(ledger, clock)
        assert found.attempts == 1
        checks.release(found, clock())


def test_failed_checks_are_repeated_later_and_given_up_with_the_reason(ledger: Ledger, clock: Clock) -> None:
    checks = RuleChecks(ledger)
    start(ledger, "a")
    end(ledger, "a")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        found = claimed(ledger, clock)
        assert (found.attempts, actions_of(ledger, "a")) == (attempt, [])
        checks.fail(found, clock(), "These results are damaged.")
        assert checks.claim(clock()) is None
        clock.wait(BACKOFF.max_s * 1.3)
    assert checks.claim(clock()) is None
    assert actions_of(ledger, "a") == ["The rules of dock 3 could not be checked. These results are damaged."]


def test_a_check_can_be_ordered_for_a_job_that_was_started_without_a_camera(ledger: Ledger, clock: Clock) -> None:
    checks = RuleChecks(ledger)
    start(ledger, "a", None)
    end(ledger, "a")
    set_camera(ledger, "a", "dock 3")
    for _ in range(2):
        checks.order("a", clock())
        found = claimed(ledger, clock)
        assert (found.camera, found.attempts) == ("dock 3", 1)
        checks.finish(found, Finding(intervals=(CROWD,)))
    assert len(reported(ledger, "a")) == 1


def test_checks_end_with_their_job_or_set(ledger: Ledger, clock: Clock) -> None:
    save(ledger, "dock 3", "{}", based_on=NEW, actor=None)
    for job_id in ("a", "b"):
        start(ledger, job_id)
        end(ledger, job_id)
    assert ledger.remove("a")
    remove(ledger, "dock 3")
    assert claimed(ledger, clock).regions is None
    with ledger.reading() as connection:
        assert list(connection.execute(sa.select(RULE_CHECK.c.job_id)).scalars()) == ["b"]


def test_a_retry_is_checked_and_another_model_on_the_same_video_is_not(
    ledger: Ledger, clock: Clock, tmp_path: Path
) -> None:
    library = Library(tmp_path / "media", max_video_bytes=1)
    job = a_job("a", status=JobStatus.SUBMITTED, remote_job_id="a", video_sha256=None, video_url="https://host/v.mp4")
    ledger.add(job, camera="dock 3")
    end(ledger, "a", JobStatus.FAILED)
    again = retry(ledger, library, "a", clock(), actor=None).id
    other = duplicate(ledger, library, "a", job.models, 5.0, clock(), actor=None).id
    assert [camera_of(ledger, job_id) for job_id in (again, other)] == ["dock 3", "dock 3"]
    with ledger.reading() as connection:
        assert set(connection.execute(sa.select(RULE_CHECK.c.job_id)).scalars()) == {"a", again}
