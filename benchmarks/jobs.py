"""Latency of the jobs page with 10,000 jobs, with pictures and counts, measured in a real browser.

jobs_page_paint_ms    median time from navigation in a warm browser to the first paint with the jobs
jobs_page_filter_ms   median time to the first paint with the matching jobs, after a click on a status or after a key in
                      the search box (including the debounce interval), whichever is longer
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

from benchmarks.dashboard import running_dashboard
from benchmarks.frames import write_moving_picture
from benchmarks.generate import write_results
from benchmarks.page import FLAGS
from frametally.config.settings import Settings
from frametally.deployment import open_deployment
from frametally.job import Job, JobStatus, ModelChoice
from frametally.ledger.tags import add_tags
from frametally.library.library import Library
from frametally.results import archive_results

JOBS = 10_000
PAINTS, CHANGES = 5, 6
PICTURES, WITH_COUNTS = 8, 100
"""Different videos, and how many of the newest jobs have results."""
_ENDS = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.LOST, JobStatus.CANCELLED)
_WATCH = """() => {
  window.shown = {};
  const press = () => { window.shown = {at: performance.now()}; };
  document.addEventListener('keydown', press, true);
  document.addEventListener('pointerdown', press, true);
  const count = () => document.querySelector('.st-key-jobs_head [data-testid=stMarkdown]')?.textContent;
  const table = [...document.querySelectorAll('.st-key-job_table *')].map((one) => one.shadowRoot).find(Boolean);
  const jobs = () => [...table.querySelectorAll('[data-job]')].map((row) => row.dataset.job).join();
  const isRunning = () => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'running';
  let before = [count(), jobs()];
  const observer = new MutationObserver(() => {
    if (!window.shown.at || window.shown.done) return;
    const now = [count(), jobs()];
    if (now[0] === before[0] || !now[0] || now[1] === before[1] || isRunning()) return;
    before = now;
    window.shown.done = -1;
    requestAnimationFrame(() => setTimeout(() => { window.shown.done = performance.now(); }));
  });
  for (const root of [document.body, table])
    observer.observe(root, {subtree: true, childList: true, characterData: true, attributes: true});
}"""
_PAINTED = """() => {
  const hosts = [...document.querySelectorAll('.st-key-job_table *')].filter(({shadowRoot}) => shadowRoot);
  if (!hosts.some(({shadowRoot}) => shadowRoot.querySelector('[data-job]')?.offsetHeight)) return false;
  if (!window.painted) requestAnimationFrame(() => setTimeout(() => { window.painted = performance.now(); }));
  return window.painted > 0;
}"""


def figures() -> Iterator[tuple[str, float]]:
    """Print the measurements; yield milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        write_jobs(Path(folder))
        with running_dashboard(Path(folder)) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900}, bypass_csp=True)
            paint_ms = paints_ms(page, f"{url}/jobs")
            click_ms, search_ms = clicks_ms(page), searches_ms(page)
            browser.close()
    print(f"jobs page, {JOBS:,} jobs: painted in {', '.join(f'{ms:.0f}' for ms in paint_ms)} ms")
    print(f"after a click on a status: {', '.join(f'{ms:.0f}' for ms in click_ms)} ms")
    print(f"after a key in the search: {', '.join(f'{ms:.0f}' for ms in search_ms)} ms")
    yield "jobs_page_paint_ms", median(paint_ms)
    yield "jobs_page_filter_ms", max(median(click_ms), median(search_ms))


def write_jobs(data_dir: Path, jobs: int = JOBS) -> None:
    """Write a ledger as after years of use: mostly finished jobs, some running, with notes, tags and videos."""
    deployment = open_deployment(Settings.read({"FRAMETALLY_DATA_DIR": str(data_dir)}), lambda: "http://127.0.0.1:1")
    chance = random.Random(7)
    now = datetime.now(UTC)
    videos = [_video(deployment.library, data_dir / f"{number}.mp4", number) for number in range(PICTURES)]
    written = [_job(number, chance, now, videos[number % PICTURES]) for number in range(jobs)]
    _write_counts(deployment.settings.results_dir, written[:WITH_COUNTS])
    deployment.ledger.add(*written)
    for tag in ("night", "rain", "pilot"):
        add_tags(deployment.ledger, [job.id for job in written if chance.random() < 0.2], [tag], actor=None)
    deployment.ledger.close()


