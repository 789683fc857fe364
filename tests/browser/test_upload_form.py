"""One form for one video or several, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import opened
from tests.support.dashboards import Dashboard
from tests.support.video_files import padded

pytestmark = pytest.mark.browser


@pytest.mark.soak
def test_one_form_runs_three_videos(dashboard: Dashboard, page: Page, small_video: Path, tmp_path: Path) -> None:
    size_bytes = small_video.stat().st_size + 100
    files = [padded(small_video, tmp_path / f"gate {number}.mp4", size_bytes + number) for number in range(3)]
    opened(page, dashboard, "upload")
    page.locator("input[type=file]").set_input_files(files[0])
    expect(page.get_by_role("button", name="Run analysis")).to_be_enabled()
    page.locator("input[type=file]").set_input_files(files[1:])
    run = page.get_by_role("button", name="Run 3 videos")
    expect(run).to_be_enabled()
    page.get_by_label("Tag", exact=True).fill("week 9")
    page.get_by_label("Tag", exact=True).press("Enter")
    run.click()
    expect(page.get_by_text("3 jobs started, tagged week 9.")).to_be_visible()
    page.get_by_role("link", name="View batch").click()
    expect(page.get_by_text("3 jobs", exact=True)).to_be_visible()
    expect(page.locator("[data-job]")).to_have_count(3)
    for number in range(3):
        expect(page.get_by_role("link", name=f"gate {number}.mp4")).to_be_visible(timeout=60_000)  # when it is done
