"""An audit in a real browser: by keyboard, a false and a missed box, over a reload, continued by another browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from frametally.audit.seen import Seen
from frametally.ledger.audits.frame_checks import FrameCheck, checks_of
from tests.support.browser import FIRST_PAINT_MS, PATIENCE_MS, opened
from tests.support.checked_results import checked_results
from tests.support.dashboards import Dashboard
from tests.support.ledgers import open_ledger
from tests.support.numbered_videos import write_numbered
from tests.support.players import add_job

pytestmark = pytest.mark.browser

TAB = "analytics?job=kitchen&section=Audit"
FRAMES = 20


def test_twenty_frames_are_checked_by_keyboard_and_correct_the_counts(
    dashboard: Dashboard, page: Page, browser: Browser, tmp_path: Path
) -> None:
    add_job(dashboard.data_dir, "kitchen", checked_results(), write_numbered(tmp_path / "clip.mp4", 50))
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
    for place in range(3, 9):
        wait_for_frame(page, place)
        page.keyboard.press("Enter")
    wait_for_frame(page, 9)
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in violations] == []

    page.reload()
    wait_for_frame(page, 9)
    assert_second_browser_goes_on(dashboard, browser)
    page.reload()
    for place in range(10, FRAMES + 1):
        wait_for_frame(page, place)
        page.keyboard.press("Enter")
    expect(page.locator(".audit .results h2")).to_have_text("Result")
    cells = page.locator(".audit tbody tr", has_text="plate").locator("td")
    expect(cells.nth(0)).to_have_text("1.00")
    expect(cells.nth(3)).to_contain_text(f"{100 * (FRAMES - 1) // FRAMES} %")
    checks = kept(dashboard)
    assert len(checks) == FRAMES
    odd = [check for check in checks if is_odd(check)]
    assert len(odd) == 1
    assert sorted(round(box.xyxy[0], 2) for box in Seen.from_json(odd[0].seen).boxes) == [0.2, 0.45]
    page.get_by_role("button", name="Review the frames").click()
    for place in (1, 2, 3):
        wait_for_frame(page, place)
        page.keyboard.press("Enter")
    page.get_by_role("tab", name="Table").click()
    expect(page.get_by_text(f"Corrected by {FRAMES} checked frames")).to_be_visible()


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
        button.tap()
        wait_for_frame(phone, 10)
        expect(phone.locator(".audit .results")).to_contain_text("9 checked frames")


def wait_for_frame(page: Page, number: int) -> None:
    check = page.locator(".audit .check[aria-busy=false]")
    expect(check.locator(".place")).to_have_text(f"Frame {number} of {FRAMES}", timeout=FIRST_PAINT_MS)


def click_in(page: Page, x: float, y: float) -> None:
    page.mouse.click(*on_screen(page, x, y))


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


def kept(dashboard: Dashboard) -> list[FrameCheck]:
    with open_ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}") as ledger:
        video = ledger.job("kitchen").video_sha256
        assert video is not None
        return checks_of(ledger, video)


def is_odd(check: FrameCheck) -> bool:
    """Whether it is not what the model found."""
    return sorted(round(box.xyxy[0], 2) for box in Seen.from_json(check.seen).boxes) != [0.2, 0.7]
