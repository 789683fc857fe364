"""What a person waits for in the player, measured in a real browser by its own clock.

drag_step_ms    median time from a move of the threshold's slider over eight hours of results to the paint of the chart
                with the new counts, while the slider is dragged
drag_gap_ms     median time between two such paints
drag_rest_ms    time from the release of the slider until nothing changes in the player any more
seek_ms         median time from a click into the timeline to the exact annotated frame, of a 1080p video with a
                keyframe every 250 frames
seek_p95_ms     the 95th percentile of it
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.dashboard import running_dashboard
from benchmarks.frames import GOP, write_moving_picture
from benchmarks.generate import write_results
from benchmarks.page import FLAGS, HOURS, write_job
from frametally.config.settings import Settings
from frametally.deployment import open_deployment
from frametally.job import Job, JobStatus, ModelChoice
from frametally.results import archive_results

SECONDS, FPS = 30, 30
SEEKS = 50
DRAG_STEPS, DRAG_STEP_MS = 60, 40
_ROOT = """[...document.querySelectorAll('*')].map(one => one.shadowRoot?.querySelector('.player')).find(Boolean)"""
_WATCH_DRAG = f"""() => {{
  const root = {_ROOT};
  const [inputs, paints, changes] = [[], [], []];
  window.drag = {{ inputs, paints, changes }};
  root.querySelector('.threshold input').addEventListener('input', () => inputs.push(performance.now()));
  root.querySelector('.threshold input').addEventListener('change', () => (window.drag.released = performance.now()));
  const lines = () => root.querySelector('.js-line')?.getAttribute('d');
  let [before, isWaiting] = [lines(), false];
  new MutationObserver(() => {{
    changes.push(performance.now());
    if (isWaiting || lines() === before) return;
    before = lines();
    isWaiting = true;
    requestAnimationFrame(() => setTimeout(() => {{ isWaiting = false; paints.push(performance.now()); }}));
  }}).observe(root, {{ subtree: true, childList: true, characterData: true, attributes: true }});
}}"""
_WATCH_SEEK = f"""() => {{
  const root = {_ROOT};
  window.addEventListener('pointerdown', () => {{ window.seek = {{ start: performance.now() }}; }}, true);
  const isDone = () => window.seek && root.dataset.shown && root.dataset.shown === root.dataset.entry;
  new MutationObserver(() => {{
    if (!isDone() || window.seek.done) return;
    window.seek.done = -1;
    requestAnimationFrame(() => setTimeout(() => {{ window.seek.done = performance.now(); }}));
  }}).observe(root, {{ attributes: true, attributeFilter: ['data-shown'] }});
}}"""


def figures() -> Iterator[tuple[str, float]]:
    """Print the measurements; yield milliseconds."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        write_job(data_dir)
        write_long_gop(data_dir)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        with running_dashboard(data_dir) as url:
            yield from drag_figures(opened(browser, f"{url}/analytics?job=long&chart=lines"))
            yield from seek_figures(opened(browser, f"{url}/analytics?job=gop"))
        browser.close()


def opened(browser: Browser, address: str) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, bypass_csp=True)
    page.goto(address)
    page.wait_for_selector(".js-plotly-plot .main-svg", timeout=60_000)
    page.wait_for_function(f"() => ({_ROOT})?.dataset.shown", timeout=60_000)
    page.wait_for_timeout(3000)
    return page


def drag_figures(page: Page) -> Iterator[tuple[str, float]]:
    page.locator(".player .classes .mean").first.wait_for()
    page.evaluate(_WATCH_DRAG)
    place = page.locator(".player .threshold input").bounding_box()
    assert place
    y = place["y"] + place["height"] / 2
    page.mouse.move(place["x"] + place["width"] * 0.25, y)
    page.mouse.down()
    for step in range(DRAG_STEPS):
        page.mouse.move(place["x"] + place["width"] * (0.25 + 0.6 * step / DRAG_STEPS), y)
        page.wait_for_timeout(DRAG_STEP_MS)
    page.mouse.up()
    page.wait_for_timeout(4000)
    drag = page.evaluate("window.drag")
    inputs, paints = drag["inputs"], [at for at in drag["paints"] if at > drag["inputs"][0]]
    step_ms = [min(at for at in paints if at > moved) - moved for moved in inputs if any(at > moved for at in paints)]
    gaps_ms = np.diff([at for at in paints if at < drag["released"]])
    own = [at for at in drag["changes"] if at < drag["released"] + 250]  # then Python answers
    last_ms = max(drag["changes"]) - drag["released"]
    print(f"dragged over {HOURS} h: {len(inputs)} moves, {len(paints)} paints, median {median(step_ms):.0f} ms after")
    print(
        f"  worst {max(step_ms):.0f} ms, gaps {np.median(gaps_ms):.0f} ms; with the answer of Python {last_ms:.0f} ms"
    )
    yield "drag_step_ms", median(step_ms)
    yield "drag_gap_ms", float(np.median(gaps_ms))
    yield "drag_rest_ms", max(0.0, max(own) - drag["released"])
    page.close()


def seek_figures(page: Page) -> Iterator[tuple[str, float]]:
    page.evaluate(_WATCH_SEEK)
    page.locator(".player .surface").scroll_into_view_if_needed()
    place = page.locator(".player .surface").bounding_box()
    assert place
    choose, took_ms = random.Random(3), []
    for _ in range(SEEKS + 3):
        page.mouse.move(place["x"] + place["width"] * choose.random(), place["y"] + place["height"] / 2)
        page.wait_for_timeout(100)
        page.mouse.down()
        page.mouse.up()
        page.wait_for_function("() => window.seek?.done > 0", timeout=30_000)
        took_ms.append(float(page.evaluate("window.seek.done - window.seek.start")))
        page.wait_for_timeout(1200)  # the address has taken the frame over
    took_ms = took_ms[3:]
    print(f"  {', '.join(f'{ms:.0f}' for ms in took_ms)} ms")
    median_ms, p95_ms = np.percentile(took_ms, [50, 95])
    print(f"click to exact frame, 1080p, a keyframe every {GOP} frames: median {median_ms:.0f} ms, p95 {p95_ms:.0f} ms")
    yield "seek_ms", float(median_ms)
    yield "seek_p95_ms", float(p95_ms)
    page.close()


def write_long_gop(data_dir: Path) -> None:
    """Add a finished job on a stored 1080p video."""
    deployment = open_deployment(Settings.read({"FRAMETALLY_DATA_DIR": str(data_dir)}), lambda: "http://127.0.0.1:1")
    clip, original = data_dir / "gop.mp4", data_dir / "results.json"
    write_moving_picture(clip, seconds=SECONDS, fps=FPS, gop=GOP)
    video = deployment.library.add(clip, actor=None)
    clip.unlink()
    write_results(original, hours=SECONDS / 3600)
    archive_results(original, deployment.settings.results_dir / "gop")
    original.unlink()
    now = datetime.now(UTC)
    job = Job(
        id="gop",
        status=JobStatus.SUCCEEDED,
        service="https://api.example.com",
        key_id="0123",
        video_name="gop.mp4",
        video_url=None,
        video_sha256=video.sha256,
        models=(ModelChoice(model_id="model", version="1"),),
        infer_fps=5.0,
        created_at=now,
        next_check_at=now,
    )
    deployment.ledger.add(job)
    deployment.ledger.close()


if __name__ == "__main__":
    for figure, value in figures():
        print(f"figure {figure} {value:.3f}")
