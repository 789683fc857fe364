"""Every simulated fault of a service, followed through the pages from submission to the end of the job.

The service is the engine on its own socket, used with an API key. If it has a worker, this runs normally; only the
responses are faulty. The clock of the workflow is moved forward, that of the pages is real.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from streamlit.testing.v1 import AppTest

from components.session import get_deployment
from frametally.deployment import Deployment
from frametally.engine.fault_injection import FAULTS, read_faults
from frametally.engine.server import Engine
from frametally.job import Job, JobStatus, ModelChoice, RunRequest
from frametally.ledger.presets import Preset
from frametally.network.routes import api_key_check, starlette_routes
from tests.support.deployment import advance_due
from tests.support.job_list import choose, rows
from tests.support.pages import OpenPage, button, captions
from tests.support.serving import answering
from tests.support.stored_videos import stored_with_damage

KEY = "the-key-of-the-service"
LOST_AFTER_S = 3600
ALL_ANALYZED = "20 of 20 frames analyzed"
HALF_ANALYZED = "10 of 20 frames analyzed · 10 not analyzed (hatched)"
CLOSED = "Uploading the video failed: 127.0.0.1: connection closed"
NO_URL = "Requesting the upload URL failed: 127.0.0.1 returned"
NO_STATUS = "Checking the job status failed: 127.0.0.1 returned"
NO_RESULTS = "Downloading the results failed: 127.0.0.1"

# The next steps in the notices.
RETRIED = "retried automatically"
REFRESH = "Refresh the status"
LOOK_UP = "before you start it again"
RUN_AGAIN = "un the job again"
NEW_JOB = "Start a new job"


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One fault, what the notices of the Jobs page contain during and after it, and how the job ends."""

    faults: str
    once_submitted: bool = False
    """The faults begin only after the service has accepted the job."""
    during: tuple[str, ...] = ()
    ends: JobStatus
    after: tuple[str, ...] = ()
    """`ID` stands for the remote job ID. If empty, the page has no notices."""
    analytics: tuple[str, ...] = (ALL_ANALYZED,)
    """What the notices and captions of the Analytics page contain, if the job succeeds."""


