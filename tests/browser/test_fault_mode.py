"""The dashboard in fault mode, in a real browser, in `make soak`.

In `make test`, `tests/pages/test_faults.py` follows these faults through the pages without a browser.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.support.browser import opened
from tests.support.dashboards import ROOT, StartDashboard

FAULTS = "upload-breaks:1,results-nulls"


@pytest.mark.browser
@pytest.mark.soak
def test_a_job_survives_a_broken_upload_and_shows_what_was_not_analyzed(
    start_dashboard: StartDashboard, page: Page, small_video: Path
) -> None:
    dashboard = start_dashboard(FRAMETALLY_ENGINE_FAULTS=FAULTS)
    key = {"api_key": (dashboard.data_dir / "engine" / "key").read_text()}
    described = requests.get(f"{dashboard.url}/videoinfer/openapi.json", params=key, timeout=20)
    assert described.json()["openapi"] == "3.1.0"
    opened(page, dashboard, "analytics")
    expect(page.get_by_role("heading", level=1)).to_have_text("Analytics")
    expect(page.get_by_role("link", name="app", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Upload", exact=True).click()
    banner = page.get_by_text(f"Fault mode: the built-in engine simulates {FAULTS}.")
    expect(banner).to_be_visible()
    page.locator("input[type=file]").set_input_files(small_video)
    page.get_by_role("button", name="Run analysis").click()
    expect(page.get_by_text("connection closed")).to_be_visible()
    page.get_by_role("link", name="Open in analytics").click(timeout=60_000)
    expect(page.get_by_text("10 of 20 frames analyzed · 10 not analyzed")).to_be_visible()
    expect(banner).to_be_visible()
    assert "fault upload-breaks applied to PUT /videoinfer/uploads/{token}" in dashboard.log.read_text()
    assert "Traceback" not in dashboard.log.read_text()


@pytest.mark.soak
def test_fault_mode_is_refused_on_a_public_address(tmp_path: Path) -> None:
    """Without `--server.address`, Streamlit listens on all addresses."""
    own = {"FRAMETALLY_DATA_DIR": str(tmp_path), "PYTHONPATH": str(ROOT), "FRAMETALLY_ENGINE_FAULTS": FAULTS}
    foreign = {name: value for name, value in os.environ.items() if not name.startswith(("FRAMETALLY_", "ROBO"))}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", "0"]
    ended = subprocess.run(
        command, cwd=ROOT, env=foreign | own, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 1
    assert "FRAMETALLY_ENGINE_FAULTS" in ended.stderr
