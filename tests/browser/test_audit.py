"""An audit in a real browser: by keyboard, a false and a missed box; in the soak over a reload, and on a phone.

In `make test`, `tests/rendering/audits/test_routes.py` goes on with what is kept, as a page that is loaded again does.
"""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

import components
from frametally.audit.seen import Seen, SeenCount
from frametally.ledger.audits.frame_checks import FrameCheck, checks_of, keep_check
from frametally.network.scripts.one_script import one_script
from tests.support.browser import FIRST_PAINT_MS, PATIENCE_MS, opened, violations_in, wait_until
from tests.support.checked_results import CUP, HEIGHT_PX, WIDTH_PX, checked_results
from tests.support.dashboards import Dashboard
from tests.support.ledgers import open_ledger
from tests.support.numbered_videos import write_numbered
from tests.support.opened_results import box, entry
from tests.support.players import ROOT, add_job

pytestmark = pytest.mark.browser

TAB = "analytics?job=kitchen&section=Audit"
FRAMES = 20
WEB = Path(components.__file__).parent / "analytics" / "audit" / "web"
CORRECTED = f"""() => (({ROOT})()?.querySelector(".js-plotly-plot")?.data ?? [])
  .filter(({{ meta }}) => meta?.said).map(({{ name, meta }}) => [name, meta.said])"""
"""Names of the corrected counts that are drawn, and what is said of them."""


@pytest.mark.parametrize("goes_on", ["here", pytest.param("on a phone", marks=pytest.mark.soak)])
def test_twenty_frames_are_checked_by_keyboard_and_correct_the_counts(
    dashboard: Dashboard, page: Page, browser: Browser, tmp_path: Path, goes_on: str
) -> None:
    # What is checked belongs to the video: each form has one of its own.
    clip = write_numbered(tmp_path / "clip.mp4", 50 if goes_on == "here" else 51)
    add_job(dashboard.data_dir, "kitchen", checked_results(), clip)
    others = checked_results("other")
    cups = [entry(box("cup", 0.9, CUP), wh=(WIDTH_PX, HEIGHT_PX))] * len(others["other"])
    add_job(dashboard.data_dir, "again", {**others, "cups": cups}, clip)
    opened(page, dashboard, TAB)
    page.get_by_role("button", name=f"Check {FRAMES} frames").click(timeout=FIRST_PAINT_MS)
    wait_for_frame(page, 1)
    click_in(page, 0.75, 0.5)
    expect(page.locator(".audit .box.false")).to_have_attribute("aria-label", "plate, found, false")
    page.keyboard.press("2")
    drag_in(page, (0.45, 0.2), (0.55, 0.3))
    expect(page.locator(".audit .box.added")).to_have_attribute("aria-label", "plate, added")
    page.keyboard.press("Enter")
    wait_for_frame(page, 2)
    page.keyboard.press("u")
    wait_for_frame(page, 3)
    page.keyboard.press("Backspace")
    wait_for_frame(page, 2)
    expect(page.locator(".audit .unclear")).to_be_visible()
    page.keyboard.press("Enter")
    for place in range(3, 8):
        wait_for_frame(page, place)
        page.keyboard.press("Enter")
    wait_for_frame(page, 8)
    type_numbers(page, cups="1", plates="1")
    wait_for_frame(page, 9)
    assert violations_in(page, ".audit") == []

    if goes_on == "on a phone":
        page.reload()
        wait_for_frame(page, 9)
        assert_second_browser_goes_on(dashboard, browser)
        page.reload()
        wait_for_frame(page, 10)
    for place in range(9 if goes_on == "here" else 10, FRAMES + 1):
        wait_for_frame(page, place)
        page.keyboard.press("Enter")
    expect(page.locator(".audit .results h2")).to_have_text("Result")
    cells = page.locator(".audit tbody tr", has_text="plate").locator("td")
    expect(cells.nth(0)).to_have_text("1.00")
    boxed = FRAMES - 1
    expect(cells.nth(4)).to_contain_text(f"{100 * (boxed - 1) / boxed:.0f} %")
    expect(page.locator(".audit .notes")).to_contain_text(f"plate: in 1 of {FRAMES} checked frames a number was typed")
    checks = kept(dashboard)
    assert len(checks) == FRAMES
    odd = [Seen.from_json(check.seen) for check in checks if is_odd(check)]
    marked = [sorted(round(box.xyxy[0], 2) for box in seen.boxes) for seen in odd]
    assert sorted((len(seen.counts), boxes) for seen, boxes in zip(odd, marked, strict=True)) == [
        (0, [0.2, 0.45]),
        (2, []),
    ]
    expect(page.locator(".audit .models tbody tr", has_text="other").locator("td").last).to_have_text("Cannot say")
    expect(page.locator(".audit .models tbody th", has_text="cups")).to_contain_text("only cup")
    assert_on_the_chart(page)
    assert_threshold_can_be_applied(page)
    answer_of_another_person(dashboard, kept(dashboard)[0])
    page.get_by_role("button", name="Review the frames").click()
    expect(page.locator(".audit .answers li", has_text="ann:")).to_have_text("ann: cup 2, plate not asked")
    for place in (1, 2, 3):
        wait_for_frame(page, place)
        page.keyboard.press("Enter")
    page.get_by_role("tab", name="Table").click()
    expect(page.get_by_text(f"Corrected by {FRAMES} checked frames")).to_be_visible()


