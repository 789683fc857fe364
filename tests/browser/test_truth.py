"""Labels in a real browser: a file is chosen, its worst second is one click from its frame, another job uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.rendering.truth.test_routes import labels
from tests.support.browser import FIRST_PAINT_MS, opened, violations_in
from tests.support.checked_results import ENTRIES, checked_results
from tests.support.dashboards import Dashboard
from tests.support.numbered_videos import write_numbered
from tests.support.players import add_job

pytestmark = pytest.mark.browser

TAB = "analytics?job=kitchen&section=Ground+truth"
FRAMES = [*range(8, 2 * ENTRIES, 4)]


@pytest.mark.parametrize("goes_on", ["here", pytest.param("at another job", marks=pytest.mark.soak)])
def test_a_file_with_labels_is_compared_and_kept(
    dashboard: Dashboard, page: Page, tmp_path: Path, goes_on: str
) -> None:
    clip = write_numbered(tmp_path / "clip.mp4", 50)
    add_job(dashboard.data_dir, "kitchen", checked_results(), clip)
    add_job(dashboard.data_dir, "again", checked_results(), clip)
    (tmp_path / "bad.json").write_text("[")
    (tmp_path / "good.json").write_bytes(labels(FRAMES))
    opened(page, dashboard, TAB)
    choose = page.locator(".truth input[type=file]")
    expect(page.locator(".truth .start")).to_be_visible(timeout=FIRST_PAINT_MS)
    choose.set_input_files(tmp_path / "bad.json")
    expect(page.locator(".truth .state")).to_contain_text("bad.json is not a COCO JSON")
    choose.set_input_files(tmp_path / "good.json")
    report = page.locator(".truth .report")
    expect(report.locator("h2").first).to_have_text(f"{len(FRAMES)} frames compared", timeout=FIRST_PAINT_MS)
    expect(report.locator(".tiles dd").first).to_have_text("0.500")
    expect(report.locator(".chart .main-svg").first).to_be_attached()
    assert violations_in(page, ".truth") == []

    report.locator(".worst button", has_text="plate: 1 missing, 1 too many").first.press("Enter")
    expect(page.locator(".player[data-entry]")).to_have_attribute("data-entry", str(FRAMES[0] // 2))
    if goes_on == "at another job":
        page.goto(f"{dashboard.url}/{TAB.replace('kitchen', 'again')}")
        page.get_by_role("button", name="Use good.json of another job").click(timeout=FIRST_PAINT_MS)
        expect(page.locator(".truth .about")).to_contain_text("good.json")
        expect(report.locator("h2").first).to_be_visible()
    page.get_by_role("button", name="Remove…").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator(".truth .start")).to_be_visible()
