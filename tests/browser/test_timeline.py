"""The options of the timeline in a real browser: kinds of charts, buckets, time of day, the legend, the hover."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.test_chart_click import ENTRIES, STEP_S, TRUTH, offsets_of, sample_results
from tests.support.browser import opened, wait_until
from tests.support.dashboards import Dashboard
from tests.support.numbered_videos import numbered_results, write_numbered
from tests.support.players import ROOT, add_job, place_in_timeline, wait_for_rest
from tests.support.results_files import box, entry

pytestmark = pytest.mark.browser

DRAWN = f"""() => ({ROOT})().querySelector(".js-plotly-plot").data
  .filter((trace) => trace.meta && trace.visible !== false)
  .map(({{ type, x, y, z, meta }}) => ({{ type, x: [...x], y: [...y], z, meta }}))"""
"""The traces of classes that are drawn."""


def many_classes() -> dict[str, Any]:
    """Twelve classes, of which five are common."""
    boxes = [box(f"c{at:02}", 0.9) for at in range(12) for _ in range(2 if at < 5 else 1)]
    return offsets_of(50) | {"coco": [entry(*boxes)] * 50}


@pytest.fixture(scope="module")
def dashboard(dashboard_of_file: Dashboard, tmp_path_factory: pytest.TempPathFactory) -> Dashboard:
    data_dir = dashboard_of_file.data_dir
    clip = write_numbered(tmp_path_factory.mktemp("clip") / "clip.mp4", 100)
    add_job(data_dir, "sample", sample_results())
    add_job(data_dir, "many", many_classes())
    add_job(data_dir, "clip", numbered_results(clip, 4), clip)
    return dashboard_of_file


def open_job(page: Page, dashboard: Dashboard, job: str, *, width_px: int = 1440) -> None:
    page.set_viewport_size({"width": width_px, "height": 1000})
    opened(page, dashboard, f"analytics?job={job}")
    wait_for_rest(page)
    expect(page.locator(".player .plot .main-svg").first).to_be_attached()
    expect(page.locator(".player .peak").first).not_to_be_empty()


def means(name: str, bucket_s: float) -> list[float]:
    """The means of the true counts of the frames that were analyzed."""
    analyzed = [at for at in range(ENTRIES) if at not in range(200, 210)]
    buckets: dict[int, list[int]] = {}
    for at in analyzed:
        buckets.setdefault(int(at * STEP_S // bucket_s), []).append(TRUTH["counts_per_second"][name][int(at * STEP_S)])
    return [sum(found) / len(found) for _, found in sorted(buckets.items())]


@pytest.mark.soak
def test_kinds_of_charts_buckets_and_classes_change_in_the_browser(page: Page, dashboard: Dashboard) -> None:
    open_job(page, dashboard, "sample")
    names = sorted(TRUTH["counts_per_second"])
    kinds = page.get_by_role("group", name="Kind of chart")
    kinds.get_by_role("button", name="Stacked").click()
    expect(page.locator(".player .barlayer .trace")).to_have_count(len(names))
    page.get_by_label("Bucket").select_option("10 s")
    expect(page.get_by_text("Mean of the analyzed frames in each 10 s.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"chart=stacked&bucket=10"))
    wait_until(page, f"() => ({DRAWN})().every((trace) => trace.x.length === 8)")
    drawn = page.evaluate(DRAWN)
    assert [trace["x"] for trace in drawn] == [[at * 10 for at in range(8)]] * len(names)
    assert [trace["y"] for trace in drawn] == [pytest.approx(means(name, 10)) for name in names]

    kinds.get_by_role("button", name="Heat").click()
    expect(page.locator(".player .heatmaplayer image")).to_have_count(1)
    (heat,) = page.evaluate(DRAWN)
    assert heat["z"] == [trace["y"] for trace in drawn]
    page.get_by_role("button", name=f"Only {names[1]}", exact=True).click()
    wait_until(page, f"() => ({DRAWN})()[0].z.length === 1")
    page.get_by_role("button", name=f"All classes, not only {names[1]}").click()
    wait_until(page, f"() => ({DRAWN})()[0].z.length === {len(names)}")
    expect(page).to_have_url(re.compile("chart=heat"))
    expect(page).not_to_have_url(re.compile("classes="))
    page.reload()
    wait_for_rest(page)
    expect(page.locator(".player .heatmaplayer image")).to_have_count(1)
    assert page.get_by_label("Bucket").input_value() == "10"


@pytest.mark.soak
def test_the_peak_of_a_class_leads_to_its_frame(page: Page, dashboard: Dashboard) -> None:
    open_job(page, dashboard, "sample")
    counts = TRUTH["counts_per_second"]["box"]
    first = next(at for at in range(ENTRIES) if counts[int(at * STEP_S)] == max(counts))
    page.get_by_role("button", name=f"Peak of box: {max(counts)}. Go to this frame").click()
    expect(page.locator(".player .number")).to_have_text(f"frame {first * 5:,}")
    expect(page).to_have_url(re.compile(rf"frame={first}(&|$)"))


@pytest.mark.soak
def test_the_time_of_day_is_asked_for_where_the_video_does_not_tell_it(page: Page, dashboard: Dashboard) -> None:
    open_job(page, dashboard, "sample")
    axis = page.get_by_label("Time axis")
    axis.select_option("Clock")
    dialog = page.get_by_role("dialog", name="Start of the recording")
    dialog.get_by_role("button", name="Cancel").click()
    expect(axis).to_have_value("")
    axis.select_option("Clock")
    dialog.get_by_label("Date and time").fill("2026-11-27T14:20:30")
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_be_visible()  # without a time zone, it is not guessed
    dialog.get_by_label("Time zone").select_option("UTC+01:00")
    dialog.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Recording started 27 Nov 2026 14:20:30 UTC+01:00, as typed.")).to_be_visible()
    expect(page.locator(".player .xtick").first).to_have_text("14:20:30")
    expect(page).to_have_url(re.compile(r"clock=true&start=2026-11-27T14%3A20%3A30%2B01%3A00"))
    expect(page.locator(".player .surface")).to_have_attribute("aria-valuetext", re.compile(r"^14:2\d:\d\d\.\d · 0:"))


@pytest.mark.soak
def test_rare_classes_are_drawn_on_request(page: Page, dashboard: Dashboard) -> None:
    open_job(page, dashboard, "many")
    rows = page.locator(".player .classes li:visible")
    expect(rows).to_have_count(5)
    page.get_by_role("button", name="+7 rare").click()
    expect(rows).to_have_count(12)
    wait_until(page, f"() => ({DRAWN})().length === 12")
    page.get_by_role("button", name="Hide 7 rare").click()
    wait_until(page, f"() => ({DRAWN})().length === 5")
    expect(page).not_to_have_url(re.compile("classes="))


@pytest.mark.soak
def test_a_phone_shows_a_low_heat_chart_below_the_picture(page: Page, dashboard: Dashboard) -> None:
    open_job(page, dashboard, "sample", width_px=390)
    expect(page.locator(".player .heatmaplayer image")).to_have_count(1)
    plot, picture = page.locator(".player .plot").bounding_box(), page.locator(".player .stage").first.bounding_box()
    assert plot
    assert picture
    assert plot["height"] == 120
    assert picture["y"] < plot["y"] < page.locator(".player .side").bounding_box()["y"]  # type: ignore[index]


@pytest.mark.soak
def test_the_hover_shows_all_classes_and_a_small_picture_of_the_moment(page: Page, dashboard: Dashboard) -> None:
    open_job(page, dashboard, "clip")
    requests = list[Request]()
    page.on("request", lambda request: requests.append(request) if "&small" in request.url else None)
    for time_s in (0.2, 0.4, 0.8):
        page.mouse.move(*place_in_timeline(page, time_s))
    hover = page.locator(".player .hover")
    expect(hover.locator("img:not(.old)")).to_be_visible()
    expect(hover.locator(".rows span")).to_have_count(page.locator(".player .classes li").count())
    assert page.locator(".player .hover img").evaluate("image => image.clientWidth") == 160
    seen = len(requests)
    assert 1 <= seen <= 3
    page.mouse.down()
    for time_s in (1.2, 1.6, 2.0):
        page.mouse.move(*place_in_timeline(page, time_s))
    expect(hover).to_be_hidden()
    page.mouse.up()
    page.mouse.move(10, 10)
    assert len(requests) == seen
