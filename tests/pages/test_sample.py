"""The sample on the Upload page, and the badge of its jobs."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from frametally.deployment import Deployment
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.sample import MODEL, find_sample
from tests.support.job_list import rows
from tests.support.pages import OpenPage, button, captions, write_job


def write_sample_job(deployment: Deployment, status: JobStatus, **values: object) -> Job:
    sample = find_sample()
    assert sample is not None
    own = {"service": EMBEDDED, "key_id": "", "models": (MODEL,), "video_name": "parcels.mp4", "video_url": None}
    return write_job(deployment, status, video_sha256=sample.sha256, **own, **values)


def links(app: AppTest) -> list[str]:
    return [link.label for link in app.page_link]


def texts(app: AppTest) -> str:
    return "\n".join(element.value for kind in (app.markdown, app.caption, app.subheader) for element in kind)


def test_a_new_deployment_describes_the_sample(engine: str, open_page: OpenPage) -> None:
    app = open_page("upload")
    assert not button(app, "Try the sample").disabled
    assert "75-second sample" in texts(app)
    for name in ("bag", "box", "envelope", "tote", "tube"):
        assert f":gray-badge[{name}]" in texts(app)
    assert len(app.image) == 1


def test_the_sample_runs_on_the_built_in_engine_whatever_service_is_chosen(
    engine: str, open_page: OpenPage, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMETALLY_API_URL", "https://api.example.com")
    app = button(open_page("upload"), "Try the sample").click().run()
    (job,) = deployment.ledger.jobs()
    assert (job.service, job.models, job.frames) == (EMBEDDED, (MODEL,), 375)
    assert ":green[:material/check_circle:] Created" in texts(app)
    assert "Opens automatically when finished." in texts(app)
    assert not [one for one in app.button if one.label == "Try the sample"]


def test_without_an_engine_the_sample_cannot_be_run(open_page: OpenPage) -> None:
    app = open_page("upload")
    assert button(app, "Try the sample").disabled
    assert "The sample needs the built-in engine" in captions(app)


def test_a_failed_run_shows_the_reason_and_can_be_repeated(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    app = button(open_page("upload"), "Try the sample").click().run()
    (job,) = deployment.ledger.jobs()
    assert deployment.ledger.transition(job, JobStatus.FAILED, failure="The worker stopped.")
    app.run()
    assert app.error[0].value == "The worker stopped."
    button(app, "Try again").click().run()
    assert [job.status for job in deployment.ledger.jobs()] == [JobStatus.CREATED, JobStatus.FAILED]
    assert not app.error


def test_a_model_that_cannot_be_installed_is_explained(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    deployment.settings.models_dir.write_text("a file where a folder should be")
    app = button(open_page("upload"), "Try the sample").click().run()
    assert "sample's model cannot be copied" in app.error[0].value
    assert deployment.ledger.jobs() == []


def test_with_other_jobs_the_sample_is_offered_in_one_line(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    write_job(deployment, JobStatus.FAILED)
    app = open_page("upload")
    assert not button(app, "Try the sample").disabled
    assert not app.image
    assert "See the sample in analytics" not in links(app)


def test_an_earlier_run_can_be_opened_or_repeated(engine: str, open_page: OpenPage, deployment: Deployment) -> None:
    write_sample_job(deployment, JobStatus.SUCCEEDED, id="done")
    app = open_page("upload")
    assert "See the sample in analytics" in links(app)
    button(app, "Run the sample again").click().run()
    assert [job.models for job in deployment.ledger.jobs()] == [(MODEL,), (MODEL,)]
    assert "Opens automatically when finished." in texts(app)


def test_a_finished_run_does_not_redirect_a_later_visit(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    app = button(open_page("upload"), "Try the sample").click().run()
    (job,) = deployment.ledger.jobs()
    for status in (JobStatus.UPLOADED, JobStatus.SUBMITTED, JobStatus.SUCCEEDED):
        assert deployment.ledger.transition(job, status)
    app.run()
    assert app.title[0].value == "Run a video"
    assert "See the sample in analytics" in links(app)


def test_jobs_of_the_sample_have_a_badge(open_page: OpenPage, deployment: Deployment) -> None:
    write_sample_job(deployment, JobStatus.FAILED)
    write_job(deployment, JobStatus.FAILED)
    app = open_page("jobs")
    assert [row["name"] for row in rows(app) if row.get("is_sample")] == ["parcels.mp4"]
