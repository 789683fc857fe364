"""Latency of a threshold change on the analytics page with eight hours of results, measured in a real browser.

threshold_page_ms   median time from the key that moves the slider to the first paint with the new numbers and chart,
                    in Debian's chromium without a graphics card
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from benchmarks.dashboard import running_dashboard
from benchmarks.generate import write_results
from frametally.config.settings import Settings
from frametally.deployment import open_deployment
from frametally.job import Job, JobStatus, ModelChoice
from frametally.results import archive_results

HOURS = 8
CHANGES = 15
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
_WATCH = """() => {
  window.shown = {};
  document.addEventListener('keydown', () => { window.shown = {key: performance.now()}; }, true);
  const root = [...document.querySelectorAll('*')].map(one => one.shadowRoot?.querySelector('.player')).find(Boolean);
  const lines = () => root.querySelector('.js-line')?.getAttribute('d');
  const confidence = () => root.querySelector('.threshold output').textContent;
  let before = [confidence(), lines()];
  new MutationObserver(() => {
    if (!window.shown.key || window.shown.done) return;
    const now = [confidence(), lines()];
    if (now[0] === before[0] || now[1] === before[1] || !now[1]) return;
    before = now;
    window.shown.done = -1;
    requestAnimationFrame(() => setTimeout(() => { window.shown.done = performance.now(); }));
  }).observe(root, {subtree: true, childList: true, characterData: true, attributes: true});
}"""


def figures() -> Iterator[tuple[str, float]]:
    """Print the measurements; yield milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        job = write_job(Path(folder))
        with running_dashboard(Path(folder)) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900}, bypass_csp=True)
            page.goto(f"{url}/analytics?job={job.id}")
            took_ms = changes_ms(page)
            browser.close()
    print(f"threshold change on the page, {HOURS} h: median {median(took_ms):.0f} ms, worst {max(took_ms):.0f} ms")
    yield "threshold_page_ms", median(took_ms)


def write_job(data_dir: Path) -> Job:
    """Add a finished job with archived results to the data folder."""
    deployment = open_deployment(Settings.read({"FRAMETALLY_DATA_DIR": str(data_dir)}), lambda: "http://127.0.0.1:1")
    now = datetime.now(UTC)
    job = Job(
        id="long",
        status=JobStatus.SUCCEEDED,
        service="https://api.example.com",
        key_id="0123",
        video_name="long.mp4",
        video_url="https://example.com/long.mp4",
        models=(ModelChoice(model_id="model", version="1"),),
        infer_fps=5.0,
        created_at=now,
        next_check_at=now,
    )
    original = data_dir / "results.json"
    write_results(original, hours=HOURS)
    deployment.settings.results_dir.mkdir()
    archive_results(original, deployment.settings.results_dir / job.id)
    original.unlink()
    deployment.ledger.add(job)
    return job


def changes_ms(page: Page) -> list[float]:
    """Times of several changes, without the first three, which warm up."""
    slider = page.locator(".player .threshold input")
    slider.wait_for(timeout=60_000)
    page.wait_for_selector(".js-plotly-plot .scatterlayer", timeout=60_000)
    page.wait_for_timeout(3000)
    page.evaluate(_WATCH)
    slider.focus()
    took = []
    for _ in range(CHANGES + 3):
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => window.shown.done > 0", timeout=30_000)
        took.append(float(page.evaluate("window.shown.done - window.shown.key")))
        page.wait_for_timeout(700)
    return took[3:]


if __name__ == "__main__":
    for figure, value in figures():
        print(f"figure {figure} {value:.3f}")
