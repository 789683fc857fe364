"""A brief as PDF."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from frametally.errors import SettingsError
from frametally.reports.pdf import find_browser, make_pdf
from tests.support.briefs import brief_of
from tests.support.opened_results import box, entry, opened


def test_the_chosen_browser_or_the_first_one_is_found() -> None:
    installed = {"google-chrome": "/opt/chrome", "msedge": "/opt/edge", "mine": "/mine"}
    assert find_browser(None, lambda name: installed.get(name)) == "/opt/chrome"
    assert find_browser("mine", lambda name: installed.get(name)) == "/mine"
    for chosen in (None, "other"):
        with pytest.raises(SettingsError, match="save as PDF"):
            find_browser(chosen, lambda _: None)


def test_a_browser_that_does_not_end_is_ended_with_its_processes(tmp_path: Path) -> None:
    browser, child = tmp_path / "browser", tmp_path / "child"
    browser.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {child}\nwait\n")
    browser.chmod(0o755)
    brief = brief_of(opened(tmp_path, model=[entry(box("car"))]))
    with pytest.raises(SettingsError, match="within"):
        make_pdf(brief, str(browser), timeout_s=1)
    pid = int(child.read_text())
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1]:
        time.sleep(0.01)


def test_a_browser_that_makes_nothing_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no PDF"):
        make_pdf(brief_of(opened(tmp_path, model=[entry(box("car"))])), "/bin/true")


def test_a_browser_that_cannot_be_started_is_reported(tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text("not a program")
    browser.chmod(0o755)
    with pytest.raises(SettingsError, match=r"cannot be started.*save as PDF"):
        make_pdf(brief_of(opened(tmp_path, model=[entry(box("car"))])), str(browser))


@pytest.mark.soak
def test_a_real_browser_prints_it(tmp_path: Path) -> None:
    if not os.access("/usr/bin/chromium", os.X_OK):
        pytest.skip("Chromium is not installed")
    assert make_pdf(brief_of(opened(tmp_path, model=[entry(box("car"))] * 5)), "/usr/bin/chromium").count(b"/Page") > 1
