"""Many tabs at once on one dashboard: the time until each is drawn, and the response time of the health route.

    python -m tests.soak.full_house [clients open surplus idle clicks …] [--clients 50] [--seconds 300]

The clients speak Streamlit's protocol from one niced process (tests/support/streamlit_clients.py). `clients`: all open
at once. `open`: the same beside five tabs of Chromium. `surplus`: four times as many. `idle`: they stay on a finished
job for a minute, visible and then hidden. `clicks`: each runs its page once every 20 s beside 20 jobs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, Page, sync_playwright

from frametally.config.settings import Settings
from frametally.deployment import Deployment, open_deployment
from frametally.job import EMBEDDED, JobStatus, RunRequest
from frametally.sample import CLIP, MODEL, find_sample, run_sample
from tests.support.browser import CHROMIUM, CHROMIUM_ARGS
from tests.support.dashboards import Dashboard, starting_dashboards
from tests.support.polling import until
from tests.support.streamlit_clients import OPEN

HEALTH_EVERY_S = 0.1
REAL_TABS = 5
MAX_HEALTH_S = 0.5
MAX_PAINTED_S = 10.0
MAX_IDLE_SHARE = 0.15
SETTLE_S = 5.0
SCAN_S = 20.0
CLICK_EVERY_S = 20.0


class Health:
    """The longest answer of the health route, asked every 100 ms."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/_stcore/health"
        self._ends = threading.Event()
        self.answers_s: list[float] = []
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Health:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    @property
    def longest_s(self) -> float:
        return max(self.answers_s)

    def _ask(self) -> None:
        session = requests.Session()
        while not self._ends.wait(HEALTH_EVERY_S):
            asked_s = time.monotonic()
            session.get(self._url, timeout=60)
            self.answers_s.append(time.monotonic() - asked_s)


