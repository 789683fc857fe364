"""`frametally dashboard` of an installed wheel, started in an empty folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import FIRST_PAINT_MS
from tests.support.dashboards import wait_for_address
from tests.support.ports import reserved_port

RUN_MS = 120_000
TEXT_COLOR = "rgb(21, 33, 30)"
"""`theme.light.textColor` of .streamlit/config.toml, which differs from the default of Streamlit."""

pytestmark = pytest.mark.browser


@pytest.fixture
def upload_page(installed: Path, tmp_path: Path, page: Page) -> Iterator[Page]:
    """The first page of the installed dashboard, which runs in `tmp_path`."""
    log = tmp_path.with_name(f"{tmp_path.name}.log")
    foreign = {name: value for name, value in os.environ.items() if not name.startswith(("FRAMETALLY_", "ROBO"))}
    with reserved_port() as port, log.open("wb") as output:
        command = [sys.executable, "-m", "frametally", "dashboard", "--port", str(port)]
        env = {**foreign, "PYTHONPATH": str(installed)}
        server = subprocess.Popen(command, cwd=tmp_path, env=env, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_for_address(server, log)
            page.emulate_media(color_scheme="light")
            page.goto(f"http://127.0.0.1:{port}")
            yield page
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)
    assert "Traceback" not in log.read_text()


def test_installed_dashboard_has_its_theme_and_keeps_data_in_the_working_directory(
    upload_page: Page, tmp_path: Path
) -> None:
    button = upload_page.get_by_role("button", name="Try the sample")
    expect(button).to_be_visible(timeout=FIRST_PAINT_MS)
    assert upload_page.evaluate("getComputedStyle(document.querySelector('.stApp')).color") == TEXT_COLOR
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


@pytest.mark.soak
def test_installed_dashboard_runs_the_sample_to_its_chart(upload_page: Page) -> None:
    upload_page.get_by_role("button", name="Try the sample").click(timeout=FIRST_PAINT_MS)
    expect(upload_page.get_by_role("heading", name="Analytics")).to_be_visible(timeout=RUN_MS)
    counted = upload_page.locator(".player .classes .name")
    expect(counted).to_have_text(["bag", "box", "envelope", "tote", "tube"], timeout=FIRST_PAINT_MS)
    expect(upload_page.get_by_text("375 of 375 frames analyzed")).to_be_visible()
