"""Tabs of which a failed test keeps a picture and a trace (`playwright show-trace FILE`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.browser import PATIENCE_MS
from tests.support.dashboards import ROOT

FOLDER = ROOT / "build" / "traces"


@contextmanager
def traced_context(browser: Browser) -> Iterator[BrowserContext]:
    """A context for several tests: in each new one, the browser would load and compile all scripts again."""
    with browser.new_context(
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    ) as context:
        context.set_default_timeout(PATIENCE_MS)
        context.tracing.start(snapshots=True)  # without a film, which takes as much time as the pages
        yield context


@contextmanager
def traced_page(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A tab of its own, without cookies of other tests; picture and trace of a failed test are in `FOLDER`."""
    failed_before = request.session.testsfailed
    context.clear_cookies()
    context.tracing.start_chunk()
    page = context.new_page()
    yield page
    if request.session.testsfailed == failed_before:
        context.tracing.stop_chunk()
    else:
        FOLDER.mkdir(parents=True, exist_ok=True)
        path = FOLDER / re.sub(r"\W+", "-", request.node.name)
        page.screenshot(path=path.with_suffix(".png"), full_page=True)
        context.tracing.stop_chunk(path=path.with_suffix(".zip"))
        print(f"picture and trace: {path}.*")
    page.close()
