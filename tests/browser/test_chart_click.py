"""Clicks and drags with a real mouse on the timeline of the sample: on low curves and in the empty plot."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from frametally.sample import CLIP, INFER_FPS
from tests.support.browser import opened, wait_until
from tests.support.dashboards import Dashboard
from tests.support.players import ROOT, add_job, wait_for_rest
from tests.support.results_files import box, entry

pytestmark = pytest.mark.browser

TRUTH = json.loads(CLIP.with_name(f"{CLIP.stem}.truth.json").read_bytes())
STEP_S = 1 / INFER_FPS
ENTRIES = int(TRUTH["frames"] / TRUTH["fps"] * INFER_FPS)
NOT_ANALYZED = range(200, 210)
LONG = 1600
"""Entries of a video in whose chart a point stands for four of them."""
PLACE = f"""([time, value]) => {{
  const plot = ({ROOT})().querySelector(".js-plotly-plot");
  plot.scrollIntoView({{ block: "nearest" }});
  const {{ xaxis, yaxis }} = plot._fullLayout;
  const {{ left, top }} = plot.getBoundingClientRect();
  return [left + xaxis._offset + xaxis.l2p(time), top + yaxis._offset + yaxis.l2p(value)];
}}"""
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
def dashboard(dashboard_of_file: Dashboard) -> Dashboard:
    add_job(dashboard_of_file.data_dir, "sample", sample_results())
    add_job(dashboard_of_file.data_dir, "long", long_results())
    return dashboard_of_file


@pytest.fixture(params=[1440, pytest.param(390, marks=pytest.mark.soak)])
def page(request: pytest.FixtureRequest, tab: Page, dashboard: Dashboard) -> Page:
    """The whole timeline of the sample; it stays open from test to test, as opening it takes longer than most."""
    size = {"width": request.param, "height": 900}
    is_open = tab.url.startswith(f"{dashboard.url}/analytics?job=sample") and "window=" not in tab.url
    if not is_open or tab.viewport_size != size:
        tab.set_viewport_size({"width": request.param, "height": 900})
        open_timeline(tab, dashboard, "sample", classes=5)
    return tab


def open_timeline(page: Page, dashboard: Dashboard, job: str, *, classes: int) -> None:
    opened(page, dashboard, f"analytics?job={job}&chart=lines")
    expect(page.locator(".player .classes li")).to_have_count(classes)
    expect(page.locator(".player .playhead")).to_be_visible()
    wait_for_rest(page)


def click_at(page: Page, time_s: float, value: float) -> int:
    """Click into the chart; returns the entry that is expected, the analyzed one nearest in time to the pixel."""
    return nearest(clicked_s(page, time_s, value))


def clicked_s(page: Page, time_s: float, value: float) -> float:
    """Click into the chart; returns the time of the pixel."""
    page.locator(".player .main-svg").first.scroll_into_view_if_needed()
    x, y = page.evaluate(PLACE, [time_s, value])
    left, _ = page.evaluate(PLACE, [0, 0])
    right, _ = page.evaluate(PLACE, [60, 0])
    page.mouse.click(round(x), math.ceil(y) - 1)  # the lowest value is at the edge of the plot
    return float((round(x) - left) / (right - left) * 60)


def nearest(at_s: float) -> int:
    return min(set(range(ENTRIES)) - set(NOT_ANALYZED), key=lambda at: abs(at * STEP_S - at_s))


def drag(page: Page, from_s: float, to_s: float) -> None:
    """Drag from one time to another, half-way up the chart."""
    start, end = page.evaluate(PLACE, [from_s, 3]), page.evaluate(PLACE, [to_s, 3])
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def expect_entry(page: Page, at: int) -> None:
    expect(page.locator(".player .number")).to_have_text(f"frame {at * 5:,}")
    wait_for_rest(page)


def expect_in_link(page: Page, at: int) -> None:
    expect(page).to_have_url(re.compile(rf"[?&]frame={at}(&|$)"))


def test_a_click_anywhere_in_the_plot_shows_the_analyzed_frame_nearest_in_time(page: Page) -> None:
    counts = TRUTH["counts_per_second"]
    lowest = min(counts, key=lambda name: sum(counts[name]))
    top = max(map(max, counts.values()))
    for time_s in (1.5, 33.9, 70.1):
        for value in (counts[lowest][int(time_s)], top * 0.97):
            expect_entry(page, click_at(page, time_s, value))
    assert click_at(page, 40.6, 0) == NOT_ANALYZED.start - 1
    expect_entry(page, NOT_ANALYZED.start - 1)
    expect_in_link(page, NOT_ANALYZED.start - 1)


@pytest.mark.soak
def test_a_click_on_a_point_of_several_frames_shows_the_one_nearest_in_time(page: Page, dashboard: Dashboard) -> None:
    open_timeline(page, dashboard, "long", classes=1)
    entries = []
    for time_s in (40.5, 101.3, 187.0, 259.7):
        entries.append(round(clicked_s(page, time_s, 1.5) / STEP_S))
        expect_entry(page, entries[-1])
    assert any(at % 4 for at in entries)


@pytest.mark.soak
def test_the_same_place_can_be_clicked_again(page: Page) -> None:
    entry = click_at(page, 20.0, 0)
    expect_entry(page, entry)
    page.get_by_role("button", name="Next frame", exact=True).click()
    expect_entry(page, entry + 1)
    click_at(page, 20.0, 0)
    expect_entry(page, entry)
    expect_in_link(page, entry)


@pytest.mark.soak
def test_a_copied_link_shows_the_view_of_this_moment(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    entry = click_at(page, 31.0, 0)
    page.keyboard.press("c")
    wait_until(page, f"async () => (await navigator.clipboard.readText()).includes('frame={entry}&')")
    expect_entry(page, entry)


@pytest.mark.soak
def test_the_playhead_can_be_dragged(page: Page) -> None:
    expect_entry(page, click_at(page, 20.0, 3))
    drag(page, 20.0, 50.0)
    entry = round(50.0 / STEP_S)
    expect(page.locator(".player .number")).to_have_text(
        re.compile(rf"^frame ({'|'.join(f'{at * 5:,}' for at in range(entry - 1, entry + 2))})$")
    )
    expect(page).not_to_have_url(re.compile("window="))


def test_another_drag_zooms_and_a_double_click_zooms_out(page: Page) -> None:
    entry = click_at(page, 5.0, 0)
    expect_entry(page, entry)
    drag(page, 12.0, 30.0)
    expect(page).to_have_url(re.compile("window=1[12]"))
    expect(
        page.get_by_text("in the whole video").or_(page.get_by_text(re.compile(r"\b9\d of 9\d frames")))
    ).to_be_attached()  # a narrow screen has no room for it
    expect_entry(page, entry)
    expect(page.locator(".player .playhead")).to_be_hidden()
    page.mouse.dblclick(*page.evaluate(PLACE, [20.0, 3]))
    expect(page).not_to_have_url(re.compile("window="))
    expect(page.locator(".player .playhead")).to_be_visible()


@pytest.mark.soak
def test_the_list_of_classes_filters_chart_and_page(page: Page) -> None:
    lines = page.locator(".player .scatterlayer .trace")
    before = len(TRUTH["counts_per_second"]) + 1  # what was not analyzed, too
    expect(lines).to_have_count(before)
    page.get_by_role("checkbox", name="tote").uncheck()
    expect(lines).to_have_count(before - 1)
    expect(page).to_have_url(re.compile("classes="))
    expect(page).not_to_have_url(re.compile("tote"))
    page.get_by_role("button", name="Show all classes").click()
    expect(lines).to_have_count(before)
    expect(page).not_to_have_url(re.compile("classes="))


@pytest.mark.soak
def test_the_back_button_returns_to_the_frame_before(page: Page) -> None:
    first = click_at(page, 20.0, 0)
    expect_in_link(page, first)
    second = click_at(page, 60.0, 0)
    expect_in_link(page, second)
    page.go_back()
    expect_in_link(page, first)
    expect_entry(page, first)


@pytest.mark.soak
def test_outlines_stand_until_the_player_is_loaded_and_newer_data_do_not_close_it(
    page: Page, dashboard: Dashboard
) -> None:
    held: list[Route] = []
    page.route("**/player.js", lambda route: held.append(route))
    with page.expect_request("**/player.js"):
        opened(page, dashboard, "analytics?job=sample&frame=3")
    for outline in (".stage", ".classes ul:empty", ".plot:empty"):
        expect(page.locator(f".player.loading[aria-busy=true] {outline}").first).to_be_visible()
    page.get_by_text("Show sensitivity").click()
    expect(page).to_have_url(re.compile("band="))
    page.wait_for_timeout(1000)
    for route in held:
        route.continue_()
    page.unroute_all()
    expect(page.locator(".player .main-svg").first).to_be_attached()
    expect(page.locator(".player")).to_have_attribute("aria-busy", "false")
    wait_for_rest(page)  # until then the page below the pointer may move
    expect_entry(page, click_at(page, 20.0, 0))


@pytest.mark.soak
def test_the_tiles_lead_to_the_peak_and_to_the_busiest_stretch(page: Page) -> None:
    counts = TRUTH["counts_per_second"]
    known = sorted(set(range(ENTRIES)) - set(NOT_ANALYZED))
    peak, name = max((max(counts[name][int(at * STEP_S)] for at in known), name) for name in counts)
    peak_entry = next(at for at in known if counts[name][int(at * STEP_S)] == peak)
    tile = page.locator(".tile", has_text="Peak")
    expect(tile).to_contain_text(f"{peak} {name}")
    tile.click()
    expect_entry(page, peak_entry)
    expect_in_link(page, peak_entry)
    page.locator(".tile", has_text="Busiest").click()
    expect(page.locator(".player .number")).not_to_have_text(f"frame {peak_entry * 5:,}")
    minutes, seconds = (
        page.locator(".tile", has_text="Busiest").locator(".value").inner_text().split(" to ")[0].split(":")
    )
    expect_entry(page, round((int(minutes) * 60 + float(seconds)) / STEP_S))


def test_the_page_knows_the_address_of_its_server(page: Page, dashboard: Dashboard) -> None:
    """Streamlit's own document would ask for it below `/analytics` first."""
    names = "performance.getEntriesByType('resource').map(({ name }) => name)"
    asked = [name for name in page.evaluate(names) if "_stcore/health" in name]
    assert set(asked) == {f"{dashboard.url}/_stcore/health"}
