"""A service that fails in each way that the engine can be told to, walked through the pages.

The service is the engine on a socket of its own, opened with a key as the hosted one is. Its worker does its work in
every test: only the answers are bad. The clock of the workflow is set forward, that of the pages is the real one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from streamlit.testing.v1 import AppTest

from components.session import get_deployment
from frametally.deployment import Deployment
from frametally.engine.fault_injection import FAULTS, read_faults
from frametally.engine.server import Engine
from frametally.job import Job, JobStatus, ModelChoice, RunRequest
from frametally.ledger.ledger import Preset
from frametally.network.routes import api_key_check, starlette_routes
from tests.support.deployment import advance_due
from tests.support.pages import OpenPage, answering, button, captions

KEY = "the-key-of-the-service"
LOST_AFTER_S = 3600
WELL = "20 frames planned · 20 analyzed"

BY_ITSELF = "… retried automatically"
LIMITED = "127.0.0.1 returned 429 Too Many Requests: Too many requests."
BROKEN = "127.0.0.1 returned 500 Internal Server Error."
NO_RESULTS = "The job is done … Downloading the results failed: 127.0.0.1"
LOOK = "… nothing about this job for 1 h … ID"


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One fault, what the Jobs page shows during it and at the end, and how the job ends.

    Texts are fragments joined by "…"; `ID` is the job's id at the service.
    """

    faults: str
    once_it_runs: bool = False
    """The service is well until it has taken the job."""
    meanwhile: str = ""
    ends: JobStatus
    says: str = ""
    analytics: list[str] = field(default_factory=list)


