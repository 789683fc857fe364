"""One Chromium for all tests of a process, and helpers for actions on its pages."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Download, Locator, Page, Route, expect, sync_playwright

from tests.support.dashboards import Dashboard

_HEADLESS, _WHOLE = Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium")
CHROMIUM = _HEADLESS if _HEADLESS.exists() else _WHOLE
"""The same engine without the window around it takes a quarter less processor time."""
_POLICY = "Content Security Policy"
_VIOLATIONS: list[str] = []
"""What the browser refused to do, in its words."""

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_SHORT_LIVED = "--js-flags=--no-opt --no-maglev"
"""A page of a short test is gone before optimized code pays off: 5 and 11 % less processor time in two pairs."""


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """One Chromium per process: Playwright can be started only once in each."""
    if not CHROMIUM.exists():
        pytest.skip(f"Chromium is not installed at {CHROMIUM}")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        args = CHROMIUM_ARGS if request.config.getoption("--soak") else [*CHROMIUM_ARGS, _SHORT_LIVED]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Iterator[Page]:
    """One tab per process: a new one compiles all scripts of the dashboard again, for longer than many tests take.

    Without animations, it draws less.
    """
    with browser.new_context(reduced_motion="reduce") as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("dialog", lambda dialog: dialog.accept())
        page.on("console", lambda message: _VIOLATIONS.extend([message.text] if _POLICY in message.text else []))
        yield page


@pytest.fixture
def page(shared_page: Page) -> Page:
    """Where a test opens what it looks at."""
    return shared_page


@pytest.fixture
def shared_page(tab: Page) -> Iterator[Page]:
    """The tab, empty, without routes, cookies and local storage of other tests."""
    tab.set_viewport_size({"width": 1280, "height": 900})
    _VIOLATIONS.clear()
    yield tab
    violations = [*_VIOLATIONS]
    tab.unroute_all()
    tab.context.clear_cookies()
    if tab.url.startswith("http"):  # not if the page could not be loaded
        tab.evaluate("localStorage.clear()")
    tab.goto("about:blank")
    assert violations == [], "the page did what its Content-Security-Policy forbids"


PAGES = ["analytics", "jobs", "upload", "configuration"]


FIRST_PAINT_MS = 30_000
PATIENCE_MS = 30_000
"""Generous, because a busy machine is slow; a passing test waits only as long as it needs."""


def opened(page: Page, dashboard: Dashboard, path: str) -> None:
    """Open an address and wait for the page and the navigation around it."""
    page.goto(f"{dashboard.url}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=FIRST_PAINT_MS)
    for name in PAGES:
        expect(page.get_by_role("link", name=name.capitalize(), exact=True).first).to_be_visible()


def wait_until(page: Page, expression: str, *, limit_s: float = PATIENCE_MS / 1000, poll_ms: float = 20) -> None:
    """Wait until a JavaScript expression, or what a function returns, is true.

    Page.wait_for_function would evaluate text in the page, which the Content-Security-Policy forbids.
    """
    give_up_s = time.monotonic() + limit_s
    while not page.evaluate(expression):
        assert time.monotonic() < give_up_s, f"not true within {limit_s:g} s: {expression}"
        page.wait_for_timeout(poll_ms)


def choose(page: Page, file: Path) -> None:
    page.locator("input[type=file]").set_input_files(file)


def violations_in(page: Page, selector: str) -> list[tuple[str, object]]:
    """What axe-core finds in one part of the page: `tests/browser/test_accessibility.py` examines what is around it."""
    page.evaluate(Axe().axe_script)
    found = page.locator(selector).evaluate("part => axe.run(part, { resultTypes: ['violations'] })")
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found["violations"]]


def job_row(page: Page, job_id: str) -> Locator:
    """The row of this job on the Jobs page."""
    return page.locator(f'[data-job="{job_id}"]')


def choose_action(page: Page, job_id: str, label: str) -> None:
    """Choose an action from the menu of the row."""
    job_row(page, job_id).get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name=label).click()


def run_to_the_end(page: Page, video: Path) -> None:
    choose(page, video)
    expect(page.get_by_text("10 frames per second · 40 frames")).to_be_visible()
    expect(page.get_by_text("motion/1 · moving")).to_be_visible()
    page.get_by_role("button", name="Run analysis").click()
    expect(page.locator(".st-key-submitted_job")).to_be_in_viewport(ratio=0.9)
    page.get_by_role("link", name="Open in analytics").click(timeout=60_000)
    expect(page.get_by_role("heading", name="Analytics")).to_be_visible()


@contextmanager
def dropping_a_connection(page: Page, number: int = 3) -> Iterator[None]:
    """The request of an upload with this number gets no answer; it continues at the offset that the server has."""
    offsets: list[int] = []

    def note(route: Route) -> None:
        offsets.append(int(route.request.headers.get("upload-offset", -1)))
        if len(offsets) == number:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route(re.compile("/frametally/uploads/.+"), note)
    yield
    page.unroute_all()
    assert offsets.count(0) == 1
    assert -1 in offsets[number:]  # the request for the offset after the dropped connection


def downloaded(page: Page, kind: str, label: str) -> Download:
    with page.expect_download() as download:
        page.get_by_role(kind, name=label).click()  # type: ignore[arg-type]
    return download.value
