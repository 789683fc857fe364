"""The player in a real browser: the exact frame at rest, and the boxes of the right frame while it plays."""

from __future__ import annotations

import random
import re
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from frametally.video.frame_index import load_index
from tests.support.browser import opened, wait_until
from tests.support.dashboards import Dashboard
from tests.support.numbered_videos import (
    numbered_clips,
    numbered_results,
    numbers_in,
    unplayable_clips,
    with_outlines,
    with_second_model,
    write_numbered,
)
from tests.support.players import (
    BOTH,
    EXACT,
    FILLED,
    PLACES,
    PLAYABLE,
    SAMPLES,
    add_job,
    place_in_timeline,
    wait_for_rest,
)
from tests.support.soak import iterations

pytestmark = pytest.mark.browser

EVERY = 4
FRAMES = 150
SHORT = ("ntsc",)
"""Clips of the short form."""
KINDS = ["ntsc", "rotated", "variable", "edit_list", "negative", "mirrored", "anamorphic", "long_gop"]


@pytest.fixture(scope="module")
def clips(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    if not request.config.getoption("--soak"):
        return numbered_clips(folder, FRAMES, SHORT)
    minute = write_numbered(folder / "minute.mp4", 1000, rate=Fraction(15))
    return numbered_clips(folder, FRAMES) | unplayable_clips(folder, FRAMES) | {"minute": minute}


@pytest.fixture(scope="module")
def dashboard(dashboard_of_file: Dashboard, clips: dict[str, Path]) -> Dashboard:
    """The shared dashboard with a job for each clip."""
    data_dir = dashboard_of_file.data_dir
    for name, clip in clips.items():
        add_job(data_dir, name, numbered_results(clip, EVERY), clip)
    add_job(data_dir, "two", with_second_model(numbered_results(clips["ntsc"], EVERY)), clips["ntsc"])
    if "minute" in clips:  # so long that its times are not part of the page
        add_job(data_dir, "every", numbered_results(clips["minute"], 1), clips["minute"])
    outlines = with_outlines(numbered_results(clips["ntsc"], EVERY))
    add_job(data_dir, "outlines", outlines, clips["ntsc"])
    return dashboard_of_file


def open_player(page: Page, dashboard: Dashboard, job: str) -> None:
    page.set_viewport_size({"width": 1280, "height": 1000})
    opened(page, dashboard, f"analytics?job={job}")
    wait_for_rest(page)
    expect(page.locator(".player .main-svg").first).to_be_attached()


def kinds() -> list[object]:
    return [name if name in SHORT else pytest.param(name, marks=pytest.mark.soak) for name in KINDS]


@pytest.mark.parametrize("kind", kinds())
def test_steps_seeks_and_pauses_show_exactly_the_analyzed_frame(
    page: Page, dashboard: Dashboard, clips: dict[str, Path], kind: str
) -> None:
    numbers, times_s = numbers_in(clips[kind]), load_index(clips[kind]).times_s
    entries = list(range(0, len(numbers), EVERY))
    choose = random.Random(kind)
    open_player(page, dashboard, kind)
    wrong = []
    for way in choose.choices(["seek", "step", "pause"], k=iterations(7)):
        expected = None
        if way == "seek":
            entry = choose.randrange(len(entries))
            page.mouse.click(*place_in_timeline(page, float(times_s[entries[entry]])))
            expected = {entry}
        elif way == "step":
            before = page.evaluate(EXACT)["entry"]
            key, change = choose.choice([("ArrowRight", 1), ("ArrowLeft", -1)])
            page.keyboard.press(key)
            expected = {min(max(before + change, 0), len(entries) - 1)}
        else:
            page.keyboard.press(" ")
            page.wait_for_timeout(choose.uniform(50, 600))
            if page.locator(".player .controls.playing").count():  # it may have reached the end
                page.keyboard.press(" ")
        wait_for_rest(page)
        shown = page.evaluate(EXACT)
        is_right = shown["isExact"] and shown["boxes"] == shown["entry"]
        is_right = is_right and shown["frame"] == numbers[entries[shown["entry"]]] and shown["badge"] == "exact"
        if not is_right or (expected and shown["entry"] not in expected):
            wrong.append((way, expected, shown))
    assert wrong == []


@pytest.mark.soak
@pytest.mark.parametrize("kind", kinds())
def test_while_it_plays_the_boxes_are_those_of_the_newest_analyzed_frame(
    page: Page, dashboard: Dashboard, clips: dict[str, Path], kind: str
) -> None:
    numbers = numbers_in(clips[kind])
    open_player(page, dashboard, f"{kind}&frame=0")
    page.evaluate(f"count => {{ window.samples = ({SAMPLES})(count); }}", 30 if iterations(1) == 1 else 100)
    page.keyboard.press(" ")
    samples, dropped, total = page.evaluate("() => window.samples")
    print(f"{kind}: {len(samples)} samples, {dropped} of {total} frames dropped")
    assert len(samples) >= 20
    wrong = []
    for number, entry, badge in samples:
        frame = numbers.index(number)
        is_held = frame % EVERY != 0
        if entry != frame // EVERY or badge.startswith("held") != is_held:
            wrong.append((number, entry, badge))
    assert wrong == []


@pytest.mark.soak
def test_boxes_and_rows_mark_each_other_and_zoom_moves_all_layers(page: Page, dashboard: Dashboard) -> None:
    open_player(page, dashboard, "outlines&frame=3")  # three boxes: two bits, and the one that every entry has
    rows = page.locator(".player .detections .row")
    expect(rows).to_have_count(3)
    left, top, right, bottom = page.evaluate(PLACES)["canvas"]
    page.mouse.click(left + (right - left) * 0.5 / 11, top + (bottom - top) * 192 / 240)  # the first box
    expect(page.locator(".player .row[aria-pressed=true]")).to_have_count(1)
    assert page.locator(".player .controls.playing").count() == 0
    page.locator(".player .row[aria-pressed=true]").press("Enter")
    expect(page.locator(".player .zoomed .scale")).not_to_have_text("100%")
    page.keyboard.press("+")
    for _ in range(3):
        page.keyboard.press("l")
    places = page.evaluate(PLACES)
    stage, picture = places[".stage"], places[".exact"]
    assert places["video"] == pytest.approx(picture, abs=0.5)
    ends = (max, max, min, min)
    visible = [end(*edges) for end, edges in zip(ends, zip(stage, picture, strict=True), strict=True)]
    assert places["canvas"] == pytest.approx(visible, abs=1)
    page.keyboard.press("0")
    assert page.evaluate(PLACES)["canvas"] == pytest.approx([left, top, right, bottom], abs=0.5)
    page.keyboard.press("?")
    listed = page.locator(".player dialog dt").all_text_contents()
    assert {"Space", "← →", "Shift ← →", "P, Shift P", "D, Shift D", "1 – 9", "[ ]", "F", "C", "?"} <= set(listed)
    page.keyboard.press("?")
    page.evaluate(f"() => {{ window.filled = ({FILLED})(); }}")
    page.locator(".player .play").click()
    assert page.evaluate("() => window.filled") is not None


@pytest.mark.soak
@pytest.mark.parametrize(
    "kind",
    ["hevc", *(pytest.param(kind, marks=pytest.mark.soak) for kind in ("hevc_10bit", "mjpeg", "mpeg4", "mpegts"))],
)
def test_what_the_browser_cannot_play_is_copied_and_plays_while_it_is_played_frame_by_frame(
    page: Page, dashboard: Dashboard, clips: dict[str, Path], kind: str
) -> None:
    numbers = numbers_in(clips[kind])
    open_player(page, dashboard, f"{kind}&frame=0")
    shown = page.evaluate(EXACT)  # until the copy is there, frames are exact
    assert (shown["isExact"], shown["frame"], shown["boxes"]) == (True, numbers[0], 0)
    wait_until(page, PLAYABLE)
    expect(page.locator(".player .note")).to_be_hidden()
    page.evaluate(f"count => {{ window.samples = ({SAMPLES})(count); }}", 20)
    page.keyboard.press(" ")
    samples, _, _ = page.evaluate("() => window.samples")
    assert len(samples) == 20
    wrong = [sample for sample in samples if sample[1] != numbers.index(sample[0]) // EVERY]
    assert wrong == []


@pytest.mark.soak
def test_a_second_model_is_beside_or_over_the_same_frame(page: Page, dashboard: Dashboard) -> None:
    open_player(page, dashboard, "two&model=numbers&frame=5")
    choice = page.get_by_label("Second model")
    choice.select_option(label="+ next beside it")
    expect(page.locator(".player .second .exact")).to_be_visible()
    first, second = page.evaluate(BOTH)
    assert (first, second) == ([5 * EVERY, 5], [5 * EVERY, 6])
    page.locator(".player .play").click()
    expect(page.locator(".player .second .exact")).to_be_hidden()
    page.locator(".player .play").click()
    wait_for_rest(page)
    expect(page.locator(".player .second .exact")).to_be_visible()
    (_, first), (_, second) = page.evaluate(BOTH)
    assert second == first + 1
    choice.select_option(label="+ next over it")
    expect(page.locator(".player .second")).to_be_hidden()
    expect(page.locator(".player .stage:not(.second) .model")).to_have_text("numbers · dashed: next")


@pytest.mark.soak
@pytest.mark.parametrize(("seconds", "is_playing"), [(4, True), (60, True), (60, False)])
def test_playing_runs_no_script_and_requests_only_ranges_and_boxes(
    page: Page, dashboard: Dashboard, seconds: int, *, is_playing: bool
) -> None:
    sent, requested = list[object](), list[str]()
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    open_player(page, dashboard, "minute&frame=0")
    wait_until(page, "frametallyEnds.isOpen")  # the stream of the notices
    page.wait_for_timeout(1500)  # what follows the opening of the page
    page.on("request", lambda request: requested.append(request.url))
    before = len(sent)
    assert before > 0
    if not is_playing:
        page.wait_for_timeout(seconds * 1000)
        print(f"figure idle_requests {len(requested)} runs {len(sent) - before}")
        assert (requested, len(sent)) == ([], before)
        return
    page.keyboard.press(" ")
    page.wait_for_timeout(seconds * 1000)
    assert page.locator(".player .controls.playing").count() == 1
    print(f"figure playing_requests {len(requested)} runs {len(sent) - before}")
    assert [url for url in requested if not re.search(r"/frametally/(files/|views/[^/]+/boxes/)", url)] == []
    assert len(sent) == before
    page.keyboard.press(" ")
    expect(page).to_have_url(re.compile(r"[?&]frame=[1-9]"))
    assert len(sent) > before


ADDRESSES = {
    "script": r"/assets/[^/]+/player\.js$",
    "plotly": r"/plotly\.min\.js$",
    "times": r"/times$",
    "counts": r"/counts\?",
    "boxes": r"/boxes/0$",
    "picture": r"/frames/1\.jpg",
    "video": r"/frametally/files/",
}


@pytest.mark.soak
def test_what_a_lost_connection_left_out_is_loaded_again(page: Page, dashboard: Dashboard) -> None:
    failed, held = set[str](), list[Route]()

    def lose_first(route: Route) -> None:
        if "&small" in route.request.url:  # of the moments: however long they take, the player has connections left
            return held.append(route)
        name = next((name for name, address in ADDRESSES.items() if re.search(address, route.request.url)), None)
        if name is None or name in failed:
            return route.continue_()
        failed.add(name)
        return route.abort("connectionreset")

    page.route("**/frametally/**", lose_first)
    open_player(page, dashboard, "every&frame=1")
    expect(page.locator(".player .scatterlayer .js-line").first).to_be_attached()
    expect(page.locator(".player .detections .row").first).to_be_visible()
    expect(page.locator(".player .classes .mean").first).not_to_be_empty()  # from the counts
    wait_until(page, PLAYABLE)
    expect(page.locator(".player :is(.message, .failure, .note):visible")).to_have_count(0)
    assert failed == set(ADDRESSES)
    assert len(held) == 2
    for route in held:
        route.abort()


@pytest.mark.soak
def test_what_cannot_be_loaded_is_said_and_tried_again_on_request(page: Page, dashboard: Dashboard) -> None:
    lost = re.compile("/plotly.min.js$|/frames/2.jpg")
    page.route(lost, lambda route: route.abort("connectionreset"))
    opened(page, dashboard, "analytics?job=ntsc&frame=2")
    message, chart = page.locator(".player .message"), page.locator(".player .failure")
    expect(message).to_contain_text("The server cannot be reached.")
    expect(chart).to_contain_text("The chart could not be loaded.")
    page.unroute(lost)
    chart.get_by_role("button", name="Try again").click()
    expect(page.locator(".player .scatterlayer .point").first).to_be_attached()
    message.get_by_role("button", name="Try again").click()
    wait_for_rest(page)
    expect(page.locator(".player .exact:visible")).to_have_count(1)
    expect(chart).to_be_hidden()


@pytest.mark.soak
@pytest.mark.parametrize(
    ("lost", "said"), [("player.js", "The player could not be loaded."), ("times", "The server cannot be reached.")]
)
def test_a_player_that_cannot_be_loaded_says_so_and_is_tried_again_on_request(
    page: Page, dashboard: Dashboard, lost: str, said: str
) -> None:
    page.route(f"**/{lost}", lambda route: route.abort("connectionreset"))
    opened(page, dashboard, "analytics?job=every&frame=2")
    message = page.locator(".player .message")
    expect(message).to_contain_text(said)
    page.unroute(f"**/{lost}")
    message.get_by_role("button", name="Try again").click()
    wait_for_rest(page)