def start_clients(url: str, *arguments: str) -> subprocess.Popen[str]:
    """One niced process with all clients."""
    command = ["nice", "-n", "19", sys.executable, "-m", "tests.support.streamlit_clients", url, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def visits_of(clients: subprocess.Popen[str]) -> list[dict[str, Any]]:
    output, _ = clients.communicate()
    return [json.loads(line) for line in output.splitlines() if line != OPEN]


def wait_until_open(clients: subprocess.Popen[str]) -> None:
    """Wait until the page of each client has run."""
    assert clients.stdout
    assert clients.stdout.readline().strip() == OPEN
    time.sleep(SETTLE_S)


@contextmanager
def house(folder: Path) -> Iterator[tuple[Dashboard, Deployment]]:
    """A dashboard, and its data."""
    with starting_dashboards(folder) as start:
        dashboard = start()
        settings = Settings.read({"FRAMETALLY_DATA_DIR": str(dashboard.data_dir)}, {})
        deployment = open_deployment(settings, lambda: dashboard.url)
        until(lambda: answers(dashboard.url))
        try:
            yield dashboard, deployment
        finally:
            deployment.ledger.close()


def answers(url: str) -> bool:
    """Whether the server is up: its log names the URL before."""
    try:
        return requests.get(f"{url}/_stcore/health", timeout=60).ok
    except requests.ConnectionError:
        return False


def report(name: str, **values: float) -> None:
    for key, value in values.items():
        print(f"figure house_{name}_{key} {value:.2f}", flush=True)


def opened(name: str, visits: list[dict[str, Any]], health: Health) -> bool:
    """Print how soon the clients were there; whether none broke."""
    inside = [each for each in visits if not each["is_full"]]
    broken = [each for each in inside if each["fault"] or each["exceptions"] or each["finished_s"] is None]
    finished = [each["finished_s"] for each in inside if each["finished_s"] is not None]
    report(
        name,
        clients=len(visits),
        full=len(visits) - len(inside),
        broken=len(broken),
        fetched_s=max((each["fetched_s"] or 0 for each in visits), default=0),
        opened_s=max((each["opened_s"] or 0 for each in inside), default=0),
        first_run_median_s=statistics.median(finished or [0]),
        first_run_s=max(finished, default=0),
        health_longest_s=health.longest_s,
        health_p95_s=statistics.quantiles(health.answers_s, n=20)[-1] if len(health.answers_s) > 1 else 0,
    )
    for each in broken[:3]:
        print(each["fault"] or each, flush=True)
    return not broken


def open_at_once(name: str, clients: int, folder: Path, real_tabs: int) -> bool:
    """All clients at once, and `real_tabs` of Chromium beside them if that is not zero."""
    with house(folder) as (dashboard, _), chromium() as browser:
        pages = [browser.new_page() for _ in range(real_tabs)]
        with Health(dashboard.url) as health:
            running = start_clients(dashboard.url, "--clients", str(clients), "--stay-s", "5")
            painted_s = paint(dashboard.url, pages)
            visits = visits_of(running)
    if pages:
        report(name, painted_s=max(painted_s))
    return opened(name, visits, health) and health.longest_s <= MAX_HEALTH_S and max([0.0, *painted_s]) <= MAX_PAINTED_S


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that has started."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


def paint(url: str, pages: list[Page]) -> list[float]:
    """Open tabs at once; returns the time from the navigation of each until it shows its page."""
    begun_s = []
    for page in pages:
        begun_s.append(time.monotonic())
        page.goto(f"{url}/upload", wait_until="commit")
    painted_s = []
    for page, begin_s in zip(pages, begun_s, strict=True):
        page.get_by_role("heading", name="Run a video").first.wait_for(timeout=120_000)
        painted_s.append(time.monotonic() - begin_s)
    return painted_s


def processor_s(pid: int) -> float:
    """Processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def idle(clients: int, folder: Path, seconds: float) -> bool:
    """The share of a core that the dashboard takes for tabs on the analytics of a finished job."""
    with house(folder) as (dashboard, deployment):
        sample = find_sample()
        assert sample is not None
        job = run_sample(sample, deployment.workflow, deployment.settings.models_dir, actor=None)
        until(lambda: deployment.ledger.job(job.id).status is JobStatus.SUCCEEDED, limit_s=300, poll_s=0.5)
        is_good = True
        first = ["--clients", "1", "--page", "analytics", "--query", f"job={job.id}", "--stay-s", str(SCAN_S)]
        visits_of(start_clients(dashboard.url, *first))  # the first tab has the video checked for damage
        for page, query in (("analytics", f"job={job.id}"), ("jobs", "")):
            for look in ("visible", "hidden"):
                arguments = ["--clients", str(clients), "--page", page, "--query", query, "--stay-s", str(seconds + 30)]
                running = start_clients(dashboard.url, *arguments, *(["--hidden"] if look == "hidden" else []))
                wait_until_open(running)
                before_s, at_s = processor_s(dashboard.pid), time.monotonic()
                time.sleep(seconds)
                share = (processor_s(dashboard.pid) - before_s) / (time.monotonic() - at_s)
                visits = visits_of(running)
                streams = sum(each["has_stream"] for each in visits)
                report(
                    f"idle_{page}_{look}",
                    core_share=share,
                    fragment_runs=sum(each["fragment_runs"] for each in visits),
                    streams=streams,
                    faults=sum(bool(each["fault"]) for each in visits),
                )
                is_good &= share <= MAX_IDLE_SHARE and streams == clients
    return is_good


def clicks(clients: int, folder: Path, seconds: float, jobs: int) -> bool:
    """The share of clicks that are answered within 5 s while jobs run."""
    with house(folder) as (dashboard, deployment):
        sample = find_sample()
        assert sample is not None
        run_sample(sample, deployment.workflow, deployment.settings.models_dir, actor=None)
        for _ in range(jobs - 1):
            request = RunRequest(
                service=EMBEDDED,
                key_id="",
                video_name=CLIP.name,
                video_sha256=sample.sha256,
                models=(MODEL,),
                infer_fps=1.0,
            )
            deployment.workflow.submit(request, actor=None)
        with Health(dashboard.url) as health:
            arguments = ["--page", "jobs", "--stay-s", str(seconds), "--click-every-s", str(CLICK_EVERY_S)]
            visits = visits_of(start_clients(dashboard.url, "--clients", str(clients), *arguments))
    answers = [answer for each in visits for answer in each["answers_s"]]
    soon = sum(answer <= 5 for answer in answers) / max(1, len(answers))
    is_good = opened("clicks", visits, health)
    report("clicks", count=len(answers), within_5_s=soon, median_s=statistics.median(answers))
    return is_good and soon >= 0.8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["clients", "open", "surplus", "idle", "clicks"])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--idle-s", type=float, default=60.0)
    options = parser.parse_args()
    is_good = True
    for part in options.parts:
        with tempfile.TemporaryDirectory() as folder:
            match part:
                case "open":
                    is_good &= open_at_once("open", options.clients, Path(folder), REAL_TABS)
                case "clients":
                    is_good &= open_at_once("clients", options.clients, Path(folder), 0)
                case "surplus":
                    is_good &= open_at_once("surplus", 4 * options.clients, Path(folder), 0)
                case "idle":
                    is_good &= idle(options.clients, Path(folder), options.idle_s)
                case "clicks":
                    is_good &= clicks(options.clients, Path(folder), options.seconds, options.jobs)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
