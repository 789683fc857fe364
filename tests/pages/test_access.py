"""What pages offer a visitor who may only look."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components import access
from components.session import whole_deployment
from frametally.access.direct_client import Client
from frametally.access.person import ANONYMOUS
from frametally.deployment import Deployment
from frametally.job import JobStatus
from frametally.jobs.messages import KEY_NEEDED, KEY_NEEDED_OF_OWNER
from tests.support.job_list import labels, names, row
from tests.support.pages import headings, open_tab, texts, write_job
from tests.support.people import analyst


@pytest.fixture
def as_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Client.of("192.0.2.7", [("Host", "tally.example.com")])
    monkeypatch.setattr(access, "current_client", lambda: visitor)


@pytest.mark.usefixtures("as_guest")
def test_a_guest_sees_the_sample_and_the_reason_instead_of_the_form(deployment: Deployment, engine: str) -> None:
    upload = open_tab("upload")
    assert [button.label for button in upload.button] == ["Try the sample"]
    assert "You cannot start jobs." in upload.info[1].value
    assert 'ACCESS = "open"' in upload.info[1].value
    assert 'FRAMETALLY_ACCESS = "open"' in upload.info[0].value


@pytest.mark.usefixtures("as_guest")
def test_a_guest_changes_no_job(deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.FAILED, failure="It failed.")
    jobs = open_tab("jobs")
    assert [button.label for button in jobs.button if not button.disabled] == []
    assert [toggle.label for toggle in jobs.toggle] == []
    assert labels(jobs, job) == ["History"]


@pytest.mark.usefixtures("as_guest")
def test_a_guest_configures_nothing(deployment: Deployment) -> None:
    configuration = open_tab("configuration")
    assert [button.label for button in configuration.button if not button.disabled] == []
    assert len(configuration.text_input) + len(configuration.radio) <= 1  # the field that a saved model is pasted into


def test_the_operator_sees_no_notice(deployment: Deployment, engine: str) -> None:
    assert [info.value for info in open_tab("jobs").info if "everything" in info.value] == []


def test_a_person_without_a_role_sees_nothing(monkeypatch: pytest.MonkeyPatch, deployment: Deployment) -> None:
    write_job(deployment, JobStatus.FAILED, failure="It failed.", video_name="secret.mp4")
    monkeypatch.setattr(access, "current_person", lambda: ANONYMOUS)
    for page in ("jobs", "upload", "configuration", "analytics"):
        shown = open_tab(page)
        assert headings(shown) == ["Sign in"]
        assert "secret" not in texts(shown)
        assert [button.label for button in shown.button] == ["Sign in"]


def test_an_analyst_who_sees_own_jobs_finds_no_others(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    monkeypatch.setenv("FRAMETALLY_JOBS_VISIBLE", "own")
    deployment = whole_deployment()
    own = write_job(deployment, JobStatus.FAILED, failure="It failed.", video_name="own.mp4", owner="ann")
    other = write_job(deployment, JobStatus.SUCCEEDED, video_name="secret.mp4", owner="bob")
    monkeypatch.setattr(access, "OPERATOR", replace(analyst("ann"), sees_own_only=True))
    jobs = open_tab("jobs")
    assert texts(jobs).startswith("**1** job")
    assert "Retry" in labels(jobs, own)
    assert names(jobs) == ["own.mp4"]
    linked = open_tab("analytics", job=other.id)
    assert "secret" not in texts(linked)
    assert (list(linked.exception), list(linked.error)) == ([], [])


def test_a_job_whose_key_is_not_known_asks_its_person_for_it(
    monkeypatch: pytest.MonkeyPatch, deployment: Deployment
) -> None:
    due_at = datetime.now(UTC) - timedelta(minutes=1)
    values = {"remote_job_id": "r", "owner": "ann", "key_id": "p-unknown", "next_check_at": due_at}
    job = write_job(deployment, JobStatus.SUBMITTED, **values)
    for who, expected in (("ann", KEY_NEEDED), ("bob", KEY_NEEDED_OF_OWNER)):
        monkeypatch.setattr(access, "OPERATOR", analyst(who))
        assert [problem["text"] for problem in row(open_tab("jobs"), job)["problems"]] == [expected]
