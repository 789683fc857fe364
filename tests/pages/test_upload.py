"""The Upload page: from a public URL to a finished job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.job_progress import finished_jobs
from frametally.deployment import Deployment
from frametally.job import EMBEDDED, JobStatus, ModelChoice
from frametally.ledger.presets import Preset
from frametally.ledger.region_sets import NEW, camera_of, save
from tests.support.deployment import advance_due
from tests.support.pages import OpenPage, button, write_job
from tests.support.polling import until
from tests.support.video_files import write_video


@pytest.fixture
def private_urls(data_dir: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Private URLs may be loaded."""
    monkeypatch.setenv("FRAMETALLY_ENGINE_PRIVATE_URLS", "true")


def load(app: AppTest, url: str) -> AppTest:
    app.segmented_control(key="upload_way").set_value("Public URLs").run()
    app.text_area(key="video_urls_0").input(url).run()
    return button(app, "Load video").click().run()


def texts(app: AppTest) -> str:
    return "\n".join(element.value for kind in (app.markdown, app.caption) for element in kind)


def run_buttons(app: AppTest) -> list[str]:
    """The buttons that start a job."""
    return [button.label for button in app.button if button.label == "Run analysis"]


def test_a_service_without_a_key_links_to_configuration(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMETALLY_API_URL", "https://api.example.com")
    app = open_page("upload")
    assert app.warning[0].value == "**api.example.com** needs an API key."
    assert [link.label for link in app.page_link] == ["Configuration"]
    assert not run_buttons(app)


def test_without_a_video_there_is_no_run_button(engine: str, open_page: OpenPage) -> None:
    app = open_page("upload")
    assert not run_buttons(app)
    assert not app.exception


@pytest.mark.usefixtures("private_urls")
def test_a_video_at_a_url_is_shown_with_its_properties(engine: str, open_page: OpenPage, video_url: str) -> None:
    app = load(open_page("upload"), video_url)
    assert "**square.mp4**" in texts(app)
    assert "0:04.0 · 320 × 240 px" in texts(app)
    assert "10 frames per second · 40 frames" in texts(app)
    assert app.selectbox(key="upload_rate_step").value == 2
    assert "5 fps · every 2nd frame · 20 frames" in app.selectbox(key="upload_rate_step").options


def test_a_private_url_is_refused_with_the_reason(engine: str, open_page: OpenPage, video_url: str) -> None:
    app = load(open_page("upload"), video_url)
    assert "is a private address" in app.error[0].value
    assert not run_buttons(app)


@pytest.mark.usefixtures("private_urls")
def test_a_url_without_a_video_is_refused_with_the_reason(engine: str, open_page: OpenPage, video_url: str) -> None:
    app = load(open_page("upload"), video_url.replace("square.mp4", "nothing.mp4"))
    assert "127.0.0.1 returned 404" in app.error[0].value


@pytest.mark.usefixtures("private_urls")
@pytest.mark.parametrize(
    ("rate", "reason"),
    [
        (10.5, "cannot be analyzed at 10.5"),
        (0.0, "between 0.00001 and 1000, not 0"),
    ],
)
def test_a_rate_that_the_service_would_refuse_cannot_be_submitted(
    engine: str, open_page: OpenPage, video_url: str, rate: float, reason: str
) -> None:
    app = load(open_page("upload"), video_url)
    app.selectbox(key="upload_rate_step").set_value(0).run()
    app.number_input(key="upload_rate_free").set_value(rate).run()
    assert reason in app.error[0].value
    assert button(app, "Run analysis").disabled


@pytest.mark.usefixtures("private_urls")
def test_an_estimate_is_shown_after_three_similar_jobs(
    engine: str, open_page: OpenPage, video_url: str, deployment: Deployment
) -> None:
    motion = (ModelChoice(model_id="motion", version="1"),)
    ran = {"service": EMBEDDED, "key_id": "", "models": motion, "frames": 600}
    app = load(open_page("upload"), video_url)
    assert "No time estimate yet." in texts(app)
    run_started_at = datetime.now(UTC) - timedelta(hours=1)
    for run_s in (60, 90, 120):
        checked_at = run_started_at + timedelta(seconds=run_s)
        write_job(deployment, JobStatus.SUCCEEDED, run_started_at=run_started_at, checked_at=checked_at, **ran)
    finished_jobs.clear()  # they may be ten seconds old
    app.run()
    assert "About 2-4 s for 20 frames, based on 3 earlier jobs." in texts(app)
    app.selectbox(key="upload_rate_step").set_value(1).run()
    assert "About 4-8 s for 40 frames, based on 3 earlier jobs." in texts(app)


@pytest.mark.usefixtures("private_urls")
def test_without_a_model_the_run_button_is_disabled(engine: str, open_page: OpenPage, video_url: str) -> None:
    app = load(open_page("upload"), video_url)
    app.multiselect(key="upload_models").set_value([]).run()
    assert button(app, "Run analysis").disabled


@pytest.mark.usefixtures("private_urls")
def test_a_url_can_be_run_without_a_copy(
    engine: str, open_page: OpenPage, video_url: str, deployment: Deployment
) -> None:
    model = ModelChoice(model_id="motion", version="1", confidence=0.4)
    deployment.ledger.presets.save(Preset(name="Dock", model=model, service=EMBEDDED))
    save(deployment.ledger, "Dock 3", "{}", based_on=NEW, actor=None)
    app = open_page("upload")
    app.segmented_control(key="upload_way").set_value("Public URLs").run()
    app.text_area(key="video_urls_0").input(video_url).run()
    app.checkbox(key="without_copy").check().run()
    app.selectbox(key="upload_camera").select("Dock 3").run()
    button(app, "Run analysis").click().run()
    job = deployment.ledger.jobs()[0]
    assert camera_of(deployment.ledger, job.id) == "Dock 3"
    assert (job.video_sha256, job.video_url, job.infer_fps) == (None, video_url, 1.0)
    assert job.models == (model,)
    assert "Uploaded" not in texts(app)


@pytest.mark.usefixtures("private_urls")
def test_a_double_click_starts_one_job(
    engine: str, open_page: OpenPage, video_url: str, deployment: Deployment
) -> None:
    app = load(open_page("upload"), video_url)
    for _ in range(2):
        button(app, "Run analysis").click().run()
    (job,) = deployment.ledger.jobs()
    app.selectbox(key="upload_rate_step").set_value(1).run()
    button(app, "Run analysis").click().run()
    assert sorted(job.known_fps for job in deployment.ledger.jobs()) == [5, 10]
    for job in deployment.ledger.jobs():
        deployment.ledger.update(job, created_at=job.created_at - timedelta(seconds=6))
    button(app, "Run analysis").click().run()
    assert sorted(job.known_fps for job in deployment.ledger.jobs()) == [5, 10, 10]


def test_a_bad_url_is_found_before_the_job_is_created(
    engine: str, open_page: OpenPage, video_url: str, deployment: Deployment
) -> None:
    app = open_page("upload")
    app.segmented_control(key="upload_way").set_value("Public URLs").run()
    app.text_area(key="video_urls_0").input(video_url).run()
    app.checkbox(key="without_copy").check().run()
    button(app, "Run analysis").click().run()
    assert "127.0.0.1 is a private address" in app.error[0].value
    assert deployment.ledger.jobs() == []


@pytest.mark.usefixtures("private_urls")
def test_a_model_that_is_not_installed_cannot_be_run(
    engine: str, open_page: OpenPage, video_url: str, deployment: Deployment
) -> None:
    forklifts = ModelChoice(model_id="forklifts", version="7")
    deployment.ledger.presets.save(Preset(name="Dock", model=forklifts, service=EMBEDDED))
    app = load(open_page("upload"), video_url)
    assert "forklifts/7 is not installed" in app.error[0].value
    assert button(app, "Run analysis").disabled


@pytest.mark.usefixtures("private_urls")
def test_a_mislabeled_video_can_be_converted_to_mp4(
    engine: str, open_page: OpenPage, deployment: Deployment, tmp_path: Path
) -> None:
    write_video(tmp_path / "camera.ts", frames=20, fps=10)
    sent = deployment.library.add((tmp_path / "camera.ts").rename(tmp_path / "camera.mp4"), actor=None)
    app = AppTest.from_function(run_of_a_kept_video, kwargs={"sha256": sent.sha256}, default_timeout=30).run()
    assert "is named MP4 but contains" in app.warning[0].value
    button(app, "Convert to MP4").click().run()
    assert not app.warning
    made = deployment.library.get(app.session_state["runs"])
    assert made is not None
    assert made.sha256 != sent.sha256
    assert (made.info.container, made.info.frame_count, made.file_name) == ("mov", 20, "camera.mp4")


def test_a_mov_file_can_be_converted_to_mp4(
    engine: str, open_page: OpenPage, deployment: Deployment, tmp_path: Path
) -> None:
    write_video(tmp_path / "IMG_1.MOV", frames=20, fps=10)
    sent = deployment.library.add(tmp_path / "IMG_1.MOV", actor=None)
    app = AppTest.from_function(run_of_a_kept_video, kwargs={"sha256": sent.sha256}, default_timeout=30).run()
    assert "accepts MP4, AVI, MKV, WEBM" in app.error[0].value
    button(app, "Convert to MP4").click().run()
    assert not app.error
    made = deployment.library.get(app.session_state["runs"])
    assert made is not None
    assert (made.file_name, made.path.name, made.info.frame_count) == ("IMG_1.mp4", "video.mp4", 20)


def run_of_a_kept_video(sha256: str) -> None:
    """The preflight of an uploaded video."""
    import streamlit as st

    from components.session import get_deployment
    from components.upload.mp4_conversion import as_converted
    from components.upload.preflight_notes import preflight_notes
    from components.upload.video_source import VideoSource
    from frametally.job import EMBEDDED, RunRequest

    deployment = get_deployment()
    kept = deployment.library.get(sha256)
    assert kept
    source = as_converted(deployment, VideoSource(name=kept.file_name, kept=kept, url=None))
    assert source
    assert source.kept
    request = RunRequest(service=EMBEDDED, key_id="", video_name=source.name, video_sha256=kept.sha256, infer_fps=1.0)
    preflight_notes(deployment, request, source, [])
    st.session_state["runs"] = source.kept.sha256


@pytest.mark.usefixtures("private_urls")
def test_a_submitted_job_shows_its_steps_until_its_results_are_saved(
    working_engine: str, open_page: OpenPage, video_url: str, deployment: Deployment
) -> None:
    app = load(open_page("upload"), video_url)
    button(app, "Run analysis").click().run()
    job = deployment.ledger.jobs()[0]
    assert (job.status, job.infer_fps) == (JobStatus.CREATED, 5.0)
    assert ":gray[:material/radio_button_unchecked:] Queued" in texts(app)

    def has_ended() -> bool:
        advance_due(deployment.workflow)
        return not deployment.ledger.job(job.id).status.is_open

    until(has_ended, poll_s=0.1)
    assert deployment.ledger.job(job.id).status is JobStatus.SUCCEEDED, deployment.ledger.job(job.id).failure
    app.run()
    assert ":green[:material/check_circle:] Results saved" in texts(app)
    assert "Open in analytics" in [link.label for link in app.page_link]
    analytics = open_page("analytics")
    assert analytics.dataframe[0].value["Class"].tolist() == ["moving"]
