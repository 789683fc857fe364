"""The main workflow in a real browser with a real server: from an uploaded file to counts and annotated frames.

It also runs below a base path, directly and behind a proxy that strips the path or not: pages, uploads, media,
downloads and the API of the engine.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect
from starlette.responses import HTMLResponse

from frametally.client.client import VideoInferenceClient
from frametally.video.probe import probe
from tests.browser.conftest import remove_all
from tests.support.browser import (
    FIRST_PAINT_MS,
    PAGES,
    PATIENCE_MS,
    choose,
    downloaded,
    dropping_a_connection,
    opened,
    run_to_the_end,
)
from tests.support.dashboards import Dashboard, StartDashboard
from tests.support.deployment import MOTION
from tests.support.players import place_in_timeline, wait_for_rest
from tests.support.polling import until
from tests.support.proxy import proxying
from tests.support.regions_page import draw
from tests.support.serving import answering
from tests.support.video_files import padded

pytestmark = pytest.mark.browser

BASE = "/tools/tally"
ALWAYS = "stripping proxy without baseUrlPath"
"""`make test` tests it with the dashboard that other tests use directly."""
TWO_PIECES = 9 << 20
"""Bytes of an upload that ends in the middle of its second piece."""
WAYS = ("no base path", "direct", "proxy", "stripping proxy")


@pytest.fixture(params=[ALWAYS, *(pytest.param(way, marks=pytest.mark.soak) for way in WAYS)])
def dashboard(request: pytest.FixtureRequest, start_dashboard: StartDashboard) -> Iterator[Dashboard]:
    """A dashboard, with the URL under which users reach it."""
    if request.param == ALWAYS:
        shared: Dashboard = request.getfixturevalue("shared_dashboard")
        with proxying(urlsplit(shared.url).port or 0, BASE, strips=True) as url:
            yield replace(shared, url=url)
        remove_all(shared)
        return
    has_own_path = request.param != "no base path"
    # Behind a proxy that says so, a client is not taken for this machine.
    settings = {"FRAMETALLY_EMBED_SITES": "http://127.0.0.1:*"}
    settings |= {"FRAMETALLY_ACCESS": "open"} if "stripping" in request.param else {}
    own = start_dashboard(**settings, **({"STREAMLIT_SERVER_BASE_URL_PATH": BASE[1:]} if has_own_path else {}))
    if "proxy" not in request.param:
        yield replace(own, url=own.url + (BASE if has_own_path else ""))
        return
    port = urlsplit(own.url).port or 0
    with proxying(port, BASE, strips=request.param.startswith("stripping")) as url:
        yield replace(own, url=url)


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """In the soak, a tab of its own: after its downloads, a later test could not download in the same tab."""
    if not request.config.getoption("--soak"):
        yield request.getfixturevalue("shared_page")
        return
    with browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce") as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


# In `make test`, other tests open each page first: the next one, test_fault_mode, test_ledger and test_notifications.
@pytest.mark.soak
@pytest.mark.parametrize("name", PAGES)
def test_any_page_may_be_opened_first_by_its_url(start_dashboard: StartDashboard, page: Page, name: str) -> None:
    opened(page, start_dashboard(), name)
    titles = {"upload": "Run a video"}
    expect(page.get_by_role("heading", level=1)).to_have_text(titles.get(name, name.capitalize()))
    expect(page.get_by_role("link", name="app", exact=True)).to_have_count(0)


def test_a_video_becomes_counts_and_annotated_frames(
    dashboard: Dashboard, page: Page, small_video: Path, tmp_path: Path
) -> None:
    page.goto(f"{dashboard.url}/")
    expect(page).to_have_url(re.compile("/upload$"), timeout=FIRST_PAINT_MS)
    seen = []

    not_a_video = tmp_path / "noise.mp4"
    not_a_video.write_bytes(b"\x07 no video" * 1000)
    choose(page, not_a_video)
    expect(page.get_by_role("paragraph").filter(has_text="not a video")).to_be_visible()
    seen.append(page.content())

    with dropping_a_connection(page, 2):
        run_to_the_end(page, padded(small_video, tmp_path / "square.mp4", TWO_PIECES))
    expect(page.locator(".player .scatterlayer .point")).to_have_count(20)
    wait_for_rest(page)
    expect(page.get_by_text("In this frame: 1 detection")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile(r"Frame \d+ at 0:0\d\.\d"))).to_be_visible()
    seen.append(page.content())

    address = page.url
    assert "?job=" in address
    look_at_a_moment(page)
    pin(page)
    share(page)
    draw_a_line(page)
    page.goto(f"{address}&confidence=0.99&frame=7&section=Compare")
    wait_for_rest(page)
    expect(page.get_by_text("These results have only one model")).to_be_visible()  # the page is complete
    page.get_by_text("This frame", exact=True).click()
    expect(page.get_by_text("Frame 14 at 0:01.4 · 0 detections · min. confidence 0.99")).to_be_visible()
    assert page.url == f"{address}&confidence=0.99&frame=7&section=Compare"
    page.get_by_role("button", name="Export").click()
    results = json.loads(Path(downloaded(page, "link", "Original results (JSON)").path()).read_text())
    assert results["frame_offset"] == list(range(0, 40, 2))
    assert len(results["motion"]) == 20
    counts = downloaded(page, "button", "Counts per frame (CSV)")
    assert counts.suggested_filename == "square.counts.csv"
    rows = list(csv.DictReader(Path(counts.path()).read_text("utf-8-sig").splitlines()))
    assert list(rows[0]) == ["frame_index", "time_s", "moving"]
    assert {row["moving"] for row in rows} == {"0", "1"}

    expect(page.get_by_role("link", name="Download square.counts.csv")).to_be_visible()

    page.get_by_role("button", name="Annotated video").click()
    video = downloaded(page, "link", "Download video")
    expect(page.get_by_label("Annotated video")).to_have_js_property("videoWidth", 640)  # it can be previewed
    assert video.suggested_filename == "square.annotated.mp4"
    assert probe(Path(video.path())).frame_count == 40

    seen.append(page.content())
    for name in ("Configuration", "Jobs"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        seen.append(page.content())
    expect(page.get_by_text("square.mp4")).to_be_visible()
    expect(page.locator(".badge", has_text="Done")).to_be_visible()
    run_through_the_api(dashboard, small_video)
    assert_key_is_not_leaked(dashboard, seen)


def run_through_the_api(dashboard: Dashboard, video: Path) -> None:
    """Run a job as a script on another machine would; the engine's links have the same base path."""
    client = VideoInferenceClient(dashboard.url, (dashboard.data_dir / "engine" / "key").read_text())
    upload_url = client.request_upload_url(video.name)
    assert upload_url.startswith(f"{dashboard.url}/videoinfer/uploads/")
    client.upload(video, upload_url)
    job_id = client.start_job(input_url=upload_url, infer_fps=5, models=[MOTION.request])
    results_url = until(lambda: client.get_status(job_id).report.output_signed_url, poll_s=0.5)
    assert results_url.startswith(f"{dashboard.url}/videoinfer/results/")
    assert requests.get(results_url, timeout=20).json()["motion"]


