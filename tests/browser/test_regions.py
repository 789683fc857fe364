"""Lines and zones in a real browser, on the sample with its true boxes: drawn, counted, moved, saved, used again.

What the page shows is compared with what the pure functions count with the set that was saved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FilePayload, Locator, Page, ViewportSize, expect

from frametally.ledger import region_sets
from frametally.regions.crossings import crossings
from frametally.regions.shapes import RegionSet
from frametally.regions.visits import median_dwell_s, visits
from frametally.results import open_results
from frametally.sample import CLIP
from frametally.tracking.kept import kept_tracks
from frametally.tracking.tracks import Tracks
from tests.support.browser import FIRST_PAINT_MS, PATIENCE_MS, opened
from tests.support.dashboards import Dashboard, starting_dashboards
from tests.support.ledgers import open_ledger
from tests.support.players import add_job
from tests.support.regions_page import TAB, draw, figures, place_in_picture, tool
from tests.support.track_rows import truth_results

pytestmark = [pytest.mark.browser, pytest.mark.soak]

UPPER = ((0.3, 0.2), (0.3, 0.5))
LOWER = ((0.35, 0.6), (0.35, 0.95))
DOCK = ((0.55, 0.2), (0.85, 0.2), (0.85, 0.5), (0.6, 0.5))


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    folder = tmp_path_factory.mktemp("dashboard")
    for job in ("monday", "tuesday"):
        add_job(folder / "data", job, truth_results(5.0), CLIP)
    with starting_dashboards(folder) as start:
        yield start()


@pytest.fixture(params=[1440, 390])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A desk with a mouse, and a phone with a finger."""
    is_phone = request.param < 600
    size = ViewportSize(width=request.param, height=844 if is_phone else 1000)
    with browser.new_context(viewport=size, has_touch=is_phone, is_mobile=is_phone, reduced_motion="reduce") as context:
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()


