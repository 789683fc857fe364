"""Simulate four dashboards on one PostgreSQL with fifty open tabs and twenty jobs; one dashboard is killed.

It prints the lowest and highest number of status calls for a job and the shortest interval between two of them.

    python -m tests.crash.four_dashboards [--seconds 300] [--tabs 50] [--jobs 20]

Each dashboard is a separate `streamlit run app.py`. A tab is a websocket session that does everything except rendering:
it opens Jobs, receives every message, and reruns the fragment of the page every two seconds. The tabs of the killed
dashboard reconnect to another one, as behind a load balancer. The service responds slowly, so that calls are in
progress at the kill, and sends no `Retry-After`.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from frametally.config.settings import Settings
from frametally.deployment import Deployment, open_deployment
from frametally.job import Job, JobStatus, ModelChoice, RunRequest
from tests.support.ports import reserved_port
from tests.support.postgresql import serving_postgresql
from tests.support.short_documents import document, entry
from tests.support.video_files import write_video

ROOT = Path(__file__).parents[2]
DASHBOARDS = 4
FLOOR_S = 60.0
DONE_AT_CALL = 4
"""Pending three times, then done."""
SLOWEST_S = 4.0
REFRESH_S = 2.0
MAX_S = 300.0
KEY = "rf_four_key"
RESULTS = json.dumps(document(*[entry()] * 20)).encode()


class Service(ThreadingHTTPServer):
    """Records the time of every status call; responds to starts and status calls after a random delay."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked_at_s: defaultdict[str, list[float]] = defaultdict(list)
        self.counts: defaultdict[str, int] = defaultdict(int)
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, method: str, target: str) -> tuple[float, bytes]:
        """Return the delay in seconds and the body of the response."""
        parts = urlsplit(target)
        path = parts.path.rstrip("/")
        slowly_s = random.uniform(0.2, SLOWEST_S)
        with self.lock:
            number = next(self.numbers)
            self.counts[f"{method} /{path.split('/')[1] if path else ''}"] += 1
            match method, path:
                case "POST", "/video_upload_signed_url":
                    return 0, _json({"signed_url": f"{self.url}/storage/{number}?a=1&X-Goog-Expires=3600"})
                case "POST", "/videoinfer":
                    return slowly_s, _json({"job_id": f"job-{number}"})
                case "GET", "/videoinfer":
                    return slowly_s, _json(self._status(parse_qs(parts.query)["job_id"][0]))
                case "GET", "/results":
                    return 0, RESULTS
        return 0, b""

    def _status(self, job_id: str) -> dict[str, Any]:
        self.asked_at_s[job_id].append(time.monotonic())
        is_done = len(self.asked_at_s[job_id]) >= DONE_AT_CALL
        return {"status": 0, "output_signed_url": f"{self.url}/results"} if is_done else {"status": 1}


