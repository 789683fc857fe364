"""Toasts for jobs that end while a tab is open, and test messages of the notification channels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from frametally.deployment import Deployment
from frametally.job import JobStatus
from tests.support.pages import OpenPage, button, write_job


@pytest.fixture
def receiver(data_dir: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """The requests that the webhook of this deployment receives."""
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200 if len(got) < 2 else 410)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("FRAMETALLY_WEBHOOK_URL", f"http://127.0.0.1:{server.server_port}/S3cret")
        monkeypatch.setenv("FRAMETALLY_WEBHOOK_PRIVATE_URLS", "true")
        yield got
        server.shutdown()
        thread.join()


def end(deployment: Deployment, status: JobStatus, name: str) -> None:
    job = write_job(deployment, JobStatus.SUBMITTED, video_name=name, remote_job_id=name)
    assert deployment.ledger.transition(job, status, ended_at=datetime.now(UTC))


def test_a_job_that_ends_while_a_tab_is_open_gets_one_toast(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    end(deployment, JobStatus.SUCCEEDED, "long ago.mp4")
    app = open_page("configuration")
    assert not app.toast
    end(deployment, JobStatus.SUCCEEDED, "dock.mp4")
    end(deployment, JobStatus.FAILED, "night *1*.mp4")
    app.run()
    assert [toast.value for toast in app.toast] == ["**dock.mp4**: Done", r"**night \*1\*.mp4**: Failed"]
    app.run()
    assert not app.toast


def test_many_jobs_that_end_at_once_share_a_toast(engine: str, open_page: OpenPage, deployment: Deployment) -> None:
    app = open_page("configuration")
    for number in range(6):
        end(deployment, JobStatus.SUCCEEDED, f"{number}.mp4")
    app.run()
    assert [toast.value for toast in app.toast][3:] == ["3 more jobs ended."]


def test_a_test_message_reports_success_or_the_error(engine: str, receiver: list[bytes], open_page: OpenPage) -> None:
    app = open_page("configuration")
    button(app, "Webhook: send test message").click().run()
    assert app.success[0].value == "Test message sent."
    button(app, "Webhook: send test message").click().run()
    assert "returned 410" in app.error[0].value
    assert "S3cret" not in app.error[0].value
    assert len(receiver) == 2


def test_without_a_channel_the_page_names_the_settings(engine: str, open_page: OpenPage) -> None:
    app = open_page("configuration")
    assert any("FRAMETALLY_WEBHOOK_URL" in caption.value for caption in app.caption)
    assert not [button.label for button in app.button if "test message" in button.label]
