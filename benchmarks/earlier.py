"""The Analytics page beside that of another checkout, in one interleaved run: `python -m benchmarks.earlier FOLDER`.

Times are those of a real browser, from the navigation to the first paint with chart and picture, or from the click on a
link to the paint of the other page. Each ratio is of the times beyond those of an empty Streamlit page.

analytics_cold_vs_earlier  in a browser without any cache
analytics_warm_vs_earlier  in a browser that has opened the page before
navigation_vs_earlier      from Jobs to Analytics
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.dashboard import ROOT, dashboard_process
from benchmarks.frames import write_moving_picture
from benchmarks.generate import write_results
from benchmarks.page import FLAGS

ROUNDS = 7
SECONDS = 20
_PYTHON = sys.executable
_EMPTY = """
import streamlit as st
def one(): st.title("Analytics")
def two(): st.title("Jobs")
st.navigation([st.Page(one, title="Analytics"), st.Page(two, title="Jobs")], position="top").run()
"""
_WRITE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from video_inference.jobs import Job, JobStatus, ModelChoice
from video_inference.results import archive
from video_inference.settings import Settings
from video_inference.workbench import open_workbench
data_dir, clip, results = map(Path, sys.argv[1:])
bench = open_workbench(Settings.read({"FRAMETALLY_DATA_DIR": str(data_dir)}), lambda: "http://127.0.0.1:1")
video = bench.media.add(clip)
bench.settings.results_dir.mkdir(exist_ok=True)
archive(results, bench.settings.results_dir / "clip")
now = datetime.now(UTC)
bench.store.add(Job(
    id="clip", status=JobStatus.SUCCEEDED, service="https://api.example.com", key_id="0123", video_name="clip.mp4",
    video_url=None, video_sha256=video.sha256, models=(ModelChoice(model_id="model", version="1"),), infer_fps=5.0,
    created_at=now, next_check_at=now,
))
"""
"""Writes the job with the code of the earlier checkout; ours opens the folder, too."""
_PAINTED = """() => {{
  if (!({ready})()) return false;
  if (!window.painted) requestAnimationFrame(() => setTimeout(() => {{ window.painted = performance.now(); }}));
  return window.painted > 0;
}}"""
_HEADING = "() => document.querySelector('h1')?.textContent === 'Analytics'"
_EARLIER = """() => document.querySelector('.js-plotly-plot .scatterlayer .trace path') &&
  [...document.querySelectorAll('[data-testid=stImage] img')].some((one) => one.complete && one.naturalWidth)"""
_OURS = """() => {
  const root = [...document.querySelectorAll('*')].map(one => one.shadowRoot?.querySelector('.player')).find(Boolean);
  return root?.dataset.shown && root.dataset.shown === root.dataset.entry && !root.querySelector('.exact').hidden &&
    root.querySelector('.js-plotly-plot .scatterlayer .trace path');
}"""


@dataclass(frozen=True)
class Side:
    """One of the pages that are compared: where it is, and how to see that it is drawn."""

    name: str
    url: str
    ready: str


def figures(earlier: Path) -> Iterator[tuple[str, float]]:
    """Print the medians; yield ratios."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sides = [
            Side(name, stack.enter_context(dashboard_process(*where))[1], ready)
            for name, where, ready in _sides(folder, earlier)
        ]
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for side in sides:
            times_of(browser, side)  # the servers fill their caches
        rounds = [{side.name: times_of(browser, side) for side in sides} for _ in range(ROUNDS)]
        browser.close()
    for at, what in enumerate(("analytics_cold", "analytics_warm", "navigation")):
        empty, before, now = (median(one[side.name][at] for one in rounds) for side in sides)
        print(f"{what}: empty page {empty:.0f} ms, earlier {before:.0f} ms, now {now:.0f} ms")
        yield f"{what}_vs_earlier", (now - empty) / (before - empty)


def _sides(folder: Path, earlier: Path) -> list[tuple[str, tuple[Path, Path, str], str]]:
    data_dir, clip, results = folder / "earlier", folder / "clip.mp4", folder / "results.json"
    data_dir.mkdir()
    (folder / "empty.py").write_text(_EMPTY)
    write_moving_picture(clip, seconds=SECONDS, fps=30, gop=250, size=(1280, 720))
    write_results(results, hours=SECONDS / 3600)
    subprocess.run(
        [_PYTHON, "-c", _WRITE, data_dir, clip, results], cwd=earlier, env={"PYTHONPATH": str(earlier)}, check=True
    )
    shutil.copytree(data_dir, folder / "now")
    return [
        ("empty", (folder, folder, "empty.py"), _HEADING),
        ("earlier", (data_dir, earlier, "app.py"), _EARLIER),
        ("now", (folder / "now", ROOT, "app.py"), _OURS),
    ]


def times_of(browser: Browser, side: Side) -> tuple[float, float, float]:
    """Milliseconds without any cache, in a browser that knows the page, and after a click on Analytics in Jobs."""
    with browser.new_context(viewport={"width": 1440, "height": 900}, bypass_csp=True) as context:
        page = context.new_page()
        cold_ms, warm_ms = opened_ms(page, side), opened_ms(page, side)
        page.get_by_role("link", name="Jobs", exact=True).first.click()
        page.wait_for_function("() => document.querySelector('h1')?.textContent === 'Jobs'")
        page.wait_for_timeout(1500)
        page.evaluate("window.painted = 0; document.onpointerdown = () => (window.clicked = performance.now())")
        page.get_by_role("link", name="Analytics", exact=True).first.click()
        navigated_ms = painted_ms(page, side) - float(page.evaluate("window.clicked"))
    return cold_ms, warm_ms, navigated_ms


def opened_ms(page: Page, side: Side) -> float:
    page.goto("about:blank")
    page.goto(f"{side.url}/{'' if side.name == 'empty' else 'analytics?job=clip'}", wait_until="commit")
    took_ms = painted_ms(page, side)
    page.wait_for_timeout(1500)
    return took_ms


def painted_ms(page: Page, side: Side) -> float:
    page.wait_for_function(_PAINTED.format(ready=side.ready), timeout=60_000, polling="raf")
    return float(page.evaluate("window.painted"))


if __name__ == "__main__":
    for figure, value in figures(Path(sys.argv[1]).resolve()):
        print(f"figure {figure} {value:.3f}")
