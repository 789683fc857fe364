"""The first minute: a new deployment, one click, and the analytics of the sample open."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from frametally.ledger.ledger import Ledger
from frametally.sample import MODEL_FILE
from tests.support.browser import FIRST_PAINT_MS
from tests.support.dashboards import StartDashboard

RUN_MS = 120_000


@pytest.mark.browser
def test_one_click_leads_from_a_new_deployment_to_the_counts_of_the_sample(
    start_dashboard: StartDashboard, browser: Browser
) -> None:
    dashboard = start_dashboard()
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.goto(dashboard.url)
        page.get_by_role("button", name="Try the sample").click(timeout=FIRST_PAINT_MS)
        expect(page.get_by_text("Opens automatically when finished.")).to_be_visible()
        expect(page.get_by_text("Results saved")).to_be_visible()

        expect(page.get_by_role("heading", name="Analytics")).to_be_visible(timeout=RUN_MS)
        ledger = Ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}")
        (job,) = ledger.jobs()
        ledger.close()
        assert page.url.startswith(f"{dashboard.url}/analytics?job={job.id}")
        counted = page.locator(".js-plotly-plot .legendtext")
        expect(counted).to_have_text(["bag", "box", "envelope", "tote", "tube"], timeout=FIRST_PAINT_MS)
        expect(page.get_by_text("375 of 375 frames analyzed")).to_be_visible()
        picker = page.get_by_role("combobox", name="Job")
        expect(picker).to_have_value(re.compile(r"^Sample · parcels\.mp4 · parcels/2 · 5 fps"))

        page.get_by_role("link", name="Jobs", exact=True).click()
        expect(page.get_by_text("Sample")).to_be_visible()
        page.get_by_role("link", name="Upload", exact=True).click()
        page.get_by_role("link", name="See the sample in analytics").click()
        expect(page).to_have_url(re.compile(rf"/analytics\?job={job.id}"))
    installed = dashboard.data_dir / "models" / "parcels" / "2" / "model.onnx"
    assert installed.read_bytes() == MODEL_FILE.read_bytes()
    assert "Traceback" not in dashboard.log.read_text()
