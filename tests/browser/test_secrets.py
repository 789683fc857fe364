"""No secret of a deployment is in a page, in the log, or in the environment or the arguments of a child process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, WebSocket, expect

from tests.support.browser import PAGES, PATIENCE_MS, choose, downloaded, opened
from tests.support.dashboards import Dashboard, StartDashboard
from tests.support.killed_processes import descendants
from tests.support.misbehaving import MisbehavingServer, answer
from tests.support.players import wait_for_rest
from tests.support.ports import reserved_port

pytestmark = [pytest.mark.browser, pytest.mark.soak]

RUN_MS = 240_000
MARK = "seeded7f3a"
"""Part of every secret of these tests."""
CHILDREN = (
    "frametally.engine.worker",
    "frametally.engine.detectors.selection.child",
    "frametally.results",
    "frametally.rendering.video_encoder",
    "frametally.health.server",
)


class ChildWatch:
    """Reads the arguments and the environment of every descendant of a process, as another user of the machine may."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.commands: set[bytes] = set()
        self.environments: set[bytes] = set()

    def __enter__(self) -> ChildWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ends.wait(0.01):
            for child in descendants(self._pid):
                with suppress(OSError):
                    self.commands.add(Path(f"/proc/{child.pid}/cmdline").read_bytes())
                    self.environments.add(Path(f"/proc/{child.pid}/environ").read_bytes())


@contextmanager
def everything_received(page: Page) -> Iterator[list[bytes]]:
    """Bodies of responses, except media, and messages of WebSockets."""
    received: list[bytes] = []

    def note_response(response: Response) -> None:
        if not any(kind in response.headers.get("content-type", "") for kind in ("video", "event-stream")):
            with suppress(Exception):  # a redirect, or a page that was left, has no body
                received.append(response.body())

    def note_message(payload: str | bytes) -> None:
        received.append(payload.encode() if isinstance(payload, str) else payload)

    def note_socket(socket: WebSocket) -> None:
        socket.on("framereceived", note_message)

    page.on("requestfinished", lambda request: note_response(answered) if (answered := request.response()) else None)
    page.on("websocket", note_socket)
    yield received


@pytest.fixture
def settings(new_postgresql_database: Callable[[], str]) -> Iterator[dict[str, str]]:
    """Every setting that contains a secret; the services that they belong to fail."""
    with MisbehavingServer() as server, reserved_port() as port:
        server.replies_with(answer({"error": "broken"}, status=500))
        yield {
            "ROBOFLOW_API_KEY": f"{MARK}-api-key",
            "FRAMETALLY_API_URL": server.url,
            "FRAMETALLY_ENGINE_KEY": f"{MARK}-engine-key-of-thirty-letters",
            "FRAMETALLY_INFERENCE_SERVERS": f"other/1={server.url}",
            "FRAMETALLY_INFERENCE_KEY": f"{MARK}-inference-key",
            "FRAMETALLY_DATABASE_URL": new_postgresql_database().replace("owner@", f"owner:{MARK}-database-password@"),
            "FRAMETALLY_WEBHOOK_URL": f"{server.url}/{MARK}-webhook-path?token={MARK}-webhook-token",
            "FRAMETALLY_WEBHOOK_SECRET": f"{MARK}-webhook-secret-of-thirty-letters",
            "FRAMETALLY_WEBHOOK_PRIVATE_URLS": "true",
            "FRAMETALLY_SMTP_URL": f"smtp://tally:{MARK}-smtp-password@127.0.0.1:9",
            "FRAMETALLY_EMAIL_FROM": "tally@example.com",
            "FRAMETALLY_EMAIL_TO": "team@example.com",
            "FRAMETALLY_PROXY_SECRET": f"{MARK}-proxy-secret-of-thirty-letters",
            "FRAMETALLY_HEALTH_PORT": str(port),
        }


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce") as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


def use(page: Page, dashboard: Dashboard, video: Path) -> None:
    """Every page, an upload, the sample on the engine, its exports, and the failing services."""
    for name in PAGES:
        opened(page, dashboard, name)
    opened(page, dashboard, "configuration")
    for button in page.get_by_role("button").filter(has_text="Test").all():
        with suppress(Exception):  # a button that is disabled, or behind another section
            button.click(timeout=2000)
    page.wait_for_timeout(2000)
    opened(page, dashboard, "upload")
    choose(page, video)
    expect(page.get_by_text("square.mp4 is ready")).to_be_attached()
    opened(page, dashboard, "upload")
    page.get_by_role("button", name="Try the sample").click()
    expect(page.get_by_role("heading", name="Analytics")).to_be_visible(timeout=RUN_MS)
    wait_for_rest(page)
    page.get_by_role("button", name="Export").click()
    downloaded(page, "button", "Counts per frame (CSV)")
    page.get_by_role("button", name="Annotated video").click()
    downloaded(page, "link", "Download video")
    opened(page, dashboard, "jobs")
    expect(page.locator(".badge", has_text="Done").first).to_be_visible()


def test_secrets_stay_where_they_are(
    start_dashboard: StartDashboard, settings: dict[str, str], page: Page, small_video: Path
) -> None:
    dashboard = start_dashboard(**settings)
    with ChildWatch(dashboard.pid) as children, everything_received(page) as received:
        use(page, dashboard, small_video)
        time.sleep(2)  # the notices of the job's end fail
    mark = MARK.encode()
    seen = b"\n".join(children.commands)
    assert [name for name in CHILDREN if name.encode() not in seen] == []
    assert [each for each in children.commands if mark in each] == []
    assert [each for each in children.environments if mark in each or b"FRAMETALLY_" in each] == []
    assert len(received) > 50
    assert [each for each in received if mark in each] == []
    link_secret = (dashboard.data_dir / "secret").read_bytes().strip()
    for secret in (mark, link_secret):
        assert secret not in dashboard.log.read_bytes()
        assert [each for each in (*children.commands, *children.environments, *received) if secret in each] == []
    files = [path for path in dashboard.data_dir.rglob("*") if path.is_file()]
    assert [path.name for path in files if mark in path.read_bytes()] == []
