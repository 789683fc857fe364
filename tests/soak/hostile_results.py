"""Results that a hostile service sends, in a real dashboard: its health, its memory, and what the job says.

    python -m tests.soak.hostile_results [CASE …]

Each case is a job at a service that sends such results. While it is collected, and while its Analytics page is opened
afterwards (a websocket session without a browser), the health route is requested every 100 ms and the memory of the
dashboard process is read. Figures per case: p95 and maximum of the health route in ms, growth of the process above its
size before the case, in MB, and the peak memory of its children.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from frametally.config.settings import Settings
from frametally.deployment import Deployment, open_deployment
from frametally.job import Job, JobStatus, ModelChoice, RunRequest
from tests.soak.memory import look, memory_of
from tests.support.dashboards import Dashboard, starting_dashboards
from tests.support.hostile_service import Blocks, HostileService

MAX_P95_MS = 100.0
MAX_GROWTH_MB = 100.0
JOB_LIMIT_S = 400.0
PAGE_LIMIT_S = 60.0
AFTER_S = 3.0
_BLOCK = 1 << 20
_BOX = {"x": 50, "y": 50, "width": 10, "height": 10, "confidence": 0.9, "class": "car"}


def _document(entries: int, **models: object) -> dict[str, object]:
    return {"frame_offset": list(range(entries)), "time_offset": [at / 5 for at in range(entries)], **models}


def _json(document: object) -> Blocks:
    return lambda: iter([json.dumps(document).encode()])


def usual() -> Blocks:
    return _json(_document(100, **{"m/1": [{"predictions": [_BOX]}] * 100}))


def model_keys() -> Blocks:
    return _json(_document(3, **{f"m{at}/1": [{"predictions": [_BOX]}] * 3 for at in range(3000)}))


def unknown_keys() -> Blocks:
    return _json(_document(1, **{f"k{at}": 0 for at in range(3000)}))


def long_string() -> Blocks:
    def blocks() -> Iterator[bytes]:
        yield b'{"frame_offset":[0],"time_offset":[0],"m/1":[{"predictions":[{'
        yield b'"x":1,"y":1,"width":1,"height":1,"class":"'
        for _ in range(512):
            yield b"a" * _BLOCK
        yield b'"}]}]}'

    return blocks


def zeros() -> Blocks:
    def blocks() -> Iterator[bytes]:
        for _ in range(2048):
            yield bytes(_BLOCK)

    return blocks


def packed_zeros() -> Blocks:
    packed = gzip.compress(bytes(1 << 28), 9) * 8  # members are concatenated: 2 GiB
    return lambda: iter([packed])


def nesting() -> Blocks:
    depth = 1_000_000
    return lambda: iter([b'{"frame_offset":[0],"time_offset":[0],"m/1":', b"[" * depth, b"]" * depth, b"}"])


def class_names() -> Blocks:
    entry = {"predictions": [{**_BOX, "class": f"class {at}"} for at in range(8000)]}
    return _json(_document(5, **{"m/1": [entry] * 5}))


def million_frames() -> Blocks:
    count = 1_000_000
    entry = json.dumps({"predictions": [_BOX]}).encode()

    def blocks() -> Iterator[bytes]:
        yield b'{"frame_offset":' + json.dumps(list(range(count))).encode()
        yield b',"time_offset":' + json.dumps([at / 30 for at in range(count)]).encode() + b',"m/1":[' + entry
        for _ in range(999):
            yield (b"," + entry) * 1000
        yield (b"," + entry) * 999 + b"]}"

    return blocks


def long_names() -> Blocks:
    entries = [{"predictions": [{**_BOX, "class": f"{at}" + "x" * 100_000}]} for at in range(100)]
    return _json(_document(100, **{"m/1": entries}))


CASES = {
    case.__name__: case
    for case in (
        *(usual, model_keys, unknown_keys, long_string, zeros, packed_zeros, nesting),
        *(class_names, million_frames, long_names),
    )
}
ENCODED = {"packed_zeros": "gzip"}


@dataclass
class Watch:
    """What the health route and the memory did during one case."""

    dashboard: Dashboard
    took_ms: list[float] = field(default_factory=list)
    peak_mb: float = 0.0
    child_mb: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watch:
        self.before_mb = memory_of(self.dashboard.pid).total_mb
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._ask, self._measure)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while not self.over.wait(0.1):
            start_s = time.perf_counter()
            with (
                suppress(OSError),
                urllib.request.urlopen(f"{self.dashboard.url}/_stcore/health", timeout=60) as answer,
            ):
                answer.read()
            self.took_ms.append((time.perf_counter() - start_s) * 1000)

    def _measure(self) -> None:
        while not self.over.wait(0.05):
            self.peak_mb = max(self.peak_mb, memory_of(self.dashboard.pid).total_mb)
            for pid in _children(self.dashboard.pid):
                with suppress(OSError, ValueError, KeyError):  # it ends while it is read
                    self.child_mb = max(self.child_mb, memory_of(pid).total_mb)


def _children(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(text) for text in path.read_text().split()]
    return found


def run_case(name: str, dashboard: Dashboard, deployment: Deployment, service: HostileService, key_id: str) -> bool:
    """Run one case and print its figures; False if one is above its maximum."""
    service.body, service.encoding = CASES[name](), ENCODED.get(name, "")
    with Watch(dashboard) as watch:
        start_s = time.monotonic()
        job = _run(deployment, service.url, key_id, name)
        took_s = time.monotonic() - start_s
        page = asyncio.run(_open_page(dashboard, job))
        time.sleep(AFTER_S)
    p95 = quantiles(watch.took_ms, n=20)[-1]
    growth_mb = watch.peak_mb - watch.before_mb
    print(f"{name}: {job.status.value} after {took_s:.0f} s: {job.failure or job.service_message or 'no reason'}")
    print(f"  page: {page}")
    figures = (("p95_ms", p95), ("max_ms", max(watch.took_ms)), ("growth_mb", growth_mb), ("child_mb", watch.child_mb))
    for figure, value in figures:
        print(f"figure hostile_{name}_{figure} {value:.1f}", flush=True)
    return p95 <= MAX_P95_MS and (growth_mb <= MAX_GROWTH_MB or name == "usual") and not job.status.is_open


def _run(deployment: Deployment, url: str, key_id: str, name: str) -> Job:
    request = RunRequest(
        service=url,
        key_id=key_id,
        video_name=f"{name}.mp4",
        video_url="http://example.com/v.mp4",
        models=(ModelChoice(model_id="m", version="1"),),
        infer_fps=5.0,
    )
    job = deployment.workflow.submit(request, actor=None)
    end_s = time.monotonic() + JOB_LIMIT_S
    while job.status.is_open and time.monotonic() < end_s:
        time.sleep(0.2)
        job = deployment.ledger.job(job.id)
    return job


async def _open_page(dashboard: Dashboard, job: Job) -> str:
    if job.status is not JobStatus.SUCCEEDED:
        return "not opened"
    start_s = time.monotonic()
    try:
        async with asyncio.timeout(PAGE_LIMIT_S):
            faults = await look(dashboard, [f"job={job.id}"])
    except TimeoutError:
        return f"not there after {PAGE_LIMIT_S:.0f} s"
    return f"{time.monotonic() - start_s:.1f} s, {faults} exceptions"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", choices=[*CASES, []])
    names = parser.parse_args().cases or list(CASES)
    with (
        tempfile.TemporaryDirectory() as folder,
        HostileService().running() as service,
        starting_dashboards(Path(folder)) as start,
    ):
        settings = {"FRAMETALLY_API_URL": service.url, "ROBOFLOW_API_KEY": "key"}
        dashboard = start(**settings)
        read = Settings.read({"FRAMETALLY_DATA_DIR": str(dashboard.data_dir)}, {})
        deployment = open_deployment(read, lambda: dashboard.url)
        key_id = deployment.clients.remember(service.url, "key")
        run_case("usual", dashboard, deployment, service, key_id)  # loads modules
        passed = [run_case(name, dashboard, deployment, service, key_id) for name in names]
        deployment.ledger.close()
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
