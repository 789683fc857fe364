"""The header of every page: the title of the tab, the service, the search over jobs, and the documents of Help."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1 import AppTest

from frametally.config.version import version
from frametally.deployment import Deployment
from frametally.job import JobStatus
from tests.support.components import data_of, send_event
from tests.support.job_list import names
from tests.support.pages import ROOT, OpenPage, captions, headings, open_tab, write_job


@pytest.fixture
def titles(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles of the tab that the browser is sent, in order."""
    sent: list[str] = []
    enqueue = ForwardMsgQueue.enqueue

    def record(queue: ForwardMsgQueue, message: ForwardMsg) -> None:
        if message.WhichOneof("type") == "page_config_changed" and message.page_config_changed.title:
            sent.append(message.page_config_changed.title)
        enqueue(queue, message)

    monkeypatch.setattr(ForwardMsgQueue, "enqueue", record)
    return sent


def search(app: AppTest, text: str) -> list[dict[str, Any]]:
    return list(data_of(send_event(app, "header_bar", "search", text), "header_bar")["found"])


def test_the_title_names_the_page_and_the_job(open_page: OpenPage, deployment: Deployment, titles: list[str]) -> None:
    job = write_job(deployment, JobStatus.FAILED, video_name="gate *2*.mp4")
    open_page("jobs")
    assert titles[-1] == "Jobs · Frametally"
    open_tab("analytics", job=job.id)
    assert titles[-1] == "gate *2*.mp4 · Analytics · Frametally"
    open_tab("analytics", job="gone")
    assert titles[-1] == "Analytics · Frametally"


def test_the_header_names_the_service(open_page: OpenPage) -> None:
    bar = data_of(open_page("jobs"), "header_bar")
    assert (bar["service"], bar["is_ready"], bar["found"]) == ("Built-in engine", True, [])


def test_a_service_without_a_key_is_marked(monkeypatch: pytest.MonkeyPatch, open_page: OpenPage) -> None:
    monkeypatch.setenv("FRAMETALLY_API_URL", "https://api.example.com")
    bar = data_of(open_page("upload"), "header_bar")
    assert (bar["service"], bar["is_ready"]) == ("api.example.com", False)


@pytest.mark.parametrize("page", ["analytics", "upload", "configuration"])
def test_jobs_are_found_and_opened_from_every_page(
    engine: str, open_page: OpenPage, deployment: Deployment, page: str
) -> None:
    failed = write_job(deployment, JobStatus.FAILED, video_name="north.mp4")
    write_job(deployment, JobStatus.CANCELLED, video_name="gate.mp4")
    app = open_page(page)
    assert {job["name"] for job in search(app, "")} == {"north.mp4", "gate.mp4"}
    (found,) = search(app, "nor")
    assert (found["id"], found["status"], found["model"]) == (failed.id, "Failed", "forklifts/7")
    send_event(app, "header_bar", "open", failed.id)
    assert names(app) == ["north.mp4"]


def test_a_finished_job_opens_its_analytics(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.SUCCEEDED)
    app = send_event(open_page("jobs"), "header_bar", "open", job.id)
    assert headings(app) == ["Analytics"]
    assert app.query_params["job"] == job.id


@pytest.mark.parametrize(("event", "value"), [("open", "gone"), ("open", 7), ("go", "../app"), ("search", ["x"])])
def test_a_value_of_an_unknown_form_changes_nothing(open_page: OpenPage, event: str, value: object) -> None:
    app = send_event(open_page("jobs"), "header_bar", event, value)
    assert not app.exception
    assert [title.value for title in app.title] == ["Jobs"]


def test_help_shows_the_documents_and_the_version(open_page: OpenPage) -> None:
    app = send_event(open_page("jobs"), "header_bar", "go", "help")
    assert [title.value for title in app.title] == ["Help"]
    assert captions(app) == f"Frametally {version()}"
    app = open_page("help")
    listed = {"using", "tracking", "models", "running", "cluster", "storage", "failures", "architecture"}
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} == listed | {"expectations"}  # a list of tests
    for name in listed:
        app.segmented_control(key="document").set_value(name).run()
        assert not app.exception
        assert [element.value.splitlines()[0] for element in app.markdown if element.value.startswith("# ")], name