def test_the_browser_rounds_numbers_as_the_table_and_briefs_do(page: Page) -> None:
    chance = Random(1)
    eighths = [at / 8 for at in range(64)]
    numbers = [*eighths, *(at / 200 for at in range(400)), 2.675, *(chance.random() * 10 for _ in range(200))]
    written = page.evaluate(
        """async ([script, numbers]) => {
          const { formatCount, formatPercent } = await import(`data:text/javascript,${encodeURIComponent(script)}`);
          return numbers.map((number) => [formatCount(number), `${formatPercent(number)}%`]);
        }""",
        [one_script(WEB / "estimates.js"), numbers],
    )
    assert written == [[f"{number:.2f}", f"{number:.0%}"] for number in numbers]


def type_numbers(page: Page, *, cups: str, plates: str) -> None:
    """Instead of boxes, by keyboard."""
    page.keyboard.press("n")
    for number in (cups, plates):
        page.keyboard.type(number)
        page.keyboard.press("Tab")
    expect(page.locator(".audit .box.counted")).to_have_count(2)
    page.get_by_label("Number of plate").press("Enter")
    wait_for_frame(page, 9)
    expect(page.get_by_label("Number of cup")).to_have_value("")
    page.locator(".audit .picture").focus()


def assert_on_the_chart(page: Page) -> None:
    """Both classes, with the number of the model and the corrected one."""
    wait_until(page, f"() => ({CORRECTED})().length === 2")
    for name, said in page.evaluate(CORRECTED):
        assert name in ("cup, corrected", "plate, corrected")
        numbers, sources = zip(*said, strict=True)
        assert all(number.startswith("1.00 (") for number in numbers), said
        assert sum(int(source.split()[0]) for source in sources) == FRAMES
    switch = page.get_by_role("button", name="Corrected", exact=True)
    switch.press("Enter")
    wait_until(page, f"() => ({CORRECTED})().length === 0")
    switch.press("Enter")


def assert_threshold_can_be_applied(page: Page) -> None:
    """With the faint plates, the model counts one too many in each frame."""
    page.locator(".player .threshold input").fill("5")
    page.locator(".player .threshold input").press("ArrowRight")
    page.get_by_role("button", name="Use 0.11").press("Enter")
    expect(page).to_have_url(re.compile("confidence=0.11"))
    expect(page.locator(".audit .bias")).to_contain_text("no other min. confidence")
    expect(page.locator(".audit .bias")).to_be_focused()


def assert_second_browser_goes_on(dashboard: Dashboard, browser: Browser) -> None:
    """By finger, on a phone."""
    size = ViewportSize(width=390, height=844)
    with browser.new_context(viewport=size, has_touch=True, is_mobile=True, reduced_motion="reduce") as context:
        context.set_default_timeout(PATIENCE_MS)
        phone = context.new_page()
        opened(phone, dashboard, TAB)
        wait_for_frame(phone, 9)
        button = phone.get_by_role("button", name="All right")
        height = (button.bounding_box() or {"height": 0})["height"]
        assert height >= 44
        tap_in(phone, 0.75, 0.5)
        expect(phone.locator(".audit .box.false")).to_have_count(1)
        tap_in(phone, 0.75, 0.5)
        expect(phone.locator(".audit .box.false")).to_have_count(0)
        button.tap()
        wait_for_frame(phone, 10)
        expect(phone.locator(".audit .results")).to_contain_text("9 checked frames")


def wait_for_frame(page: Page, number: int) -> None:
    check = page.locator(".audit .check[aria-busy=false]")
    expect(check.locator(".place")).to_have_text(f"Frame {number} of {FRAMES}", timeout=FIRST_PAINT_MS)


def click_in(page: Page, x: float, y: float) -> None:
    page.mouse.click(*on_screen(page, x, y))


def tap_in(page: Page, x: float, y: float) -> None:
    page.touchscreen.tap(*on_screen(page, x, y))


def drag_in(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*on_screen(page, *start))
    page.mouse.down()
    page.mouse.move(*on_screen(page, *end), steps=3)
    page.mouse.up()


def on_screen(page: Page, x: float, y: float) -> tuple[float, float]:
    picture = page.locator(".audit .picture")
    picture.scroll_into_view_if_needed()
    place = picture.bounding_box()
    assert place is not None
    return place["x"] + x * place["width"], place["y"] + y * place["height"]


def answer_of_another_person(dashboard: Dashboard, check: FrameCheck) -> None:
    """Of one of both classes."""
    seen = Seen((("cup",),), counts=(SeenCount(0, 2),))
    with open_ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}") as ledger:
        keep_check(ledger, check.video, check.time, seen.to_json(), actor="ann")


def kept(dashboard: Dashboard) -> list[FrameCheck]:
    with open_ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}") as ledger:
        video = ledger.job("kitchen").video_sha256
        assert video is not None
        return checks_of(ledger, video)


def is_odd(check: FrameCheck) -> bool:
    """Whether it is not what the model found."""
    return sorted(round(box.xyxy[0], 2) for box in Seen.from_json(check.seen).boxes) != [0.2, 0.7]
