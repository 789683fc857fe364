"""A brief opened from disk with the network off: it responds, requests nothing, and axe-core finds no fault in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request, expect

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.counts import count
from frametally.analysis.highlights import highlights
from frametally.analysis.totals import totals
from frametally.analysis.view import View
from frametally.reports.document.page import self_contained
from frametally.results import Results
from tests.support.briefs import HOSTILE, brief_of, noise_video
from tests.support.opened_results import box, entry, opened, random_entries

ENTRIES = 24
CONFIDENCE = 0.313
"""Between the steps of the slider."""
CONTRAST = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast"]}}
"""The one rule that may find something else in other colors."""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two models that know the same classes; the second one has hostile names as well."""
    entries = random_entries(5, ENTRIES)
    hostile = [entry(*(box(name) for name in HOSTILE[at % 8 : at % 8 + 3])) for at in range(ENTRIES)]
    found = opened(tmp_path_factory.mktemp("results"), model=entries, hostile=hostile)
    return replace(found, frame_index=np.arange(ENTRIES))


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory, results: Results) -> Path:
    folder = tmp_path_factory.mktemp("brief")
    video = noise_video(folder / "noise.mp4", ENTRIES, (160, 90))
    path = folder / "brief.html"
    view = {"compare_with": "hostile", "confidence": CONFIDENCE}
    made = brief_of(results, video=video, title="Cars", view=view, has_clips=True)
    path.write_bytes(self_contained(made))
    return path


@pytest.fixture
def document(page: Page, brief: Path) -> Iterator[Page]:
    """The document, which may ask for nothing and report no error."""
    requests: list[str] = []
    errors: list[str] = []

    def note_request(request: Request) -> None:
        if not request.url.startswith("data:"):
            requests.append(request.url)

    def note_error(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            errors.append(message.text)

    def note_failure(error: Exception) -> None:
        errors.append(str(error))

    page.context.set_offline(True)
    page.on("request", note_request)
    page.on("console", note_error)
    page.on("pageerror", note_failure)
    page.goto(brief.as_uri())
    page.locator("html[data-ready]").wait_for()
    yield page
    page.context.set_offline(False)
    page.remove_listener("request", note_request)
    page.remove_listener("console", note_error)
    page.remove_listener("pageerror", note_failure)
    assert (requests, errors) == ([brief.as_uri()], [])


def table(page: Page) -> list[list[str]]:
    """The totals of the first model."""
    return [row.locator("td").all_inner_texts() for row in page.locator('table[data-side="0"] tbody tr').all()]


def test_it_counts_at_every_threshold_and_leads_to_the_frames(document: Page, results: Results) -> None:
    assert_accessible_and_fits(document, 1440, in_dark=CONTRAST)
    page, view = document, View(results, "model", 0.25)
    tiles = page.locator('.tiles[data-side="0"]')
    plot = page.locator('.plot[data-side="0"]')
    slider = page.get_by_role("slider", name="Min. confidence")
    own = table(page)
    for step in (25, 60, 97):
        slider.fill(str(step))
        expect(page.locator("#threshold-value")).to_have_text(f"{step / 100:.2f}")
        other = replace(view, confidence=step / 100)
        rows = totals(other)
        expect(page.locator('table[data-side="0"] tbody tr').first.locator("td").first).to_have_text(
            f"{rows[0].mean:.2f}"
        )
        assert [(mean, peak) for mean, peak, *_ in table(page)] == [(f"{row.mean:.2f}", str(row.peak)) for row in rows]
        found = highlights(other, count(other), rows)
        assert found is not None
        expect(tiles.locator('[data-tile="Peak"] .value')).to_have_text(str(found.peak))
        expect(tiles.locator('[data-tile="Mean"] .value')).to_have_text(f"{found.mean:.1f}")
        busiest = f"{found.busiest.mean:.1f} per frame" if found.busiest else ""
        expect(tiles.locator('[data-tile="Busiest"] .detail')).to_have_text(busiest)
    page.get_by_role("button", name=f"Back to {CONFIDENCE}").click()
    expect(page.locator("#threshold-value")).to_have_text(f"{CONFIDENCE}")
    expect(page.locator('[data-totals="0"]')).to_contain_text(f"{CONFIDENCE},")
    assert table(page) == own

    # The legend takes a class out of chart, table and tiles, which stay at the threshold of the brief.
    is_line = "(one) => one.visible !== false && one.meta?.code !== undefined"
    lines = f"document.querySelector('.plot').data.filter({is_line}).length"
    before = page.evaluate(lines)
    page.locator('.legend [data-class="a"]').click()
    expect(page.locator('table[data-side="0"] tr.off th')).to_have_text(["a"])
    assert page.evaluate(lines) == before - 1
    rest = View(results, "model", CONFIDENCE, ClassMapping(shown=("b", "c")))
    found = highlights(rest, count(rest), totals(rest))
    assert found is not None
    assert found.busiest is not None
    expect(tiles.locator('[data-tile="Mean"] .value')).to_have_text(f"{found.mean:.1f}")
    expect(tiles.locator('[data-tile="Busiest"] .detail')).to_have_text(f"{found.busiest.mean:.1f} per frame")
    page.get_by_role("button", name="Stacked").click()
    expect(plot.locator(".barlayer .point").first).to_be_attached()

    # A point leads to the nearest frame, which says how far away it is.
    place = plot.bounding_box()
    assert place is not None
    plot.hover(position={"x": place["width"] / 2, "y": 100})
    expect(plot.locator(".hover strong")).to_be_visible()
    plot.click(position={"x": place["width"] / 2, "y": 100})
    expect(page.locator("#caption .away")).to_contain_text("the point you clicked")
    shown = page.locator('[aria-current="true"]')
    expect(page.locator("#stage img")).to_have_count(2)
    assert page.locator("#stage img").first.get_attribute("src") == shown.locator("img").first.get_attribute("src")
    when = shown.locator(".when").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#caption .when")).not_to_have_text(when)
    page.get_by_role("button", name="Previous evidence frame").click()
    expect(page.locator("#caption .when")).to_have_text(when)
    page.locator(".frame").first.click()
    page.get_by_role("button", name="Play clip").click()
    expect(page.locator("#stage video")).to_be_visible()
    assert page.evaluate("document.querySelector('#stage video').error") is None


@pytest.mark.soak
@pytest.mark.parametrize("width_px", [1440, 390])
def test_it_is_accessible_and_fits(document: Page, width_px: int) -> None:
    assert_accessible_and_fits(document, width_px)


def assert_accessible_and_fits(page: Page, width_px: int, in_dark: dict[str, Any] | None = None) -> None:
    """Light, and with these options of axe-core in dark; it is light again afterwards."""
    page.set_viewport_size({"width": width_px, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width_px
    for scheme, options in (("light", None), ("dark", in_dark)):
        found = Axe().run(page, options=options).response["violations"]
        assert [(rule["id"], node["html"][:200]) for rule in found for node in rule["nodes"]] == [], scheme
        page.get_by_role("button", name="Dark", exact=True).click()