WALKS = [
    Walk(faults="status-stuck", ends=JobStatus.SUBMITTED, after=("Still running after 1 h", "ID", LOOK_UP)),
    Walk(faults="status-absent", ends=JobStatus.LOST, after=("nothing about this job for 1 h", "ID", REFRESH)),
    Walk(faults="status-absent:5", ends=JobStatus.SUCCEEDED),
    Walk(faults="status-word", ends=JobStatus.SUCCEEDED),
    Walk(
        faults="status-unknown-word",
        during=("unknown status: “warming up”",),
        ends=JobStatus.SUBMITTED,
        after=("unknown status: “warming up”", "Still running after 1 h", "ID", LOOK_UP),
    ),
    Walk(faults="status-failed", ends=JobStatus.FAILED, after=("The model could not be loaded.",)),
    Walk(faults="status-failed-silent", ends=JobStatus.FAILED, after=("status 3", "Look up", "ID", RUN_AGAIN)),
    Walk(
        faults="rate-limit",
        during=(f"{NO_URL} 429", RETRIED),
        ends=JobStatus.FAILED,
        after=("could not be submitted for 1 h", f"{NO_URL} 429", NEW_JOB),
    ),
    Walk(faults="rate-limit:2", during=(f"{NO_URL} 429", RETRIED), ends=JobStatus.SUCCEEDED),
    Walk(
        faults="rate-limit",
        once_submitted=True,
        during=(f"{NO_STATUS} 429", RETRIED),
        ends=JobStatus.LOST,
        after=(f"{NO_STATUS} 429", "nothing about this job for 1 h", "ID", REFRESH),
    ),
    Walk(
        faults="broken-500",
        during=(f"{NO_URL} 500", RETRIED),
        ends=JobStatus.FAILED,
        after=("could not be submitted for 1 h", f"{NO_URL} 500", NEW_JOB),
    ),
    Walk(faults="broken-500:3", once_submitted=True, during=(f"{NO_STATUS} 500", RETRIED), ends=JobStatus.SUCCEEDED),
    Walk(
        faults="broken-500",
        once_submitted=True,
        during=(f"{NO_STATUS} 500", RETRIED),
        ends=JobStatus.LOST,
        after=(f"{NO_STATUS} 500", "nothing about this job for 1 h", "ID", REFRESH),
    ),
    Walk(
        faults="upload-breaks",
        during=(CLOSED, RETRIED),
        ends=JobStatus.FAILED,
        after=("failed 10 times", CLOSED, NEW_JOB),
    ),
    Walk(faults="upload-breaks:1", during=(CLOSED, RETRIED), ends=JobStatus.SUCCEEDED),
    Walk(
        faults="link-expired",
        during=("is done", f"{NO_RESULTS} returned 400", RETRIED),
        ends=JobStatus.LOST,
        after=(f"{NO_RESULTS} returned 400", "nothing about this job for 1 h", "ID", REFRESH),
    ),
    Walk(faults="link-expired:1", during=(f"{NO_RESULTS} returned 400", RETRIED), ends=JobStatus.SUCCEEDED),
    Walk(
        faults="link-403",
        during=("is done", f"{NO_RESULTS} returned 403", RETRIED),
        ends=JobStatus.LOST,
        after=(f"{NO_RESULTS} returned 403", "nothing about this job for 1 h", "ID", REFRESH),
    ),
    Walk(
        faults="results-cut",
        during=("is done", f"{NO_RESULTS}: response cut short", RETRIED),
        ends=JobStatus.LOST,
        after=(f"{NO_RESULTS}: response cut short", "nothing about this job for 1 h", "ID", REFRESH),
    ),
    Walk(faults="results-cut:1", ends=JobStatus.SUCCEEDED),
    Walk(faults="results-truncated", ends=JobStatus.FAILED, after=("not a JSON object", "truncated", RUN_AGAIN)),
    Walk(faults="results-nulls", ends=JobStatus.SUCCEEDED, analytics=(HALF_ANALYZED,)),
    Walk(faults="results-frame-offsets", ends=JobStatus.SUCCEEDED),
    Walk(
        faults="results-unknown-type",
        ends=JobStatus.SUCCEEDED,
        analytics=(
            "motion: results of this type cannot be charted",
            "no frames that can be charted",
        ),
    ),
    Walk(
        faults="results-frame-offsets,results-nulls,link-403:1,rate-limit:1",
        during=(f"{NO_URL} 429", RETRIED),
        ends=JobStatus.SUCCEEDED,
        analytics=(HALF_ANALYZED,),
    ),
]


class FastClock:
    """The real clock, moved forward on demand."""

    def __init__(self) -> None:
        self._by = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._by

    def pass_until(self, moment: datetime) -> None:
        self._by += max(moment - self(), timedelta())