def look_at_a_moment(page: Page) -> None:
    """A card has a picture with its boxes, and a click on it shows its frame in the player."""
    card = page.locator(".moments .cards button").last
    expect(card.locator("img")).to_have_js_property("naturalWidth", 320)
    entry = card.get_attribute("data-entry")
    card.click()
    expect(page.locator(f".player[data-shown='{entry}']")).to_be_visible()


def draw_a_line(page: Page) -> None:
    """The square crosses it once, against its arrow; the click on the crossing shows its frame."""
    page.get_by_role("tab", name="Lines & zones").click()
    draw(page, "Line", ((0.5, 0.2), (0.5, 0.9)))
    expect(page.locator(".player .layer .label")).to_have_text(re.compile("^Line 1 +in 0 · out 1$"))
    page.locator(".regions .card .events button").click()
    expect(page.locator(".player[data-shown]:not([data-shown=''])")).to_be_visible()


def pin(page: Page) -> None:
    """A note on the current frame is listed in the bar, above the player."""
    player = page.locator(".player")
    player.evaluate("player => (player.dataset.isSame = true)")
    page.get_by_role("button", name="Add note here").click()
    page.get_by_label(re.compile("Note at 0:")).fill("Camera was moved")
    page.get_by_role("button", name="Pin note").click()
    expect(page.get_by_role("button", name=re.compile(r"0:0\d\.\d Camera was moved"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(player).to_have_attribute("data-is-same", "true")  # it goes on: the line of notes has its place
    page.mouse.move(*place_in_timeline(page, int(player.get_attribute("data-entry") or -1) * 0.2))
    expect(page.locator(".player .hover q")).to_have_text("Camera was moved")


def share(page: Page) -> None:
    """The address is copied, or shown to be copied; the link opens without a cookie until it is ended."""
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_role("button", name="Copy address of this page").click()
    expect(page.get_by_text(re.compile("Copied|Press Ctrl"))).to_be_visible()
    page.get_by_role("button", name="Create link").click()
    link = page.get_by_role("textbox", name="Link", exact=True).input_value()
    code = page.get_by_role("textbox", name="Code to embed it").input_value()
    assert f'src="{link}"' in code
    assert page.context.browser
    with page.context.browser.new_context(viewport={"width": 1280, "height": 900}) as visitor:
        read_shared(visitor, link, code)
        page.get_by_role("link", name="All shared links").click()
        page.get_by_role("button", name="End", exact=True).click()
        page.get_by_role("button", name="End link").click()
        expect(page.get_by_text("No shared links")).to_be_visible()
        (gone,) = visitor.pages
        gone.goto(link)
        expect(gone.get_by_role("heading")).to_have_text("This link has expired or was ended.")
    page.go_back()
    wait_for_rest(page)


def read_shared(visitor: BrowserContext, link: str, code: str) -> None:
    """The page asks for nothing but what is its own, and a site of the setting embeds it."""
    shared, said, asked = visitor.new_page(), list[str](), list[str]()
    shared.on("console", lambda message: said.append(message.text))
    shared.on("request", lambda request: asked.append(request.url))
    shared.goto(link)
    expect(shared.locator(".scatterlayer .point").first).to_be_attached()
    click_its_chart(shared)
    own = link.rpartition("/frametally/")[0] + "/frametally/"
    assert [url for url in asked if not url.startswith(own)] == []
    assert said == []
    with answering(HTMLResponse(code), lifespan=False) as port:  # browsers let no page of elsewhere embed a local one
        shared.goto(f"http://127.0.0.1:{port}/wiki")
        expect(shared.frame_locator("iframe").get_by_role("heading", level=1)).to_be_visible()


def click_its_chart(shared: Page) -> None:
    """A point near an end of the chart shows the picture of the evidence frame there, from an address of the share."""
    plot, frames, picture = shared.locator(".plot").first, shared.locator(".frame"), shared.locator("#stage img")
    width_px = plot.evaluate("plot => plot.clientWidth")
    for share, frame in ((0.97, frames.last), (0.06, frames.first)):
        plot.click(position={"x": width_px * share, "y": 100})
        expect(frame).to_have_attribute("aria-current", "true")
        expect(shared.locator("#caption .away")).to_contain_text("the point you clicked")
        assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") >= 640
        assert picture.evaluate("one => one.src") == frame.locator("img").evaluate("one => one.src")


def assert_key_is_not_leaked(dashboard: Dashboard, pages: list[str]) -> None:
    """The API key of the engine appears in no log, page or file other than `engine/key`."""
    key = (dashboard.data_dir / "engine/key").read_text().strip()
    assert len(key) > 20
    assert key not in dashboard.log.read_text()
    assert not any(key in page for page in pages)
    files = [path for path in dashboard.data_dir.rglob("*") if path.is_file()]
    holders = [path.relative_to(dashboard.data_dir) for path in files if key.encode() in path.read_bytes()]
    assert holders == [Path("engine/key")]