class _Handler(BaseHTTPRequestHandler):
    def handle_any(self) -> None:
        service = self.server
        assert isinstance(service, Service)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pause_s, content = service.answer(self.command, self.path)
        time.sleep(pause_s)
        with suppress(ConnectionError):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = handle_any  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Suppress the access log."""


def _json(said: dict[str, Any]) -> bytes:
    return json.dumps(said).encode()


class Dashboards:
    """The running dashboards, as processes by port."""

    def __init__(self, folder: Path, database_url: str, service_url: str) -> None:
        own = {
            "FRAMETALLY_DATA_DIR": str(folder / "data"),
            "FRAMETALLY_DATABASE_URL": database_url,
            "FRAMETALLY_API_URL": service_url,
            "ROBOFLOW_API_KEY": KEY,
            "PYTHONPATH": str(ROOT),
        }
        self._env = {name: text for name, text in os.environ.items() if not name.startswith("FRAMETALLY_")} | own
        self._log = folder / "dashboards.log"
        self._ports = ExitStack()
        self.running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        port = self._ports.enter_context(reserved_port())
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        with self._log.open("ab") as output:
            self.running[port] = subprocess.Popen(
                [*command, "--server.address", "127.0.0.1"], cwd=ROOT, env=self._env, stdout=output, stderr=output
            )
        while not _answers(port):
            assert self.running[port].poll() is None, self._log.read_text()
            time.sleep(0.1)

    def kill_one(self) -> None:
        port = next(iter(self.running))
        process = self.running.pop(port)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        self._ports.close()
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Tabs:
    """Sessions that have the Jobs page open."""

    def __init__(self, dashboards: Dashboards) -> None:
        self._dashboards = dashboards
        self.asked = 0
        self.runs = 0
        self.faults = 0
        self.lost: Counter[str] = Counter()

    async def keep_open(self, number: int, until_s: float) -> None:
        while time.monotonic() < until_s:
            ports = sorted(self._dashboards.running)
            try:
                await self._look(f"ws://127.0.0.1:{ports[number % len(ports)]}/_stcore/stream", until_s)
            except (OSError, websockets.WebSocketException) as error:
                self.lost[type(error).__name__] += 1
                await asyncio.sleep(1)

    async def _look(self, url: str, until_s: float) -> None:
        async with websockets.connect(url, subprotocols=[websockets.Subprotocol("streamlit")], max_size=None) as page:
            await page.send(_rerun())
            fragment, script, next_s = "", "", time.monotonic() + REFRESH_S
            while (now_s := time.monotonic()) < until_s:
                if now_s >= next_s:
                    next_s = now_s + REFRESH_S
                    if fragment:
                        await page.send(_rerun(fragment, script))
                        self.asked += 1
                with suppress(TimeoutError):
                    message = ForwardMsg.FromString(await asyncio.wait_for(page.recv(decode=False), next_s - now_s))
                    fragment = message.auto_rerun.fragment_id or fragment
                    script = message.new_session.page_script_hash or script
                    self.runs += message.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY
                    self.faults += message.delta.new_element.HasField("exception")


def _rerun(fragment_id: str = "", page_script_hash: str = "") -> bytes:
    message = BackMsg()
    message.rerun_script.page_name = "jobs"
    message.rerun_script.fragment_id = fragment_id
    message.rerun_script.page_script_hash = page_script_hash
    return bytes(message.SerializeToString())


@contextmanager
def serving() -> Iterator[Service]:
    with Service() as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        try:
            yield service
        finally:
            service.shutdown()


def submit(deployment: Deployment, folder: Path, count: int) -> list[Job]:
    write_video(folder / "square.mp4", frames=40, fps=10)
    video = deployment.library.add(folder / "square.mp4", actor=None)
    service, key_id = deployment.clients.known()[-1]
    return [
        deployment.workflow.submit(
            RunRequest(
                service=service,
                key_id=key_id,
                video_name=f"square {number}.mp4",
                video_sha256=video.sha256,
                models=(ModelChoice(model_id="cars", version="1"),),
                infer_fps=5.0,
            ),
            actor=None,
        )
        for number in range(count)
    ]


def until_ended(deployment: Deployment, jobs: list[Job]) -> list[Job]:
    """Wait up to `MAX_S` until the jobs have ended: some are delayed by the kill."""
    give_up_s = time.monotonic() + MAX_S
    while any(deployment.ledger.job(job.id).status.is_open for job in jobs) and time.monotonic() < give_up_s:
        time.sleep(1)
    return [deployment.ledger.job(job.id) for job in jobs]


async def watch(dashboards: Dashboards, tabs: Tabs, count: int, seconds: float) -> None:
    until_s = time.monotonic() + seconds

    async def kill_at_half() -> None:
        await asyncio.sleep(seconds / 2)
        dashboards.kill_one()
        print(f"One dashboard killed after {seconds / 2:.0f} s.", flush=True)

    await asyncio.gather(kill_at_half(), *(tabs.keep_open(number, until_s) for number in range(count)))


def report(service: Service, tabs: Tabs, jobs: list[Job]) -> bool:
    gaps_s = [later - earlier for asked in service.asked_at_s.values() for earlier, later in pairwise(asked)]
    ended = [job for job in jobs if job.status is JobStatus.SUCCEEDED]
    calls = [len(asked) for asked in service.asked_at_s.values()]
    print(f"{len(ended)} of {len(jobs)} jobs have succeeded; {dict(service.counts)}")
    min_s = min(gaps_s, default=0.0)
    print(f"{sum(calls)} status calls, {min(calls)} to {max(calls)} a job; shortest interval {min_s:.3f} s")
    print(f"{tabs.runs} of {tabs.asked} refreshes of the page completed; {tabs.faults} exceptions shown")
    print(f"lost connections: {dict(tabs.lost)}")
    return min_s >= FLOOR_S and len(ended) == len(jobs) and tabs.runs > 0 and not tabs.faults


def measure(new_database: Callable[[], str], folder: Path, options: argparse.Namespace) -> bool:
    url = new_database()
    with serving() as service:
        dashboards = Dashboards(folder, url, service.url)
        try:
            for _ in range(DASHBOARDS):
                dashboards.start()
            settings = Settings(data_dir=folder / "data", database_url=url, models_dir=folder)
            deployment = open_deployment(settings, lambda: "")
            deployment.clients.remember(service.url, KEY)
            jobs = submit(deployment, folder, options.jobs)
            tabs = Tabs(dashboards)
            asyncio.run(watch(dashboards, tabs, options.tabs, options.seconds))
            jobs = until_ended(deployment, jobs)
            deployment.ledger.close()
            return report(service, tabs, jobs)
        finally:
            dashboards.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--tabs", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=20)
    options = parser.parse_args()
    with serving_postgresql() as new_database, tempfile.TemporaryDirectory() as folder:
        return 0 if measure(new_database, Path(folder), options) else 1


if __name__ == "__main__":
    sys.exit(main())
