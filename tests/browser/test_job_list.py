"""The list of jobs in a real browser: rows open, sort and answer to keys; pictures and counts are shown and cached."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from frametally.clock import utc_now
from frametally.job import JobStatus
from frametally.library.library import Library
from tests.support.archives import archive_cached
from tests.support.browser import FIRST_PAINT_MS, job_row, wait_until
from tests.support.dashboards import Dashboard
from tests.support.documents import box
from tests.support.ledgers import a_job, open_ledger
from tests.support.short_documents import document, entry

pytestmark = pytest.mark.browser

REASON = "Model nope/7 is not installed on the built-in engine. Choose another model."


@pytest.fixture(scope="module")
def dashboard(dashboard_of_file: Dashboard, tmp_path_factory: pytest.TempPathFactory, small_video: Path) -> Dashboard:
    """A dashboard with a finished job, whose video is stored, and two that have failed."""
    folder, data_dir = tmp_path_factory.mktemp("results"), dashboard_of_file.data_dir
    video = Library(data_dir / "media", max_video_bytes=1 << 30).add(small_video, actor=None)
    results = folder / "results.json"
    results.write_text(json.dumps(document(entry(box(), box()), entry(box()), None)))
    (data_dir / "results").mkdir(exist_ok=True)
    archive_cached(results, data_dir / "results" / "gate")
    with open_ledger(f"sqlite:///{data_dir / 'frametally.db'}") as ledger:
        for age, name in enumerate(("belt", "gate", "annex")):
            done = name == "gate"
            ledger.add(
                a_job(
                    name,
                    status=JobStatus.SUCCEEDED if done else JobStatus.FAILED,
                    video_name=f"{name}.mp4",
                    video_sha256=video.sha256 if done else None,
                    video_url="https://host/v",
                    failure="" if done else REASON,
                    created_at=utc_now() - timedelta(hours=age + 1),
                )
            )
    return dashboard_of_file


@pytest.fixture
def jobs_page(dashboard: Dashboard, page: Page) -> Page:
    page.goto(f"{dashboard.url}/jobs")
    expect(job_row(page, "gate")).to_be_visible(timeout=FIRST_PAINT_MS)
    return page


def order(page: Page) -> list[str]:
    return [str(row.get_attribute("data-job")) for row in page.locator("[data-job]").all()]


@pytest.mark.soak
def test_a_row_shows_its_picture_and_its_peak_and_opens(jobs_page: Page) -> None:
    page = jobs_page
    image = job_row(page, "gate").locator("img")
    expect(image).to_be_visible()
    assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [144, 108]
    expect(job_row(page, "gate").locator(".peak")).to_have_text("2 car")
    expect(job_row(page, "belt").locator("img")).to_be_hidden()
    job_row(page, "gate").click(position={"x": 900, "y": 10})  # anywhere in the row
    expect(page).to_have_url(re.compile(r"/analytics\?job=gate"))
    expect(page.get_by_role("heading", name="Analytics")).to_be_visible()


@pytest.mark.soak
def test_an_error_is_one_line_that_opens(jobs_page: Page) -> None:
    row = job_row(jobs_page, "belt")
    height_px = row.evaluate("row => row.offsetHeight")
    assert height_px <= 58
    line = row.get_by_role("button", name=REASON)
    line.click()
    expect(line).to_have_attribute("aria-expanded", "true")
    expect(row.locator(".details")).to_contain_text(REASON)
    line.click()
    expect(row.locator(".details")).to_be_hidden()


@pytest.mark.soak
def test_columns_sort_and_the_address_holds_the_order(jobs_page: Page) -> None:
    page = jobs_page
    assert order(page) == ["belt", "gate", "annex"]
    page.get_by_role("button", name="Video", exact=True).click()
    expect(page.locator("[data-job]").first).to_have_attribute("data-job", "annex")
    expect(page.get_by_role("columnheader", name="Video")).to_have_attribute("aria-sort", "ascending")
    expect(page).to_have_url(re.compile(r"[?&]sort=name"))
    page.get_by_role("button", name="Video", exact=True).click()
    expect(page.locator("[data-job]").first).to_have_attribute("data-job", "gate")
    page.get_by_role("button", name="Created", exact=True).click()
    expect(page.locator("[data-job]").first).to_have_attribute("data-job", "belt")


@pytest.mark.soak
def test_keys_move_and_open_but_do_not_disturb_typing(jobs_page: Page) -> None:
    page = jobs_page
    page.keyboard.press("j")
    expect(job_row(page, "belt").locator(".open")).to_be_focused()
    page.keyboard.press("Enter")
    expect(job_row(page, "belt").locator(".details")).to_be_visible()
    search = page.get_by_placeholder("Name, model, note, tag or ID")
    search.press_sequentially("jk")
    expect(search).to_have_value("jk")
    search.fill("")
    search.press("Enter")
    expect(page.locator("[data-test-script-state=notRunning]")).to_be_visible()
    expect(job_row(page, "belt")).to_be_visible()
    job_row(page, "annex").locator(".open").focus()
    page.keyboard.press("k")
    expect(job_row(page, "gate").locator(".open")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/analytics\?job=gate"))


@pytest.mark.soak
def test_compact_rows_are_remembered(jobs_page: Page) -> None:
    page = jobs_page
    tall_px = job_row(page, "gate").evaluate("row => row.offsetHeight")
    page.get_by_role("button", name="Compact rows").click()
    page.reload()
    expect(page.get_by_role("button", name="Compact rows")).to_have_attribute("aria-pressed", "true")
    assert job_row(page, "gate").evaluate("row => row.offsetHeight") < tall_px - 15


CLICK_WITH_NOTICE = """() => {
  const wait = window.setTimeout;
  const roots = [document, ...[...document.querySelectorAll("*")].flatMap((one) => one.shadowRoot ?? [])];
  const link = roots.map((root) => root.querySelector("[data-job=gate] .open")).find(Boolean);
  window.setTimeout = (call, ...rest) => {
    if (!String(call).includes("sendUpdateWidgetsMessage")) return wait(call, ...rest);
    window.setTimeout = wait;
    queueMicrotask(() => link.click());
    return wait(call, ...rest);
  };
  frametallyEnds.report(1);
}"""
"""Clicks a row after a notice has asked for its run, and before Streamlit sends that."""


def test_a_row_that_is_clicked_while_a_notice_is_sent_opens(jobs_page: Page) -> None:
    wait_until(jobs_page, "Boolean(window.frametallyEnds?.report)")
    jobs_page.evaluate(CLICK_WITH_NOTICE)
    expect(jobs_page).to_have_title("gate.mp4 · Analytics · Frametally", timeout=30_000)


def test_a_job_is_found_from_another_page_by_keyboard(dashboard: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard.url}/configuration")
    expect(page.get_by_role("heading", name="Configuration")).to_be_visible(timeout=FIRST_PAINT_MS)
    expect(page.get_by_role("button", name="Service: Built-in engine")).to_be_visible()
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search jobs")
    expect(field).to_be_focused()
    expect(page.get_by_role("option")).to_have_count(3)
    page.keyboard.type("mp4 an")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(job_row(page, "annex")).to_be_visible()
    expect(page).to_have_title("Jobs · Frametally")
    page.keyboard.press("Control+k")
    page.keyboard.type("gate")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_title("gate.mp4 · Analytics · Frametally")


BELOW = """title => {
  const next = title.closest("[data-testid=stElementContainer]").nextElementSibling;
  return next.getBoundingClientRect().top - title.getBoundingClientRect().bottom;
}"""
"""Pixels between a title and what follows it."""


def test_on_a_phone_the_navigation_closes_when_a_page_is_chosen(dashboard: Dashboard, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{dashboard.url}/configuration")
    search = page.get_by_role("button", name="Search jobs")
    expect(search).to_be_visible(timeout=FIRST_PAINT_MS)
    opener = page.get_by_test_id("stExpandSidebarButton")
    opener.click()
    expect(search).to_be_hidden()  # the navigation has its place
    page.get_by_test_id("stSidebar").get_by_role("link", name="Upload").press("Enter")
    title = page.get_by_role("heading", name="Run a video")
    expect(title).to_be_visible()
    assert title.evaluate(BELOW) >= 8
    expect(page.get_by_test_id("stSidebar")).to_have_attribute("data-collapsed", "true")
    expect(search).to_be_visible()
    expect(opener).to_be_focused()


@pytest.mark.soak
def test_a_chosen_theme_is_kept_on_every_page(dashboard: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard.url}/configuration")
    expect(page.get_by_role("heading", name="Configuration")).to_be_visible(timeout=FIRST_PAINT_MS)
    switch = page.get_by_role("button", name="Dark theme")
    switch.click()
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(15, 22, 20)")
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_test_id("stMainMenuPopover")).to_have_count(0)
    wait_until(page, "() => Object.keys(localStorage).some((key) => key.includes('/help-v'))")
    page.goto(f"{dashboard.url}/jobs")
    expect(job_row(page, "gate")).to_be_visible(timeout=FIRST_PAINT_MS)
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(15, 22, 20)")
    page.get_by_role("button", name="Dark theme").click()
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", "rgb(255, 255, 255)")
