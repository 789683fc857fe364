"""axe-core finds nothing in what the dashboard draws: each page and state, light and dark, wide and narrow.

What Streamlit itself draws and axe-core reports is listed in `KNOWN`, which may only become shorter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from frametally.job import JobStatus
from tests.browser.test_chart_click import sample_results
from tests.support.dashboards import Dashboard
from tests.support.ledgers import a_job, open_ledger
from tests.support.players import add_job

pytestmark = pytest.mark.browser

KNOWN: Final[dict[str, str]] = {}
"""Start of the selector of an element of Streamlit, and the rule that it breaks."""


def _nothing(_: Page) -> None:
    pass


def _selecting(page: Page) -> None:
    page.get_by_text("Select", exact=True).click()
    expect(page.get_by_role("button", name="Select page")).to_be_visible()


def _import(page: Page) -> None:
    page.get_by_role("button", name="Import job").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def _search(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()


def _share(page: Page) -> None:
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_text("Frames and privacy").click()
    expect(page.get_by_role("button", name="Create link")).to_be_visible()


STATES: Final[dict[str, tuple[str, Callable[[Page], None]]]] = {
    "jobs": ("jobs", _nothing),
    "jobs, import": ("jobs", _import),
    "jobs, selecting": ("jobs", _selecting),
    "search": ("upload", _search),
    "upload": ("upload", _nothing),
    "configuration": ("configuration", _nothing),
    "analytics": ("analytics?job=sample", _nothing),
    "analytics, compare": ("analytics?job=sample&section=Compare", _nothing),
    "analytics, share": ("analytics?job=sample", _share),
    "shared links": ("shares", _nothing),
    "link that has ended": ("frametally/shared/unknown", _nothing),
    "analytics of no job": ("analytics?job=gone", _nothing),
}
EVERY: Final = list(STATES)
LOOKS = [
    ("dark", 390, ["analytics"]),
    *(
        pytest.param(scheme, width_px, EVERY, marks=pytest.mark.soak)
        for scheme in ("light", "dark")
        for width_px in (1440, 390)
    ),
]


@pytest.fixture(scope="module")
def dashboard(dashboard_of_file: Dashboard) -> Dashboard:
    """The shared dashboard with a finished and a failed job."""
    data_dir = dashboard_of_file.data_dir
    add_job(data_dir, "sample", sample_results())
    with open_ledger(f"sqlite:///{data_dir / 'frametally.db'}") as ledger:
        ledger.add(a_job("north", status=JobStatus.FAILED, failure="It broke.", video_url="https://host/v"))
    return dashboard_of_file


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page: rule, selector and element."""
    found = Axe().run(page).response["violations"]
    nodes = [(rule["id"], " ".join(map(str, node["target"])), node["html"]) for rule in found for node in rule["nodes"]]
    return [f"{rule}: {target} {html[:200]}" for rule, target, html in nodes if KNOWN.get(target[:40]) != rule]


@pytest.mark.parametrize(("scheme", "width_px", "names"), LOOKS)
def test_nothing_that_is_drawn_breaks_a_rule(
    page: Page, dashboard: Dashboard, scheme: str, width_px: int, names: list[str]
) -> None:
    page.set_viewport_size({"width": width_px, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    found = []
    for state in names:
        path, action = STATES[state]
        opened_at(page, dashboard, path)
        action(page)
        found += [f"{state}: {violation}" for violation in violations(page)]
    page.emulate_media(color_scheme="null")
    assert found == []


def opened_at(page: Page, dashboard: Dashboard, path: str) -> None:
    """Open an address and wait until the page is drawn and nothing is loaded any more."""
    page.goto(f"{dashboard.url}/{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
