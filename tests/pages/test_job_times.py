"""The times in the row of a job that has ended, and who acted on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from frametally.deployment import Deployment
from frametally.job import JobStatus
from frametally.ledger.events import Actor
from tests.support.job_list import choose, row
from tests.support.pages import OpenPage, texts, write_job

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("status", "queued_s", "shown"),
    [
        (JobStatus.SUCCEEDED, 720.0, "queued 12 min · ran 48 s"),
        (JobStatus.FAILED, 720.0, "queued 12 min · ran 48 s"),
        (JobStatus.SUCCEEDED, 0.2, "· ran 48 s"),
        (JobStatus.FAILED, None, "ended after 13 min"),
    ],
)
def test_queue_and_run_are_shown_apart(
    open_page: OpenPage, deployment: Deployment, status: JobStatus, queued_s: float | None, shown: str
) -> None:
    created_at = NOW - timedelta(hours=1)
    started_at = None if queued_s is None else created_at + timedelta(seconds=queued_s)
    ended_at = (started_at or created_at + timedelta(minutes=12, seconds=12)) + timedelta(seconds=48)
    job = write_job(deployment, status, created_at=created_at, run_started_at=started_at, ended_at=ended_at)
    shown_row = row(open_page("jobs"), job)
    assert shown in shown_row["times"]
    assert shown_row.get("run", "") == ("" if queued_s is None else "48 s")


def test_the_history_names_who_acted(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.FAILED, owner="ada")
    deployment.ledger.log_action(job.id, "Note edited.", actor=Actor("*grace*"))
    deployment.ledger.log_call(job.id, NOW, "In progress.", actor=Actor("grace"))
    app = choose(open_page("jobs"), job, "History")
    text = texts(app)
    assert "· by ada" in text
    assert "Note edited. · by \\*grace\\*" in text
    assert list(app.dataframe[0].value["By"]) == ["grace"]


def test_the_history_has_no_empty_column_of_actors(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.FAILED)
    deployment.ledger.log_call(job.id, NOW, "In progress.")
    app = choose(open_page("jobs"), job, "History")
    assert " · by " not in texts(app)
    assert "By" not in app.dataframe[0].value.columns
