"""The dashboard below a base path: directly, and behind a proxy that strips the path or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, expect

from frametally.client.client import VideoInferenceClient
from tests.support.browser import FIRST_PAINT_MS, downloaded, run_to_the_end
from tests.support.dashboards import Dashboard, StartDashboard
from tests.support.deployment import MOTION
from tests.support.players import wait_for_rest
from tests.support.polling import until
from tests.support.proxy import proxying

pytestmark = pytest.mark.browser

BASE = "/tools/tally"


WAYS = ("direct", "proxy", "stripping proxy", "stripping proxy without baseUrlPath")


@pytest.fixture(params=[pytest.param(way, marks=[pytest.mark.soak] if way != WAYS[2] else []) for way in WAYS])
def dashboard(request: pytest.FixtureRequest, start_dashboard: StartDashboard) -> Iterator[Dashboard]:
    """A dashboard, with the URL under which users reach it."""
    settings = {} if request.param.endswith("without baseUrlPath") else {"STREAMLIT_SERVER_BASE_URL_PATH": BASE[1:]}
    own = start_dashboard(**settings)
    if request.param == "direct":
        yield replace(own, url=own.url + BASE)
        return
    port = urlsplit(own.url).port or 0
    with proxying(port, BASE, strips=request.param.startswith("stripping")) as url:
        yield replace(own, url=url)


def test_uploads_media_downloads_and_the_engine_work_below_a_base_path(
    dashboard: Dashboard, browser: Browser, small_video: Path
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{dashboard.url}/upload")
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=FIRST_PAINT_MS)
        run_to_the_end(page, small_video)
        expect(page.get_by_text("20 of 20 frames analyzed")).to_be_visible()
        wait_for_rest(page)
        expect(page.locator(".player .scatterlayer .point")).to_have_count(20)
        copied = context.new_page()
        copied.goto(f"{page.url}&section=Export")
        expect(copied.get_by_text("20 of 20 frames analyzed")).to_be_visible(timeout=FIRST_PAINT_MS)
        assert "motion" in downloaded(copied, "link", "Original results (JSON)").path().read_text()
    _run_through_the_api(dashboard, small_video)


def _run_through_the_api(dashboard: Dashboard, video: Path) -> None:
    """Run a job as a script on another machine would; the engine's links lead through the proxy."""
    client = VideoInferenceClient(dashboard.url, (dashboard.data_dir / "engine" / "key").read_text())
    upload_url = client.request_upload_url(video.name)
    assert upload_url.startswith(f"{dashboard.url}/videoinfer/uploads/")
    client.upload(video, upload_url)
    job_id = client.start_job(input_url=upload_url, infer_fps=5, models=[MOTION.request])
    results_url = until(lambda: client.get_status(job_id).report.output_signed_url, poll_s=0.5)
    assert results_url.startswith(f"{dashboard.url}/videoinfer/results/")
    assert requests.get(results_url, timeout=20).json()["motion"]
