"""The Jobs page with results that could not be read, and with services that are unavailable."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import requests
from starlette.applications import Starlette

from frametally.clock import utc_now
from frametally.deployment import Deployment
from frametally.errors import ResultsError
from frametally.job import Job, JobStatus
from frametally.library.routes import library_routes
from frametally.network.routes import starlette_routes
from frametally.results import archive, archive_results
from tests.support.documents import original_of
from tests.support.job_list import choose, labels, row, rows
from tests.support.pages import HOSTED, OpenPage, write_job
from tests.support.serving import answering
from tests.support.short_documents import document, entry


def kept_unread(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Add a failed job with kept results, as an earlier version would leave it."""
    job = write_job(deployment, JobStatus.FAILED, remote_job_id="r1", failure="Frametally met a fault of its own.")
    download = deployment.settings.data_dir / "download.json"
    download.write_text(json.dumps(document(entry(), None)))
    with monkeypatch.context() as before:
        before.setattr(archive, "write_tables", lambda *_: 1 / 0)
        with pytest.raises(ResultsError):
            archive_results(download, deployment.settings.results_dir / job.id)
    return job


def test_kept_results_can_be_read_again(
    open_page: OpenPage, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = kept_unread(deployment, monkeypatch)
    app = choose(open_page("jobs"), job, "Read again")
    assert deployment.ledger.job(job.id).status is JobStatus.SUCCEEDED
    assert row(app, job)["href"] == f"analytics?job={job.id}"
    assert "Read again" not in labels(app, job)


def test_results_that_still_cannot_be_read_are_kept(
    open_page: OpenPage, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = kept_unread(deployment, monkeypatch)
    monkeypatch.setattr(archive, "write_tables", lambda *_: 1 / 0)
    app = choose(open_page("jobs"), job, "Read again")
    assert "original file is kept" in app.toast[0].value
    assert deployment.ledger.job(job.id).status is JobStatus.FAILED
    assert "Read again" in labels(app, job)


def test_kept_results_can_be_downloaded(
    open_page: OpenPage, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = kept_unread(deployment, monkeypatch)
    url = row(open_page("jobs"), job)["original"]
    routes = library_routes(deployment.library, deployment.tickets, deployment.settings.data_dir)
    with answering(Starlette(routes=starlette_routes(routes)), lifespan=False) as port:
        response = requests.get(f"http://127.0.0.1:{port}{url.removeprefix('.')}", timeout=20)
    assert response.json() == document(entry(), None)
    assert "dock.results.json" in response.headers["Content-Disposition"]
    (folder,) = deployment.settings.results_dir.iterdir()
    assert original_of(folder) == response.content


def test_a_failed_job_without_results_offers_no_download(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.FAILED, failure="The model could not be loaded.")
    app = open_page("jobs")
    assert "Read again" not in labels(app, job)
    assert "original" not in row(app, job)


def test_an_unavailable_service_gets_one_notice_for_all_of_its_jobs(
    open_page: OpenPage, deployment: Deployment
) -> None:
    for _ in range(3):
        write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1")
        deployment.ledger.record_failure(HOSTED, utc_now() - timedelta(minutes=2), 600)
    app = open_page("jobs")
    (notice,) = app.warning
    assert "api.example.com has been unavailable for 2 min. Next attempt in 7 min" in notice.value
    assert "next check in 7 min" in rows(app)[0]["times"]
    deployment.ledger.record_success(HOSTED)
    assert not open_page("jobs").warning


def test_an_unavailable_service_without_open_jobs_gets_no_notice(open_page: OpenPage, deployment: Deployment) -> None:
    write_job(deployment, JobStatus.FAILED, failure="It could not be sent.")
    deployment.ledger.record_failure(HOSTED, utc_now(), 600)
    assert not open_page("jobs").warning
