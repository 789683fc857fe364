"""The Jobs page in a real browser: input and dialogs survive the refresh every two seconds."""

from __future__ import annotations

import csv
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from frametally.job import JobStatus
from tests.support.browser import FIRST_PAINT_MS, choose_action, job_row
from tests.support.dashboards import Dashboard
from tests.support.ledgers import a_job, open_ledger

pytestmark = pytest.mark.browser


@pytest.fixture
def jobs_page(dashboard: Dashboard, page: Page) -> Page:
    """Four jobs: north and south have failed, gate is done, belt is in progress, so that the page refreshes."""
    now = datetime.now(UTC)
    known = {"north": JobStatus.FAILED, "south": JobStatus.FAILED, "gate": JobStatus.SUCCEEDED}
    in_progress = {
        "remote_job_id": "r1",
        "next_check_at": now + timedelta(days=1),
        "created_at": now - timedelta(days=1),
    }
    with open_ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}") as ledger:
        for age, (name, status) in enumerate(known.items()):
            began = now - timedelta(hours=age)
            ledger.add(
                a_job(name, status=status, video_name=f"{name}.mp4", created_at=began, video_url="https://host/v")
            )
        ledger.add(a_job("belt", status=JobStatus.SUBMITTED, video_name="belt.mp4", **in_progress))
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{dashboard.url}/jobs")
    expect(job_row(page, "gate")).to_be_visible(timeout=FIRST_PAINT_MS)
    return page


@pytest.mark.soak
def test_a_note_is_written_while_the_page_refreshes(jobs_page: Page) -> None:
    page = jobs_page
    choose_action(page, "south", "Note and tags…")
    page.get_by_role("combobox", name="Tags").fill("night shift")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # closes the list of tags; the rest of the page is hidden while it is open
    expect(page.get_by_label("Note", exact=True)).to_be_visible()
    page.get_by_label("Note", exact=True).fill("Rain until noon.")
    page.wait_for_timeout(2500)
    page.get_by_role("button", name="Save").click()
    expect(job_row(page, "south").get_by_text("Rain until noon.")).to_be_visible()
    expect(job_row(page, "south").get_by_text("night shift")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    choose_action(page, "gate", "Note and tags…")
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.wait_for_timeout(2500)
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.soak
def test_a_search_is_kept_in_the_url_and_the_list_is_exported(jobs_page: Page) -> None:
    page = jobs_page
    page.get_by_placeholder("Name, model, note, tag or ID").fill("north")
    expect(job_row(page, "gate")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/jobs\?q=north$"))
    page.reload()
    expect(job_row(page, "north")).to_be_visible(timeout=FIRST_PAINT_MS)
    expect(page.get_by_text("1 job", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines()))
    assert [(row["job_id"], row["status"]) for row in rows] == [("north", "failed")]


@pytest.mark.soak
def test_a_deleted_job_is_restored_and_a_failed_job_is_retried(jobs_page: Page) -> None:
    page = jobs_page
    choose_action(page, "south", "Delete")
    expect(job_row(page, "south")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(job_row(page, "south")).to_be_visible()
    choose_action(page, "south", "History")
    expect(page.get_by_role("dialog").get_by_text(re.compile("Restored|Brought back"))).to_be_visible()
    page.keyboard.press("Escape")
    job_row(page, "north").get_by_role("button", name="Retry").click()
    expect(page.get_by_text("5 jobs", exact=True)).to_be_visible()


@pytest.mark.soak
def test_a_ledger_outage_is_shown_on_the_open_page_until_it_ends(jobs_page: Page, dashboard: Dashboard) -> None:
    ledger = dashboard.data_dir / "frametally.db"
    with closing(sqlite3.connect(ledger, timeout=20)) as connection:
        connection.execute("ALTER TABLE job RENAME TO away")
        expect(jobs_page.get_by_text("job ledger")).to_be_visible()
        expect(job_row(jobs_page, "gate")).to_have_count(0)
        connection.execute("ALTER TABLE away RENAME TO job")
    expect(job_row(jobs_page, "gate")).to_be_visible()
    expect(jobs_page.get_by_text("job ledger")).to_have_count(0)
