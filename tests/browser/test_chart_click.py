"""Clicks with a real mouse on charts: on low curves, in the empty plot, on points that stand for several frames."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from frametally.job import JobStatus
from frametally.results import archive_results
from frametally.sample import CLIP, INFER_FPS
from tests.support.browser import opened
from tests.support.dashboards import Dashboard, starting_dashboards
from tests.support.ledgers import a_job, open_ledger
from tests.support.results_files import box, entry

pytestmark = pytest.mark.browser

TRUTH = json.loads(CLIP.with_name(f"{CLIP.stem}.truth.json").read_bytes())
STEP_S = 1 / INFER_FPS
ENTRIES = int(TRUTH["frames"] / TRUTH["fps"] * INFER_FPS)
NOT_ANALYZED = range(200, 210)
LONG = 1600
"""Entries of a video in whose chart a point stands for four of them."""
PLACE = """(value) => {
  const { _fullLayout: { xaxis, yaxis } } = document.querySelector(".js-plotly-plot");
  const plot = document.querySelector(".nsewdrag[data-subplot='xy']").getBoundingClientRect();
  return [plot.left + xaxis.d2p(value[0]), plot.top + yaxis.d2p(value[1])];
}"""
"""The place on the screen of a point in the chart."""


def sample_results() -> dict[str, Any]:
    """Results of the sample with its true counts; ten frames were not analyzed."""
    counts = TRUTH["counts_per_second"]
    found = [
        None
        if at in NOT_ANALYZED
        else entry(*(box(name, 0.9) for name in counts for _ in range(counts[name][int(at * STEP_S)])))
        for at in range(ENTRIES)
    ]
    return offsets_of(ENTRIES) | {"parcels": found}


def long_results() -> dict[str, Any]:
    """Every fourth frame has more detections than the others."""
    found = [entry(*[box("parcel", 0.9)] * (1 if at % 4 else 5)) for at in range(LONG)]
    return offsets_of(LONG) | {"parcels": found}


def offsets_of(entries: int) -> dict[str, Any]:
    return {
        "frame_offset": [at * 5 for at in range(entries)],
        "time_offset": [round(at * STEP_S, 4) for at in range(entries)],
    }


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("dashboard")
    data_dir, plain = folder / "data", folder / "results.json"
    data_dir.mkdir(mode=0o700)
    (data_dir / "results").mkdir()
    with open_ledger(f"sqlite:///{data_dir / 'frametally.db'}") as ledger:
        for name, results in (("sample", sample_results()), ("long", long_results())):
            plain.write_text(json.dumps(results))
            archive_results(plain, data_dir / "results" / name)
            ledger.add(a_job(name, status=JobStatus.SUCCEEDED))
    with starting_dashboards(folder) as start:
        yield start()


@pytest.fixture(params=[1440, pytest.param(390, marks=pytest.mark.soak)])
def page(request: pytest.FixtureRequest, page: Page, dashboard: Dashboard) -> Page:
    page.set_viewport_size({"width": request.param, "height": 900})
    opened(page, dashboard, "analytics?job=sample")
    expect(page.locator(".js-plotly-plot .legendtext")).to_have_count(6)  # with "not analyzed"
    return page


def click_at(page: Page, time_s: float, value: float) -> int:
    """Click into the chart; returns the entry that is expected, the analyzed one nearest in time to the pixel."""
    return nearest(clicked_s(page, time_s, value))


def clicked_s(page: Page, time_s: float, value: float) -> float:
    """Click into the chart; returns the time of the pixel."""
    chart = page.locator(".js-plotly-plot")
    expect(chart).to_have_count(1)  # not while the chart of the click before is replaced
    chart.scroll_into_view_if_needed()
    x, y = page.evaluate(PLACE, [time_s, value])
    left, _ = page.evaluate(PLACE, [0, 0])
    right, _ = page.evaluate(PLACE, [60, 0])
    page.mouse.click(round(x), round(y))
    return float((round(x) - left) / (right - left) * 60)


def nearest(at_s: float) -> int:
    return min(set(range(ENTRIES)) - set(NOT_ANALYZED), key=lambda at: abs(at * STEP_S - at_s))


def expect_entry(page: Page, at: int) -> None:
    expect(page.get_by_text(f"Frame {at * 5:,} at ")).to_be_visible()


def test_a_click_anywhere_in_the_plot_shows_the_analyzed_frame_nearest_in_time(page: Page) -> None:
    counts = TRUTH["counts_per_second"]
    lowest = min(counts, key=lambda name: sum(counts[name]))
    top = max(map(max, counts.values()))
    for time_s in (1.5, 13.3, 26.1, 33.9, 55.7, 70.1):
        for value in (counts[lowest][int(time_s)], top * 0.97):
            expect_entry(page, click_at(page, time_s, value))
    assert click_at(page, 40.6, 0) == NOT_ANALYZED.start - 1
    expect_entry(page, NOT_ANALYZED.start - 1)


def test_a_click_on_a_point_of_several_frames_shows_the_one_nearest_in_time(page: Page, dashboard: Dashboard) -> None:
    opened(page, dashboard, "analytics?job=long")
    expect(page.locator(".js-plotly-plot .legendtext")).to_have_count(1)
    entries = []
    for time_s in (40.5, 101.3, 187.0, 259.7):
        entries.append(round(clicked_s(page, time_s, 1.5) / STEP_S))
        expect_entry(page, entries[-1])
    assert any(at % 4 for at in entries)


def test_the_same_place_can_be_clicked_again(page: Page) -> None:
    entry = click_at(page, 20.0, 0)
    expect_entry(page, entry)
    page.get_by_role("button", name="Next", exact=True).click()
    expect_entry(page, entry + 1)
    click_at(page, 20.0, 0)
    expect_entry(page, entry)


def test_a_drag_with_the_box_tool_selects_a_time_range_and_no_frame(page: Page) -> None:
    entry = click_at(page, 5.0, 0)
    expect_entry(page, entry)
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    expect(page.locator(".js-plotly-plot")).to_have_count(1)  # not while the chart of the click is replaced
    page.locator(".js-plotly-plot").hover()
    page.locator(".modebar-btn[data-title='Box Select']").click()
    start, end = page.evaluate(PLACE, [2.0, 1]), page.evaluate(PLACE, [30.0, 1])
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()
    expect(page.get_by_role("button", name="Whole video")).to_be_visible()
    expect_entry(page, entry)
