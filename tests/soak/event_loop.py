"""What holds the event loop for longer than 50 ms while a browser does everything that a person does.

    python -m tests.soak.event_loop [--debug] [--tabs 20]

All pages, an upload, its job, playing, exports and notes in Chromium, and then many tabs at once. Without `--debug`,
each callback of the loop is timed in the processor time of the loop's thread, which another load of the machine does
not change; it fails above 50 ms. With `--debug`, asyncio's own debug mode (of uvloop) reports what took longer on the
clock: waits for the interpreter lock are included, so it is meaningful on a quiet machine only.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.soak.full_house import answers, report, start_clients, visits_of
from tests.support.browser import CHROMIUM, CHROMIUM_ARGS, PAGES, PATIENCE_MS, choose, downloaded, opened
from tests.support.dashboards import ROOT, Dashboard, starting_dashboards
from tests.support.players import wait_for_rest
from tests.support.polling import until
from tests.support.sample_excerpt import write_excerpt

MAX_S = 0.05
WATCH = ROOT / "tests" / "support" / "watched_loop"


def walk(dashboard: Dashboard, page: Page, video: Path) -> None:
    """Every page twice; an upload, its results, playing, seeking and two exports."""
    for name in (*PAGES, *PAGES):
        opened(page, dashboard, name)
        page.wait_for_timeout(500)
    opened(page, dashboard, "upload")
    choose(page, video)
    expect(page.get_by_text("parcels/2").first).to_be_visible()
    page.get_by_role("button", name="Run analysis").click()
    page.get_by_role("link", name="Open in analytics").click()
    wait_for_rest(page)
    page.keyboard.press("Space")
    page.wait_for_timeout(4000)
    page.keyboard.press("Space")
    wait_for_rest(page)
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    for section in ("Compare", "Distribution", "Table", "Moments"):
        page.goto(f"{page.url.partition('&')[0]}&section={section}")
        wait_for_rest(page)
    page.get_by_role("button", name="Export").click()
    downloaded(page, "button", "Counts per frame (CSV)")
    page.get_by_role("button", name="Annotated video").click()
    downloaded(page, "link", "Download video")
    opened(page, dashboard, "jobs")
    expect(page.locator(".badge", has_text="Done")).to_be_visible()


def walked(folder: Path, tabs: int, once_up: Callable[[], object] = lambda: None, **env: str) -> str:
    """Walk with a browser, then open many tabs at once; returns the dashboard's log. The start does not count."""
    write_excerpt(folder / "excerpt.mp4")
    models = str(ROOT / "demo" / "models")
    with starting_dashboards(folder) as start, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(4 * PATIENCE_MS)
        expect.set_options(timeout=4 * PATIENCE_MS)
        dashboard = start(FRAMETALLY_MODELS_DIR=models, **env)
        until(lambda: answers(dashboard.url))
        once_up()
        walk(dashboard, context.new_page(), folder / "excerpt.mp4")
        browser.close()
        for page in ("jobs", "analytics"):
            visits_of(start_clients(dashboard.url, "--clients", str(tabs), "--page", page, "--stay-s", "3"))
        return dashboard.log.read_text()


def slow_callbacks(folder: Path, tabs: int) -> bool:
    """Print what held the loop, by place; whether nothing took more than 50 ms of processor time."""
    notes = folder / "loop.jsonl"
    notes.touch()
    walked(folder, tabs, lambda: notes.write_text(""), WATCHED_LOOP=str(notes), PYTHONPATH=f"{ROOT}:{WATCH}")
    found: defaultdict[str, list[dict[str, float]]] = defaultdict(list)
    for line in notes.read_text().splitlines():
        note = json.loads(line)
        found[note["what"]].append(note)
    every = [note for several in found.values() for note in several]
    for what, several in sorted(found.items(), key=lambda item: -max(note["cpu_s"] for note in item[1])):
        cpu_s, wall_s = (max(note[key] for note in several) for key in ("cpu_s", "wall_s"))
        print(f"{len(several):4} × cpu ≤ {cpu_s * 1000:4.0f} ms, wall ≤ {wall_s * 1000:4.0f} ms  {what}", flush=True)
    too_long = [note for note in every if note["cpu_s"] > MAX_S]
    report(
        "loop",
        over_50_ms_of_processor=len(too_long),
        over_50_ms_of_time=sum(note["wall_s"] > MAX_S for note in every),
        longest_processor_s=max((note["cpu_s"] for note in every), default=0),
        longest_s=max((note["wall_s"] for note in every), default=0),
    )
    return not too_long


def debug_mode(folder: Path, tabs: int) -> bool:
    """Print what asyncio's debug mode reports."""
    log = walked(folder, tabs, PYTHONASYNCIODEBUG="1")
    lines = [line for line in log.splitlines() if "Executing" in line and "took" in line]
    print("\n".join(line[-300:] for line in lines), flush=True)
    report("loop", slow_callbacks=len(lines))
    return not lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debug", action="store_true")
    parser.add_argument("--tabs", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 0 if (debug_mode if options.debug else slow_callbacks)(Path(folder), options.tabs) else 1


if __name__ == "__main__":
    sys.exit(main())
