"""Ways between pages in a real browser: the filter of Jobs, dead addresses, the remembered service."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from frametally.job import JobStatus
from tests.support import fake_service
from tests.support.browser import FIRST_PAINT_MS, opened, wait_until
from tests.support.dashboards import Dashboard
from tests.support.fake_service import FakeService
from tests.support.ledgers import a_job, open_ledger

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def dashboard(dashboard_of_file: Dashboard) -> Dashboard:
    """A dashboard with a failed job and a finished one, whose results are not there."""
    with open_ledger(f"sqlite:///{dashboard_of_file.data_dir / 'frametally.db'}") as ledger:
        for name, status in (("north", JobStatus.FAILED), ("gate", JobStatus.SUCCEEDED)):
            ledger.add(a_job(name, status=status, video_name=f"{name}.mp4", video_url="https://host/v"))
    return dashboard_of_file


@pytest.mark.soak
def test_the_filter_is_kept_on_the_way_back_from_analytics(dashboard: Dashboard, page: Page) -> None:
    opened(page, dashboard, "jobs")
    page.get_by_placeholder("Name, model, note, tag or ID").fill("gate")
    expect(page.get_by_text("1 job", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("[?&]q=gate"))
    page.get_by_role("link", name="gate.mp4").click()
    expect(page.get_by_role("heading", name="Analytics")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("1 job", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("[?&]q=gate"))
    page.get_by_role("link", name="Upload", exact=True).click()
    expect(page.get_by_role("heading", name="Run a video")).to_be_visible()
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.get_by_text("1 job", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("[?&]q=gate"))


@pytest.mark.soak
def test_an_unknown_path_says_that_it_is_unknown(dashboard: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard.url}/analytic")
    expect(page.get_by_text("There is no page /analytic.")).to_be_visible(timeout=FIRST_PAINT_MS)
    page.get_by_role("dialog").get_by_role("button", name="Close").click()  # of Streamlit, which says the same
    page.get_by_test_id("stMain").get_by_role("link", name="Jobs").click()
    expect(page.get_by_text("2 jobs", exact=True)).to_be_visible()


@pytest.mark.soak
def test_an_address_whose_job_is_gone_stays_and_offers_the_newest(dashboard: Dashboard, page: Page) -> None:
    opened(page, dashboard, "analytics?job=gone&confidence=0.9")
    expect(page.get_by_text("The job of this link does not exist.")).to_be_visible()
    expect(page).to_have_url(f"{dashboard.url}/analytics?job=gone&confidence=0.9")
    page.get_by_role("button", name="Open newest").click()
    expect(page).to_have_url(f"{dashboard.url}/analytics?job=gate")


@pytest.mark.soak
def test_the_chosen_service_is_remembered_by_the_browser(dashboard: Dashboard, page: Page) -> None:
    with FakeService(in_words=False) as service:
        opened(page, dashboard, "configuration")
        page.get_by_text("Custom URL", exact=True).click()
        page.get_by_label("Service URL", exact=True).fill(service.url)
        page.get_by_label("API key", exact=True).fill(fake_service.KEY)
        page.get_by_role("button", name="Connect").click()
        expect(page.get_by_text("Connected to workspace acme.")).to_be_visible()
        wait_until(page, "() => document.cookie.includes('frametally_service=')")
        (cookie,) = [cookie for cookie in page.context.cookies() if cookie["name"] == "frametally_service"]
        assert fake_service.KEY not in cookie["value"]

        used = re.compile(rf"on: {re.escape(service.url.removeprefix('http://'))}|New jobs run on: 127")
        opened(page, dashboard, "configuration")  # a new session
        expect(page.get_by_text(used)).to_be_visible()
        expect(page.get_by_text("workspace acme")).to_be_visible()
        page.context.clear_cookies()  # as another browser
        page.reload()
        expect(page.get_by_text("New jobs run on: Built-in engine")).to_be_visible()
        forged = {"name": "frametally_service", "value": cookie["value"][:-2], "url": dashboard.url}
        page.context.add_cookies([forged])  # type: ignore[list-item]
        page.reload()
        expect(page.get_by_text("New jobs run on: Built-in engine")).to_be_visible()
