"""Requests that no page makes, to a running dashboard: its doors, and those of Streamlit."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect
from websockets import Origin, Subprotocol
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from frametally.network.doors.connections import MAX_HEAD_BYTES
from frametally.processes.environment import child_environment
from tests.support.browser import opened, wait_until
from tests.support.dashboards import ROOT, Dashboard, StartDashboard

PAGES = ("/", "/analytics", "/jobs", "/upload", "/configuration", "/help", "/nothing")
OTHERS = (
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/media/nothing.png",
    "/auth/login",
    "/component/a/b",
    "/videoinfer",
    "/frametally/files/forged",
    "/frametally/assets/0/a.js",
    "/static/nothing.js",
    "/.env",
    "//evil",
)
PATHS = PAGES + OTHERS
SECURITY_HEADERS = ("x-content-type-options", "referrer-policy", "permissions-policy")


def get(dashboard: Dashboard, path: str, **headers: str) -> requests.Response:
    return requests.get(dashboard.url + path, headers=headers, timeout=20, allow_redirects=False)


def open_stream(dashboard: Dashboard, origin: str | None) -> ClientConnection:
    return connect(
        dashboard.url.replace("http", "ws", 1) + "/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        origin=Origin(origin) if origin else None,
        proxy=None,
    )


def test_every_response_has_the_headers_and_every_page_the_policy(dashboard: Dashboard) -> None:
    for path in PATHS:
        answer = get(dashboard, path)
        assert [name for name in SECURITY_HEADERS if name not in answer.headers] == [], path
        assert "content-security-policy" in answer.headers, path
    policy = get(dashboard, "/upload").headers["content-security-policy"]
    assert "object-src 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "frame-ancestors" not in policy  # embedding is possible unless a setting restricts it


def test_cookies_have_the_flags_that_they_can_have(dashboard: Dashboard) -> None:
    for path in PATHS:
        cookies = get(dashboard, path, **{"X-Forwarded-Proto": "https"}).raw.headers.getlist("set-cookie")
        assert [cookie for cookie in cookies if not re.search("; samesite=", cookie, re.IGNORECASE)] == []
        assert [cookie for cookie in cookies if not re.search("; secure", cookie, re.IGNORECASE)] == []
        scripted = [cookie for cookie in cookies if not re.search("; httponly", cookie, re.IGNORECASE)]
        assert {cookie.partition("=")[0] for cookie in scripted} <= {"_streamlit_xsrf"}


def test_another_host_or_origin_is_refused(dashboard: Dashboard) -> None:
    assert get(dashboard, "/jobs", Host="rebound.example").status_code == 403
    assert get(dashboard, "/_stcore/health", Host="10.0.0.1").status_code == 200
    with open_stream(dashboard, dashboard.url), open_stream(dashboard, None):
        """A page of this server, and a client without a page."""
    for origin in ("https://evil.example", "http://localhost:3000", "null"):
        with pytest.raises(InvalidStatus, match="403"):
            open_stream(dashboard, origin)


def test_the_agent_api_is_closed_and_metrics_and_the_description_need_the_key(dashboard: Dashboard) -> None:
    key = (dashboard.data_dir / "engine" / "key").read_text().strip()
    for path in ("/_stcore/agent/openapi.json", "/_stcore/agent/mcp", "/_stcore/agent/interact"):
        assert get(dashboard, path).status_code == 404
        assert requests.post(dashboard.url + path, json={}, timeout=20).status_code == 404
    for path in ("/_stcore/metrics", "/videoinfer/openapi.json"):
        assert get(dashboard, path).status_code == 401
        assert get(dashboard, f"{path}?api_key={key}").status_code == 200


def test_a_head_without_end_is_cut_off(dashboard: Dashboard) -> None:
    host, _, port = dashboard.url.partition("//")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * (2 * MAX_HEAD_BYTES))
        try:
            assert connection.recv(1) == b""
        except ConnectionError:
            """Cut off while data was on its way."""


@pytest.mark.soak
def test_no_access_log_is_written_after_a_change_of_streamlits_configuration(dashboard: Dashboard) -> None:
    code = (
        "import logging, runpy; app = runpy.run_path('app.py', run_name='app')['app'];"
        "from streamlit import logger; logger.init_uvicorn_logs();"
        "logging.getLogger('uvicorn.access').error('GET /?api_key=k');"
        "logging.getLogger('uvicorn.error').error('a fault')"
    )
    env = child_environment(os.environ) | {"FRAMETALLY_DATA_DIR": str(dashboard.data_dir)}
    output = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert "a fault" in output.stderr + output.stdout
    assert "api_key" not in output.stderr + output.stdout


def test_the_data_folder_is_private(dashboard: Dashboard) -> None:
    paths = [dashboard.data_dir, *dashboard.data_dir.rglob("*")]
    assert len(paths) > 5
    assert [path for path in paths if stat.S_IMODE(path.lstat().st_mode) & 0o077] == []


def test_no_child_process_has_a_setting_in_its_environment_or_a_key_in_its_arguments(dashboard: Dashboard) -> None:
    key = (dashboard.data_dir / "engine" / "key").read_bytes().strip()
    children = [pid for pid in _processes() if _parent(pid) == dashboard.pid]
    assert children, "the engine's worker"
    for pid in children:
        assert b"FRAMETALLY_" not in (pid / "environ").read_bytes()
        assert key not in (pid / "cmdline").read_bytes()


def _processes() -> list[Path]:
    return [path for path in Path("/proc").iterdir() if path.name.isdecimal() and path.stat().st_uid == os.geteuid()]


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:  # it has ended since
        return 0


@pytest.mark.soak
@pytest.mark.browser
def test_the_timers_of_a_hidden_tab_pause(dashboard: Dashboard, page: Page) -> None:
    opened(page, dashboard, "jobs")
    wait_until(page, "window.frametallyPausesTimers")
    page.evaluate(
        "() => { window.isHidden = true; window.ticks = 0;"
        "Object.defineProperty(document, 'hidden', { get: () => window.isHidden, configurable: true });"
        "setInterval(() => (window.ticks += 1), 500); }"
    )
    page.wait_for_timeout(1200)
    assert page.evaluate("window.ticks") == 0
    page.evaluate("() => { window.isHidden = false; }")
    wait_until(page, "window.ticks > 0")


@pytest.mark.soak
@pytest.mark.browser
def test_a_full_house_says_so_and_opens_by_itself(start_dashboard: StartDashboard, page: Page) -> None:
    dashboard = start_dashboard(FRAMETALLY_MAX_TABS="1")
    with open_stream(dashboard, None):
        answer = page.goto(f"{dashboard.url}/upload")
        assert answer is not None
        assert answer.status == 503
        expect(page.get_by_role("heading", name="Frametally is busy")).to_be_visible()
    expect(page.get_by_role("heading", name="Run a video", level=1)).to_be_visible()
