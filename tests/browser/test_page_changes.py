"""Going from page to page in one tab leaves nothing behind: listeners, elements, videos, plots, memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from tests.browser.test_chart_click import sample_results
from tests.support.browser import opened
from tests.support.dashboards import Dashboard, starting_dashboards
from tests.support.numbered_videos import numbered_results, write_numbered
from tests.support.players import add_job, wait_for_rest

pytestmark = [pytest.mark.browser, pytest.mark.soak]

WARM_UP, CHANGES = 24, 20
"""The caches of Streamlit and of the browser fill in the first ones; afterwards, what is alive stays the same."""
MAX_GROWTH = 1.1
HEADINGS = {"Jobs": "Jobs", "Upload": "Run a video", "Configuration": "Configuration", "Analytics": "Analytics"}
WAY = ("Jobs", "Analytics", "Upload", "Analytics", "Configuration", "Analytics", "Jobs", "Analytics")
"""Ends at Analytics, where it begins: with a player."""


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("dashboard")
    clip = write_numbered(folder / "clip.mp4", 150)
    add_job(folder / "data", "sample", sample_results())
    add_job(folder / "data", "clip", numbered_results(clip, 4), clip)
    with starting_dashboards(folder) as start:
        yield start()


def change_page(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HEADINGS[name])
    if name == "Analytics":
        wait_for_rest(page)
        expect(page.locator(".player .main-svg").first).to_be_attached()


def measured(page: Page, devtools: CDPSession) -> dict[str, int]:
    """What is alive after garbage collection. Some of it is freed only after tasks that wait."""
    for _ in range(3):
        page.wait_for_timeout(500)
        devtools.send("HeapProfiler.collectGarbage")
    metrics = {metric["name"]: metric["value"] for metric in devtools.send("Performance.getMetrics")["metrics"]}
    return {
        "heap_bytes": int(devtools.send("Runtime.getHeapUsage")["usedSize"]),
        "listeners": int(metrics["JSEventListeners"]),
        "nodes": int(metrics["Nodes"]),
        "videos": count_objects(devtools, "HTMLVideoElement"),
        "canvases": count_objects(devtools, "HTMLCanvasElement"),
        "charts": count_objects(devtools, "SVGSVGElement"),
    }


def count_objects(devtools: CDPSession, constructor: str) -> int:
    """Objects of a class that are alive, also those that are no longer in the page."""
    prototype = devtools.send("Runtime.evaluate", {"expression": f"{constructor}.prototype"})["result"]["objectId"]
    objects = devtools.send("Runtime.queryObjects", {"prototypeObjectId": prototype})["objects"]["objectId"]
    call = {"objectId": objects, "functionDeclaration": "function () { return this.length; }", "returnByValue": True}
    count = devtools.send("Runtime.callFunctionOn", call)["result"]["value"]
    devtools.send("Runtime.releaseObject", {"objectId": objects})
    return int(count)


def test_twenty_page_changes_leave_nothing_behind(browser: Browser, dashboard: Dashboard) -> None:
    with browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce") as context:
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("Performance.enable")
        opened(page, dashboard, "analytics?job=clip")
        wait_for_rest(page)
        for change in range(WARM_UP):
            change_page(page, WAY[change % len(WAY)])
        before = measured(page, devtools)
        for change in range(CHANGES):
            change_page(page, WAY[change % len(WAY)])
        after = measured(page, devtools)
    for name in before:
        print(f"figure page_changes_{name} {before[name]} {after[name]}")
    assert after["heap_bytes"] <= before["heap_bytes"] * MAX_GROWTH
    for name in ("listeners", "nodes", "canvases", "charts"):
        assert after[name] <= before[name] * MAX_GROWTH, name
    assert after["videos"] <= before["videos"]
