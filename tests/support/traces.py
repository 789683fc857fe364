"""A tab of which a failed test keeps a picture and a trace (`playwright show-trace FILE`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import PATIENCE_MS
from tests.support.dashboards import ROOT

FOLDER = ROOT / "build" / "traces"


@contextmanager
def traced_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A tab of its own; picture and trace of a failed test are in `FOLDER`."""
    failed_before = request.session.testsfailed
    with browser.new_context(
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    ) as context:
        context.set_default_timeout(PATIENCE_MS)
        context.tracing.start(screenshots=True, snapshots=True)
        page = context.new_page()
        yield page
        if request.session.testsfailed == failed_before:
            context.tracing.stop()
            return
        FOLDER.mkdir(parents=True, exist_ok=True)
        path = FOLDER / re.sub(r"\W+", "-", request.node.name)
        page.screenshot(path=path.with_suffix(".png"), full_page=True)
        context.tracing.stop(path=path.with_suffix(".zip"))
        print(f"picture and trace: {path}.*")