WALKS = [
    Walk(
        faults="status-stuck",
        ends=JobStatus.SUBMITTED,
        says="Still running after 1 h … ID",
    ),
    Walk(
        faults="status-absent",
        ends=JobStatus.LOST,
        says="nothing about this job for 1 h … ID",
    ),
    Walk(faults="status-absent:5", ends=JobStatus.SUCCEEDED, analytics=[WELL]),
    Walk(faults="status-word", ends=JobStatus.SUCCEEDED, analytics=[WELL]),
    Walk(
        faults="status-unknown-word",
        meanwhile="unknown status: “warming up”",
        ends=JobStatus.SUBMITTED,
        says="unknown status: “warming up” … Still running after 1 h … ID",
    ),
    Walk(faults="status-failed", ends=JobStatus.FAILED, says="The model could not be loaded."),
    Walk(
        faults="status-failed-silent",
        ends=JobStatus.FAILED,
        says="failure (status 3) without a reason … ID",
    ),
    Walk(
        faults="rate-limit",
        meanwhile=f"Requesting the upload URL failed: {LIMITED} {BY_ITSELF}",
        ends=JobStatus.FAILED,
        says=f"could not be submitted for 1 h … Requesting the upload URL failed: {LIMITED}",
    ),
    Walk(
        faults="rate-limit:2",
        meanwhile=f"Requesting the upload URL failed: {LIMITED} {BY_ITSELF}",
        ends=JobStatus.SUCCEEDED,
        analytics=[WELL],
    ),
    Walk(
        faults="rate-limit",
        once_it_runs=True,
        meanwhile=f"Checking the job status failed: {LIMITED} {BY_ITSELF}",
        ends=JobStatus.LOST,
        says=f"Checking the job status failed: {LIMITED} {LOOK}",
    ),
    Walk(
        faults="broken-500",
        meanwhile=f"Requesting the upload URL failed: {BROKEN} {BY_ITSELF}",
        ends=JobStatus.FAILED,
        says=f"could not be submitted for 1 h … Requesting the upload URL failed: {BROKEN}",
    ),
    Walk(
        faults="broken-500:3",
        once_it_runs=True,
        meanwhile=f"Checking the job status failed: {BROKEN} {BY_ITSELF}",
        ends=JobStatus.SUCCEEDED,
        analytics=[WELL],
    ),
    Walk(
        faults="broken-500",
        once_it_runs=True,
        meanwhile=f"Checking the job status failed: {BROKEN} {BY_ITSELF}",
        ends=JobStatus.LOST,
        says=f"Checking the job status failed: {BROKEN} {LOOK}",
    ),
    Walk(
        faults="upload-breaks",
        meanwhile=f"Uploading the video failed: 127.0.0.1: connection closed. {BY_ITSELF}",
        ends=JobStatus.FAILED,
        says="The upload failed 10 times … Uploading the video failed: 127.0.0.1: connection closed",
    ),
    Walk(
        faults="upload-breaks:1",
        meanwhile=f"Uploading the video failed: 127.0.0.1: connection closed. {BY_ITSELF}",
        ends=JobStatus.SUCCEEDED,
        analytics=[WELL],
    ),
    Walk(
        faults="link-expired",
        meanwhile=f"{NO_RESULTS} returned 400 Bad Request. {BY_ITSELF}",
        ends=JobStatus.LOST,
        says=f"{NO_RESULTS} returned 400 Bad Request. {LOOK}",
    ),
    Walk(
        faults="link-expired:1",
        meanwhile=f"{NO_RESULTS} returned 400 Bad Request. {BY_ITSELF}",
        ends=JobStatus.SUCCEEDED,
        analytics=[WELL],
    ),
    Walk(
        faults="link-403",
        meanwhile=f"{NO_RESULTS} returned 403 Forbidden. {BY_ITSELF}",
        ends=JobStatus.LOST,
        says=f"{NO_RESULTS} returned 403 Forbidden. {LOOK}",
    ),
    Walk(
        faults="results-cut",
        meanwhile=f"{NO_RESULTS}: response cut short. {BY_ITSELF}",
        ends=JobStatus.LOST,
        says=f"{NO_RESULTS}: response cut short. {LOOK}",
    ),
    Walk(faults="results-cut:1", ends=JobStatus.SUCCEEDED, analytics=[WELL]),
    Walk(
        faults="results-truncated",
        ends=JobStatus.FAILED,
        says="The results are not a JSON object: the file is truncated. Run the job again; the original file is kept.",
    ),
    Walk(
        faults="results-nulls",
        ends=JobStatus.SUCCEEDED,
        analytics=["20 frames planned · 10 analyzed · 10 not analyzed (null: hatched, not zero)"],
    ),
    Walk(faults="results-frame-offsets", ends=JobStatus.SUCCEEDED, analytics=[WELL]),
    Walk(
        faults="results-unknown-type",
        ends=JobStatus.SUCCEEDED,
        analytics=[
            "motion: results of this type cannot be charted, only downloaded.",
            "These results contain no frames that can be charted.",
            "There is nothing in these results that could be drawn on the video.",
        ],
    ),
    Walk(
        faults="results-frame-offsets,results-nulls,link-403:1,rate-limit:1",
        meanwhile=f"Requesting the upload URL failed: {LIMITED} {BY_ITSELF}",
        ends=JobStatus.SUCCEEDED,
        analytics=["20 frames planned · 10 analyzed · 10 not analyzed (null: hatched, not zero)"],
    ),
]


def assert_shows(text: str, fragments: str) -> None:
    """The text has each fragment; none at all where there are none."""
    assert [part for part in fragments.split("…") if part.strip() not in text] == []
    assert bool(text) == bool(fragments)


class Ahead:
    """The real clock, set forward at will."""

    def __init__(self) -> None:
        self._by = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._by

    def pass_until(self, moment: datetime) -> None:
        self._by += max(moment - self(), timedelta())