def test_lines_and_a_zone_are_drawn_counted_moved_saved_and_used_for_another_job(
    dashboard: Dashboard, page: Page
) -> None:
    is_phone = bool(page.evaluate("navigator.maxTouchPoints"))
    camera = f"Belts {page.viewport_size['width'] if page.viewport_size else 0}"
    opened(page, dashboard, f"analytics?job=monday&{TAB}&camera=")
    expect(page.locator(".player .bar")).to_be_visible(timeout=FIRST_PAINT_MS)
    draw(page, "Line", UPPER, touch=is_phone)
    draw(page, "Line", LOWER, touch=is_phone)
    draw(page, "Zone", DOCK, touch=is_phone)
    save(page, camera)
    assert_shown(page, dashboard, camera)

    move_the_upper_line(page)
    expect(page.get_by_text("Unsaved changes")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".regions .saved")).to_have_text("Saved")
    assert_shown(page, dashboard, camera)

    event = page.locator(".regions .card .events button").nth(2)
    entry = event.get_attribute("data-entry")
    event.click()
    expect(page.locator(f".player[data-shown='{entry}']")).to_be_visible()

    find_and_play(page)
    before = figures(page, "Line 1")
    page.goto(f"{dashboard.url}/analytics?job=tuesday&{TAB}&camera={camera}")
    expect(page.locator(".regions .saved")).to_have_text("Saved", timeout=FIRST_PAINT_MS)
    assert figures(page, "Line 1") == before
    violations = Axe().run(page).response["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in violations] == []


def test_everything_is_done_by_keyboard(dashboard: Dashboard, page: Page) -> None:
    opened(page, dashboard, f"analytics?job=tuesday&{TAB}&camera=")
    tool(page, "Line").focus()
    page.keyboard.press("Enter")
    point = page.locator(".player .layer .handle:focus")
    expect(point).to_have_attribute("aria-label", "Start of Line 1, 30% across, 50% down")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    expect(point).to_have_attribute("aria-label", "End of Line 1, 70% across, 50% down")
    page.keyboard.press("Shift+Tab")
    expect(point).to_have_attribute("aria-label", "Start of Line 1, 30% across, 51% down")
    page.keyboard.press("Delete")
    expect(page.locator(".player .layer .shape")).to_have_count(0)
    expect(tool(page, "Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".player .layer .shape")).to_have_count(1)
    assert figures(page, "Line 1")["In"].isdigit()
    add_and_remove_a_zone(page)
    mark_speeds(page)
    for _ in range(9):
        page.keyboard.press("Control+z")
    expect(page.locator(".player .layer .shape")).to_have_count(0)


def test_what_a_file_has_is_checked_and_keeps_its_shape(dashboard: Dashboard, page: Page) -> None:
    opened(page, dashboard, f"analytics?job=tuesday&{TAB}&camera=")
    expect(page.locator(".player .bar")).to_be_visible(timeout=FIRST_PAINT_MS)
    notices = page.locator(".regions .notices li")
    open_set(page, {"lines": [], "scale": {"points": "1234", "sides_m": [4, 5, 4, 5]}})
    expect(notices).to_have_text("set.json has no lines and zones that can be opened (it has another form).")
    ground = {"points": [[0.3, 0.4], [0.7, 0.4], [0.8, 0.8], [0.2, 0.8]], "sides_m": [4, 5, 4, 5], "diagonal_m": 7}
    open_set(page, {"lines": [], "scale": ground})
    expect(notices).to_have_count(0)
    meaning = page.locator(".regions .speeds .meaning")
    shape = "on the plane of the four points with sides of 4 m, 5 m, 4 m, 5 m (a diagonal of 7 m)."
    expect(meaning).to_have_text(f"In km/h, {shape}")
    page.get_by_label("Unit").select_option("m/s")
    expect(meaning).to_have_text(f"In m/s, {shape}")
    page.get_by_label("2 to 3 (m)").fill("6")
    page.get_by_label("2 to 3 (m)").press("Enter")
    expect(meaning).to_contain_text("sides of 4 m, 6 m, 4 m, 6 m (a rectangle).")


def open_set(page: Page, content: dict[str, object]) -> None:
    file: FilePayload = {"name": "set.json", "mimeType": "application/json", "buffer": json.dumps(content).encode()}
    page.locator(".regions .upload input").set_input_files(file)


def add_and_remove_a_zone(page: Page) -> None:
    """Its card goes with it; a point that is taken back is that of the draft."""
    tool(page, "Zone").press("Enter")
    figures(page, "Zone 1")
    page.keyboard.press("Tab")
    page.locator(".player .layer .shape.zone").press("Delete")
    expect(page.locator(".regions .card")).to_have_count(1)
    tool(page, "Zone").click()
    for point in DOCK[:2]:
        page.mouse.click(*place_in_picture(page, point))
    page.keyboard.press("Control+z")
    expect(page.locator(".player .layer .dot")).to_have_count(1)
    expect(page.locator(".player .layer .shape")).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")


def mark_speeds(page: Page) -> None:
    """The four points of known distance are placed, moved and removed with keys."""
    page.get_by_role("button", name="Mark four points").press("Enter")
    point = page.locator(".player .layer .handle:focus")
    expect(point).to_have_attribute("aria-label", "Point 1 of the ground, 35% across, 40% down")
    page.keyboard.press("Shift+ArrowLeft")
    expect(point).to_have_attribute("aria-label", "Point 1 of the ground, 34% across, 40% down")
    expect(page.get_by_role("group", name="Speeds")).to_be_visible()
    page.keyboard.press("Delete")
    expect(page.locator(".player .layer .ground")).to_have_count(0)
    expect(tool(page, "Undo")).to_be_focused()


def find_and_play(page: Page) -> None:
    """Moments lead to their frame, and are played one after another until the user stops them."""
    page.get_by_label("Question").select_option("first_after")
    page.get_by_role("button", name="Find", exact=True).click()
    cards = page.locator(".regions .moments button[data-entry]")
    expect(cards).to_have_count(5)
    cards.last.click()
    expect(page.locator(f".player[data-shown='{cards.last.get_attribute('data-entry')}']")).to_be_visible()
    page.get_by_label("after (s)").fill("74.8")  # where the clip ends: it is not played from its start
    page.get_by_role("button", name="Find", exact=True).click()
    expect(cards.first.get_by_text("1:14.8")).to_be_visible()
    page.get_by_role("button", name="Play all").click()
    expect(page.locator(".player[data-shown='374']")).to_be_visible()
    expect(page.get_by_role("button", name="Play all")).to_be_visible()
    page.get_by_label("Question").select_option("more_than")
    page.get_by_role("button", name="Find", exact=True).click()
    expect(page.get_by_text("1 moment", exact=True)).to_be_visible()  # the whole clip, so that it still plays then
    page.get_by_role("button", name="Play all").click()
    expect(page.locator(".regions .moments [aria-current=true]")).to_have_count(1)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator(".regions .moments [aria-current=true]")).to_have_count(0)


def save(page: Page, camera: str) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    dialog = page.get_by_role("dialog", name="Save lines and zones")
    dialog.get_by_label("Camera").fill(camera)
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator(".regions .saved")).to_have_text("Saved")


def move_the_upper_line(page: Page) -> None:
    """With a mouse also on the phone: a drag with a finger is the same for the tool."""
    label = page.locator(".player .layer .label text").first
    before = label.text_content()
    page.locator(".player .stage").first.scroll_into_view_if_needed()
    page.mouse.move(*place_in_picture(page, (0.3, 0.35)))
    page.mouse.down()
    page.mouse.move(*place_in_picture(page, (0.5, 0.3)), steps=3)
    page.mouse.move(*place_in_picture(page, (0.6, 0.25)), steps=3)
    page.mouse.up()
    expect(label).not_to_have_text(before or "")


def assert_shown(page: Page, dashboard: Dashboard, camera: str) -> None:
    """The page shows what the pure functions count with the set that was saved."""
    regions, tracks = saved(dashboard, camera), tracks_of_job(dashboard)
    for line in regions.lines:
        found = crossings(tracks, line)
        ways = int(found.is_in.sum()), int((~found.is_in).sum())
        expect(label_of(page, line.name)).to_have_text(texts(line.name, *ways))
        shown = figures(page, line.name)
        assert (shown["In"], shown["Out"]) == (str(ways[0]), str(ways[1]))
        assert sum(ways) > 5
    (zone,) = regions.zones
    stays = visits(tracks, zone)
    shown = figures(page, zone.name)
    assert shown["Entries"] == str(int((~stays.was_inside).sum()))
    assert shown["Exits"] == str(int((~stays.is_open).sum()))
    assert shown["Median dwell"] == f"{median_dwell_s(stays):.1f} s"
    flows = page.locator(".regions .flows tbody td")
    assert any(int(count) for count in flows.all_inner_texts())


def label_of(page: Page, name: str) -> Locator:
    return page.locator(".player .layer .label text", has_text=name)


def texts(name: str, in_: int, out: int) -> re.Pattern[str]:
    return re.compile(rf"^{name} +(in {in_} · out {out}|{in_} · {out})$")


def saved(dashboard: Dashboard, camera: str) -> RegionSet:
    with open_ledger(f"sqlite:///{dashboard.data_dir / 'frametally.db'}") as ledger:
        stored = region_sets.set_of(ledger, camera)
    assert stored
    return RegionSet.from_json(stored.content)


def tracks_of_job(dashboard: Dashboard) -> Tracks:
    folder: Path = dashboard.data_dir / "results" / "monday"
    found = kept_tracks(open_results(folder), "parcels")
    kept = found.confidence >= 0.25
    return found.picked(np.flatnonzero(kept))