class Service:
    """The engine's API at one address, with faults that can be changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.fail_with("")

    def fail_with(self, faults: str) -> None:
        self._app = Starlette(routes=starlette_routes(engine_in(self._folder, faults).routes()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class Walker:
    """Runs one job as the watcher would, moving the clock forward instead of waiting."""

    def __init__(self, deployment: Deployment, service: Service) -> None:
        self._deployment, self._service, self._clock = deployment, service, FastClock()
        self._workflow = replace(deployment.workflow, clock=self._clock)

    def submit(self, video: Path, walk: Walk) -> None:
        service, key_id = self._deployment.clients.known()[-1]
        if not walk.once_submitted:
            self._service.fail_with(walk.faults)
        self._job_id = self._workflow.submit(
            RunRequest(
                service=service,
                key_id=key_id,
                video_name=video.name,
                video_sha256=stored_with_damage(self._deployment.library, video).sha256,
                models=(ModelChoice(model_id="motion", version="1"),),
                infer_fps=5.0,
            ),
            actor=None,
        ).id
        if walk.once_submitted:
            self._step()
            self._service.fail_with(walk.faults)

    @property
    def job(self) -> Job:
        return self._deployment.ledger.job(self._job_id)

    def until_checked(self) -> None:
        while not self.job.checked_at:
            self._step()

    def until_it_has_a_message(self) -> None:
        while not self.job.service_message:
            assert self.job.status.is_open, self.job.failure
            self._step()

    def to_the_end(self) -> None:
        give_up = self._clock() + timedelta(seconds=LOST_AFTER_S + 120)
        while self.job.status.is_open and self._clock() < give_up:
            self._step()

    def refresh_without_faults(self) -> None:
        self._service.fail_with("")
        self._clock.pass_until(self.job.next_check_at)
        assert self._workflow.refresh(self._job_id, actor=None)
        self.to_the_end()

    def _step(self) -> None:
        if (self.job.next_check_at - self._clock()).total_seconds() < 2:
            time.sleep(0.02)  # status checks that are due this often take CPU time from the worker
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
    """The folder of the service, with its worker running."""
    folder = tmp_path_factory.mktemp("service")
    engine = engine_in(folder, "")
    engine.start()
    yield folder
    engine.stop()


@pytest.fixture
def service(service_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """The service that the settings of the deployment name."""
    with _named_in_settings(Service(service_dir), monkeypatch) as service:
        yield service


@pytest.fixture
def idle_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A service without a worker: queued jobs stay queued."""
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
    """The notices of a page and of its rows, without Markdown escapes; those of an unavailable service are left out."""
    drawn = "\n".join(element.value for kind in (app.warning, app.error, app.info) for element in kind)
    lines = re.sub(r"\\(.)", r"\1", drawn).splitlines()
    lines += [problem["text"] for row in rows(app) for problem in row.get("problems", [])]
    return "\n".join(line for line in lines if " has been unavailable for " not in line)


def missing(fragments: Sequence[str], text: str) -> list[str]:
    return [fragment for fragment in fragments if fragment not in text]


def test_every_fault_has_a_walk() -> None:
    walked = {name.partition(":")[0] for walk in WALKS for name in walk.faults.split(",")}
    assert walked == set(FAULTS)


LONG = (
    *("broken-500", "broken-500:3", "link-403", "link-expired:1", "rate-limit:2", "results-cut", "results-cut:1"),
    *("results-frame-offsets", "results-nulls", "status-absent", "status-absent:5", "status-stuck"),
    *("status-unknown-word", "status-word", "upload-breaks"),
)
"""Left to the soak. Most are another form of a fault below; `tests/client` and `tests/jobs` test the answers of all."""


def named(walk: Walk) -> Any:
    marks = [pytest.mark.soak] if walk.faults in LONG else []
    return pytest.param(walk, id=walk.faults + " once submitted" * walk.once_submitted, marks=marks)


@pytest.mark.parametrize("walk", [named(walk) for walk in WALKS])
def test_each_fault_is_shown_and_the_job_ends_as_expected(
    service: Service, open_page: OpenPage, small_video: Path, walk: Walk
) -> None:
    walker = Walker(get_deployment(), service)
    walker.submit(small_video, walk)
    if walk.during:
        walker.until_it_has_a_message()
        assert missing(walk.during, notices(open_page("jobs"))) == []
    walker.to_the_end()
    page = open_page("jobs")
    assert walker.job.status is walk.ends, (walker.job.failure, walker.job.service_message)
    after = [fragment.replace("ID", str(walker.job.remote_job_id)) for fragment in walk.after]
    assert missing(after, notices(page)) == []
    assert bool(after) is bool(notices(page))
    assert ["href" in row for row in rows(page)] == [walk.ends is JobStatus.SUCCEEDED]
    if walk.ends in (JobStatus.LOST, JobStatus.SUBMITTED):
        # By the clock of the page, the next check is not due yet.
        assert rows(page)[0]["actions"][0]["label"].startswith("Refresh in")
        walker.refresh_without_faults()
        assert walker.job.status is JobStatus.SUCCEEDED
        assert notices(open_page("jobs")) == ""
    if walk.ends is JobStatus.SUCCEEDED:
        analytics = open_page("analytics")
        assert missing(walk.analytics, f"{notices(analytics)}\n{captions(analytics)}") == []