def paints_ms(page: Page, address: str) -> list[float]:
    """Paint times of several visits, without the first one, which fills the caches."""
    took = []
    for _ in range(PAINTS + 1):
        page.goto("about:blank")
        page.goto(address, wait_until="commit")
        page.wait_for_function(_PAINTED, timeout=30_000, polling="raf")
        took.append(float(page.evaluate("window.painted")))
        page.wait_for_timeout(1000)
    return took[1:]


def clicks_ms(page: Page) -> list[float]:
    """Times of clicks that select and clear one status after the other, without the first two, which warm up."""
    page.evaluate(_WATCH)
    took = []
    for number in range(CHANGES + 2):
        page.get_by_role("button", name=("Failed", "No response", "Canceled")[number // 2 % 3], exact=True).click()
        took.append(_until_shown_ms(page))
    return took[2:]


def searches_ms(page: Page) -> list[float]:
    """Times of a search that is extended by one character each time."""
    box = page.get_by_placeholder("Name, model, note, tag or ID")
    box.click()
    took = []
    for letter in "7f03":
        page.keyboard.press(letter)
        took.append(_until_shown_ms(page))
    return took


def _until_shown_ms(page: Page) -> float:
    page.wait_for_function("() => window.shown.done > 0", timeout=30_000)
    page.wait_for_timeout(700)
    return float(page.evaluate("window.shown.done - window.shown.at"))


def _video(library: Library, path: Path, number: int) -> str:
    """Store a short video, each of another content; returns its sha256."""
    write_moving_picture(path, seconds=1, fps=10, gop=number + 1, size=(320, 192))
    video = library.add(path, actor=None)
    path.unlink()
    return video.sha256


def _write_counts(results_dir: Path, jobs: Sequence[Job]) -> None:
    results_dir.mkdir()
    original = results_dir / "results.json"
    write_results(original, hours=1 / 120)
    done = [job for job in jobs if job.status is JobStatus.SUCCEEDED]
    for job in done:
        archive_results(original, results_dir / job.id)
    original.unlink()


def _job(number: int, chance: random.Random, now: datetime, video_sha256: str) -> Job:
    created_at = now - timedelta(minutes=37 * number, seconds=90)
    is_open = number % 500 == 3
    status = JobStatus.SUBMITTED if is_open else chance.choices(_ENDS, (80, 12, 3, 5))[0]
    model = ModelChoice(model_id=f"model-{chance.randrange(40)}", version=str(chance.randrange(1, 9)))
    return Job(
        id=f"job{number:05}",
        status=status,
        service="https://api.example.com",
        key_id="0123",
        video_name=f"camera {chance.randrange(60)} {created_at:%Y-%m-%d %H-%M}.mp4",
        video_sha256=video_sha256,
        models=(model,),
        infer_fps=5.0,
        frames=chance.randrange(100, 9000),
        remote_job_id=f"{chance.getrandbits(64):016x}",
        failure="The service ran out of memory." if status in (JobStatus.FAILED, JobStatus.LOST) else "",
        notes="Rain until noon." if number % 11 == 0 else "",
        created_at=created_at,
        checked_at=created_at + timedelta(minutes=4),
        run_started_at=created_at + timedelta(minutes=1),
        next_check_at=now + timedelta(hours=1),
        ended_at=None if is_open else created_at + timedelta(minutes=5),
    )


if __name__ == "__main__":
    for figure, value in figures():
        print(f"figure {figure} {value:.3f}")
