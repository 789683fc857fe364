"""Many readers of one link: response times of its document, and of the health route beside them.

    python -m tests.soak.shares [--connections 500] [--per-second 150] [--seconds 30]

A dashboard runs the sample and shares its brief. A niced process keeps the connections open, and asks for the document
at a fixed rate: a time begins when the request is due, not when a connection is free for it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import requests

from frametally.access.person import OPERATOR
from frametally.analysis.view_spec import ViewSpec
from frametally.deployment import Deployment
from frametally.job import JobStatus
from frametally.reports.request import BriefRequest
from frametally.reports.shares.shares import ShareOptions
from frametally.reports.shares.views import WRITE_EVERY_S
from frametally.sample import find_sample, run_sample
from tests.soak.full_house import Health, house, processor_s
from tests.support.polling import until

MAX_S: Final = 0.3
MAX_HEALTH_S: Final = 0.1
MAX_DOCUMENT_BYTES: Final = 400_000
_BUFFER_BYTES: Final = 1 << 18


class Reader(asyncio.BufferedProtocol):
    """One connection, which reads a document at a time."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._buffer = bytearray(_BUFFER_BYTES)
        self._head = b""
        self._left: int | None = None
        self._done: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None
        self._status = 0
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self.is_open = transport, True

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if self._done and not self._done.done():
            self._done.set_exception(error or ConnectionResetError())

    def get_buffer(self, sizehint: int) -> bytearray:
        del sizehint
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._left is None:
            self._head += self._buffer[:nbytes]
            head, separator, body = self._head.partition(b"\r\n\r\n")
            if not separator:
                return
            lines = head.split(b"\r\n")
            self._status = int(lines[0].split()[1])
            fields = dict(line.lower().split(b": ", 1) for line in lines[1:])
            self._left = int(fields[b"content-length"]) - len(body)
        else:
            self._left -= nbytes
        if self._left <= 0 and self._done and not self._done.done():
            self._done.set_result(self._status)

    async def read(self) -> int:
        """The status of one response, when all of it has arrived."""
        assert self._transport
        self._head, self._left, self._done = b"", None, asyncio.get_running_loop().create_future()
        self._transport.write(self._request)
        return await self._done


async def load(url: str, connections: int, per_second: float, seconds: float) -> dict[str, object]:
    """Ask at this rate; returns the times, and how many answers were none of 200."""
    parts = urlsplit(url)
    head = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept-Encoding: br\r\n\r\n".encode()
    loop, free = asyncio.get_running_loop(), deque[Reader]()

    async def connect() -> Reader:
        _, reader = await loop.create_connection(lambda: Reader(head), parts.hostname or "", parts.port or 80)
        return reader

    for _ in range(connections):
        free.append(await connect())
    times_s, waiting, outcome = list[float](), deque[float](), {"failed": 0, "reconnected": 0}
    tasks = set[asyncio.Task[None]]()

    async def ask(reader: Reader, due_s: float) -> None:
        if not reader.is_open:  # the server closes what is idle
            reader = await connect()
            outcome["reconnected"] += 1
        try:
            outcome["failed"] += await reader.read() != 200
        except OSError:
            outcome["failed"] += 1
        times_s.append(loop.time() - due_s)
        free.append(reader)
        start()

    def start() -> None:
        while waiting and free:
            task = loop.create_task(ask(free.popleft(), waiting.popleft()))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    begin_s, count = loop.time(), int(per_second * seconds)
    for number in range(count):
        due_s = begin_s + number / per_second
        await asyncio.sleep(due_s - loop.time())
        waiting.append(due_s)
        start()
    while tasks or waiting:
        await asyncio.sleep(0.01)
    open_ = sum(reader.is_open for reader in free)
    return {"times_s": times_s, "took_s": loop.time() - begin_s, "open": open_, **outcome}


def share_of_sample(deployment: Deployment) -> str:
    """The path of a link to the brief of the sample."""
    sample = find_sample()
    assert sample is not None
    job = run_sample(sample, deployment.workflow, deployment.settings.models_dir, actor=None)
    until(lambda: deployment.ledger.job(job.id).status is JobStatus.SUCCEEDED, limit_s=300, poll_s=0.5)
    expires_at = deployment.workflow.clock() + timedelta(days=1)
    request = BriefRequest(view=ViewSpec(job_ids=(job.id,)))
    return deployment.shares.create(request, ShareOptions(name="Load", expires_at=expires_at), actor=None).path


def report(**values: float) -> None:
    for key, value in values.items():
        print(f"figure shares_{key} {value:.3f}", flush=True)


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def measured(options: argparse.Namespace, folder: Path) -> bool:
    """Run the load, print the figures; whether they are within their limits."""
    with house(folder) as (dashboard, deployment):
        url = dashboard.url + share_of_sample(deployment)
        document = requests.get(url, headers={"Accept-Encoding": "br"}, stream=True, timeout=60)
        document_bytes = len(document.raw.read(decode_content=False))
        arguments = [str(options.connections), str(options.per_second), str(options.seconds)]
        command = ["nice", "-n", "10", sys.executable, "-m", "tests.soak.shares", "--load", url, *arguments]
        with Health(dashboard.url) as health:
            before_s, at_s = processor_s(dashboard.pid), time.monotonic()
            loaded = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
            share = (processor_s(dashboard.pid) - before_s) / (time.monotonic() - at_s)
        time.sleep(WRITE_EVERY_S + 1)
        views = deployment.shares.seen_by(OPERATOR)[0].views
    times_s = loaded["times_s"]
    report(
        document_bytes=document_bytes,
        requests=len(times_s),
        failed=loaded["failed"],
        reconnected=loaded["reconnected"],
        connections_open=loaded["open"],
        per_second=len(times_s) / loaded["took_s"],
        median_s=statistics.median(times_s),
        p95_s=p95(times_s),
        longest_s=max(times_s),
        health_p95_s=p95(health.answers_s),
        health_longest_s=health.longest_s,
        dashboard_core_share=share,
        views_counted=views,
    )
    is_fast = p95(times_s) <= MAX_S and p95(health.answers_s) <= MAX_HEALTH_S
    is_whole = not loaded["failed"] and views == len(times_s) + 1
    return is_fast and is_whole and document_bytes <= MAX_DOCUMENT_BYTES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--per-second", type=float, default=150.0)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--load", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        url, connections, per_second, seconds = options.load
        print(json.dumps(asyncio.run(load(url, int(connections), float(per_second), float(seconds)))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return 0 if measured(options, Path(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