@pytest.mark.parametrize(
    ("faults", "fragments"),
    [
        ("rate-limit", ("Testing the API key failed: 127.0.0.1 returned 429", "in 30 s")),
        ("broken-500", ("Testing the API key failed: 127.0.0.1 returned 500", "again later")),
    ],
)
def test_a_temporary_error_is_not_reported_as_a_wrong_key(
    service: Service, open_page: OpenPage, faults: str, fragments: tuple[str, ...]
) -> None:
    service.fail_with(faults)
    app = open_page("configuration")
    app.text_input(key="service_key").input(KEY).run()
    button(app, "Connect").click().run()
    assert missing(fragments, notices(app)) == []
    assert "Check the API key" not in notices(app)
    assert not app.success
    service.fail_with("")
    button(app, "Connect").click().run()
    assert app.success[0].value == "Connected to workspace **embedded**."


@pytest.mark.parametrize(("faults", "status"), [("rate-limit:9", "429"), ("broken-500:9", "500")])
def test_a_job_that_cannot_be_canceled_now_continues_until_it_can(
    idle_service: Service, open_page: OpenPage, small_video: Path, faults: str, status: str
) -> None:
    walker = Walker(get_deployment(), idle_service)
    walker.submit(small_video, Walk(faults="", ends=JobStatus.CANCELLED))
    walker.until_checked()
    idle_service.fail_with(faults)
    page = open_page("jobs")
    choose(page, walker.job, "Cancel")
    page.button(key="confirm").click().run()
    assert f"127.0.0.1 returned {status}" in page.toast[0].value
    seen = [walker.job.status]
    idle_service.fail_with("")
    choose(page, walker.job, "Cancel")
    page.button(key="confirm").click().run()
    assert [*seen, walker.job.status] == [JobStatus.SUBMITTED, JobStatus.CANCELLED]


@pytest.fixture
def broken_engine(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The built-in engine, started in fault mode."""
    monkeypatch.setenv("FRAMETALLY_ENGINE_FAULTS", "broken-500")
    request.getfixturevalue("engine")


@pytest.mark.usefixtures("broken_engine")
def test_pages_work_without_the_list_of_models(open_page: OpenPage, deployment: Deployment) -> None:
    forklifts = ModelChoice(model_id="forklifts", version="7")
    deployment.ledger.presets.save(Preset(name="Dock", model=forklifts, service="embedded"))
    configuration, upload = open_page("configuration"), open_page("upload")
    assert "returned 500" in notices(configuration)
    assert "Saved models" in [element.value for element in configuration.header]
    upload.segmented_control(key="upload_way").set_value("Public URLs").run()
    upload.text_area(key="video_urls_0").input("https://example.com/dock.mp4").run()
    upload.checkbox(key="without_copy").check().run()
    assert "returned 500" in notices(upload)
    assert upload.multiselect(key="upload_models").value == ["Dock · forklifts/7"]
    assert not button(upload, "Run analysis").disabled


@pytest.mark.usefixtures("broken_engine")
def test_every_page_shows_the_fault_mode(open_page: OpenPage) -> None:
    for name in ("analytics", "jobs", "upload", "configuration"):
        assert notices(open_page(name)).startswith("Fault mode: the built-in engine simulates broken-500.")