class Service:
    """The engine's API at one address, with other faults from one moment to the next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.fail_with("")

    def fail_with(self, faults: str) -> None:
        self._app = Starlette(routes=starlette_routes(engine_in(self._folder, faults).routes()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class Walker:
    """Runs one job as the watcher would, as fast as its clock can be set forward."""

    def __init__(self, deployment: Deployment, service: Service) -> None:
        self._deployment, self._service, self._clock = deployment, service, Ahead()
        self._workflow = replace(deployment.workflow, clock=self._clock)

    def submit(self, video: Path, walk: Walk) -> None:
        service, key_id = self._deployment.clients.known()[-1]
        if not walk.once_it_runs:
            self._service.fail_with(walk.faults)
        self._job_id = self._workflow.submit(
            RunRequest(
                service=service,
                key_id=key_id,
                video_name=video.name,
                video_sha256=self._deployment.library.add(video).sha256,
                models=(ModelChoice(model_id="motion", version="1"),),
                infer_fps=5.0,
            ),
            actor=None,
        ).id
        if walk.once_it_runs:
            self._step()
            self._service.fail_with(walk.faults)

    @property
    def job(self) -> Job:
        return self._deployment.ledger.job(self._job_id)

    def until_it_is_asked_about(self) -> None:
        while not self.job.checked_at:
            self._step()

    def until_it_says_something(self) -> None:
        while not self.job.service_message:
            assert self.job.status.is_open, self.job.failure
            self._step()

    def to_the_end(self) -> None:
        give_up = self._clock() + timedelta(seconds=LOST_AFTER_S + 120)
        while self.job.status.is_open and self._clock() < give_up:
            self._step()

    def ask_when_all_is_well(self) -> None:
        self._service.fail_with("")
        self._clock.pass_until(self.job.next_check_at)
        assert self._workflow.refresh(self._job_id, actor=None)
        self.to_the_end()

    def _step(self) -> None:
        if (self.job.next_check_at - self._clock()).total_seconds() < 2:
            time.sleep(0.02)  # invited to ask again soon: its worker is at it
        self._clock.pass_until(self.job.next_check_at)
        assert advance_due(self._workflow) == 1


def engine_in(folder: Path, faults: str) -> Engine:
    return Engine(
        folder=folder / "engine",
        models_dir=folder / "models",
        check=api_key_check(KEY),
        link_secret="the-link-secret",
        max_video_bytes=1 << 30,
        faults=read_faults(faults, host="127.0.0.1"),
    )


@pytest.fixture(scope="module")
def service_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the service keeps, and its worker at work."""
    folder = tmp_path_factory.mktemp("service")
    engine = engine_in(folder, "")
    engine.start()
    yield folder
    engine.stop()


@pytest.fixture
def service(service_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The service that the deployment's settings name."""
    with _named_in_settings(Service(service_dir), monkeypatch) as service:
        yield service


@pytest.fixture
def idle_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """One without a worker: what is queued stays queued."""
    with _named_in_settings(Service(tmp_path / "service"), monkeypatch) as service:
        yield service


@contextmanager
def _named_in_settings(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with answering(service, lifespan=False) as port:
        monkeypatch.setenv("FRAMETALLY_API_URL", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("ROBOFLOW_API_KEY", KEY)
        monkeypatch.setenv("FRAMETALLY_LOST_AFTER_S", str(LOST_AFTER_S))
        yield service


def notices(app: AppTest) -> str:
    """What the notices of a page say, as people read it; that its service does not answer is told beside."""
    drawn = "\n".join(element.value for kind in (app.warning, app.error, app.info) for element in kind)
    lines = re.sub(r"\\(.)", r"\1", drawn).splitlines()
    return "\n".join(line for line in lines if " has not answered as it should for " not in line)


def test_every_fault_is_walked() -> None:
    walked = {name.partition(":")[0] for walk in WALKS for name in walk.faults.split(",")}
    assert walked == set(FAULTS)


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.faults + " once it runs" * walk.once_it_runs)
def test_the_person_sees_what_is_wrong_and_no_job_is_lost(
    service: Service, open_page: OpenPage, small_video: Path, walk: Walk
) -> None:
    walker = Walker(get_deployment(), service)
    walker.submit(small_video, walk)
    if walk.meanwhile:
        walker.until_it_says_something()
        assert_shows(notices(open_page("jobs")), walk.meanwhile)
    walker.to_the_end()
    page = open_page("jobs")
    assert walker.job.status is walk.ends, (walker.job.failure, walker.job.service_message)
    assert_shows(notices(page), walk.says.replace("ID", str(walker.job.remote_job_id)))
    links = ["Open in analytics"] if walk.ends is JobStatus.SUCCEEDED else []
    assert [link.label for link in page.page_link] == links
    if walk.ends in (JobStatus.LOST, JobStatus.SUBMITTED):
        assert button(page, "Ask in")  # the clock of the page is behind
        walker.ask_when_all_is_well()
        assert walker.job.status is JobStatus.SUCCEEDED
        assert notices(open_page("jobs")) == ""
    analytics = open_page("analytics")
    told = f"{notices(analytics)}\n{captions(analytics)}"
    if walker.job.status is JobStatus.SUCCEEDED:
        assert [line for line in walk.analytics or [WELL] if line not in told.splitlines()] == []
    else:
        assert "No finished job yet" in told


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        ("rate-limit", f"**Testing the API key failed: {LIMITED}**  \nTry again in 30 s."),
        (
            "broken-500",
            f"**Testing the API key failed: {BROKEN}**  \nThe service failed, not the request: try again",
        ),
    ],
)
def test_a_key_that_cannot_be_tested_now_is_not_taken_for_a_wrong_one(
    service: Service, open_page: OpenPage, faults: str, says: str
) -> None:
    service.fail_with(faults)
    app = open_page("configuration")
    app.text_input(key="service_key").input(KEY).run()
    button(app, "Test and use").click().run()
    assert notices(app).startswith(says)
    service.fail_with("")
    button(app, "Test and use").click().run()
    assert app.success[0].value == "The key opens the workspace **embedded**."


