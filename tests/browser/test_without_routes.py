"""The Analytics page where a launcher runs the UI as a script, without the routes of `app.py`: chart and frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import opened
from tests.support.dashboards import Dashboard, starting_dashboards
from tests.support.numbered_videos import numbered_results, write_numbered
from tests.support.players import add_job

pytestmark = [pytest.mark.browser, pytest.mark.soak]  # in `make test`, AppTest opens all pages without routes

PLACE = """(time) => {
  const { _fullLayout: { xaxis, yaxis } } = document.querySelector(".js-plotly-plot");
  const plot = document.querySelector(".nsewdrag[data-subplot='xy']").getBoundingClientRect();
  return [plot.left + xaxis.d2p(time), plot.top + yaxis.d2p(1)];
}"""


@pytest.fixture
def dashboard(tmp_path: Path) -> Iterator[Dashboard]:
    clip = write_numbered(tmp_path / "clip.mp4", 60)
    add_job(tmp_path / "data", "clip", numbered_results(clip, 6), clip)
    with starting_dashboards(tmp_path, script="components/shell.py") as start:
        yield start()


def test_the_page_shows_chart_and_frame_and_says_what_is_missing(dashboard: Dashboard, page: Page) -> None:
    opened(page, dashboard, "analytics?job=clip&frame=2")
    expect(page.get_by_text("Videos cannot be played here")).to_be_visible()
    expect(page.get_by_text("Frame 12 at 0:00.4")).to_be_visible()
    expect(page.get_by_test_id("stImage").locator("img")).to_be_visible()
    expect(page.locator(".player")).to_have_count(0)
    page.locator(".js-plotly-plot").scroll_into_view_if_needed()
    page.mouse.click(*page.evaluate(PLACE, 1.4))
    expect(page.get_by_text("Frame 42 at 0:01.4")).to_be_visible()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_text("Frame 48 at 0:01.6")).to_be_visible()
    assert "Traceback" not in dashboard.log.read_text()