@pytest.mark.parametrize(("faults", "answer"), [("rate-limit:9", LIMITED), ("broken-500:9", BROKEN)])
def test_a_job_that_cannot_be_called_off_now_goes_on_until_it_can(
    idle_service: Service, open_page: OpenPage, small_video: Path, faults: str, answer: str
) -> None:
    walker = Walker(get_deployment(), idle_service)
    walker.submit(small_video, Walk(faults="", ends=JobStatus.CANCELLED))
    walker.until_it_is_asked_about()
    idle_service.fail_with(faults)
    page = open_page("jobs")
    page.button(key=f"cancel-{walker.job.id}").click().run()
    assert re.sub(r"\\(.)", r"\1", page.toast[0].value).startswith(f"Canceling the job failed: {answer}")
    seen = [walker.job.status]
    idle_service.fail_with("")
    page.button(key=f"cancel-{walker.job.id}").click().run()
    assert [*seen, walker.job.status] == [JobStatus.SUBMITTED, JobStatus.CANCELLED]


@pytest.fixture
def broken_engine(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The built-in engine, as it is started with the setting."""
    monkeypatch.setenv("FRAMETALLY_ENGINE_FAULTS", "broken-500")
    request.getfixturevalue("engine")


@pytest.mark.usefixtures("broken_engine")
def test_pages_work_on_without_the_list_of_models(open_page: OpenPage, deployment: Deployment) -> None:
    deployment.ledger.save_preset(Preset(name="Dock", model=ModelChoice(model_id="forklifts", version="7")))
    failed = f"**Listing the models failed: {BROKEN}**"
    configuration, upload = open_page("configuration"), open_page("upload")
    assert failed in notices(configuration)
    assert "Saved models" in [element.value for element in configuration.subheader]
    upload.segmented_control(key="upload_way").set_value("Public URL").run()
    upload.text_input(key="video_url").input("https://example.com/dock.mp4").run()
    upload.checkbox(key="send_blind").check().run()
    assert failed in notices(upload)
    assert upload.multiselect(key="upload_models").value == ["Dock · forklifts/7"]
    assert not button(upload, "Run on").disabled


@pytest.mark.usefixtures("broken_engine")
def test_every_page_tells_of_the_fault_mode(open_page: OpenPage) -> None:
    for name in ("analytics", "jobs", "upload", "configuration"):
        assert notices(open_page(name)).startswith("Fault mode: the built-in engine answers with broken-500.")
