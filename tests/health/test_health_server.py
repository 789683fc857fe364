"""The process that answers for a dashboard that is busy."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import msgspec
import pytest
import requests

from frametally.health import server as health_server
from frametally.health.beacon import Beacon
from frametally.health.figures import Figures, jobs_by_status, memory_bytes, metrics_text
from frametally.health.server import HealthServer
from tests.support.event_loops import run_coroutine
from tests.support.ledgers import open_ledger
from tests.support.polling import until
from tests.support.ports import reserved_port

KEY = "the-key"
FIGURES = Figures(
    sessions=3, starting_sessions=1, runs=2, waiting_runs=5, memory_bytes=1000, jobs={"created": 1, "failed": 7}
)


@contextmanager
def server() -> Iterator[HealthServer]:
    with HealthServer(("127.0.0.1", 0), KEY) as made:
        yield made


def test_health_depends_on_the_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    with server() as answering:
        assert answering.answer("/health", "")[0] == 503
        answering.follow(BytesIO(msgspec.json.encode(FIGURES) + b"\n"))
        assert answering.answer("/health", "") == answering.answer("/_stcore/health?a=1", "") == (200, "ok")
        monkeypatch.setattr(health_server, "LATE_S", -1.0)
        assert answering.answer("/health", "")[0] == 503


def test_metrics_need_the_key() -> None:
    with server() as answering:
        answering.follow(BytesIO(msgspec.json.encode(FIGURES) + b"\n"))
        refused = [("/metrics", ""), ("/metrics?api_key=no", ""), ("/metrics", "Bearer no"), ("/metrics", KEY)]
        assert [answering.answer(*request)[0] for request in refused] == [401] * 4
        assert answering.answer("/metrics", f"Bearer {KEY}")[0] == answering.answer(f"/metrics?api_key={KEY}", "")[0]
        assert answering.answer("/metrics", f"Bearer {KEY}")[0] == 200
        assert answering.answer("/", "")[0] == 404


def test_the_text_of_the_metrics() -> None:
    lines = metrics_text(FIGURES, 1.25).splitlines()
    assert 'frametally_jobs{status="failed"} 7' in lines
    assert "frametally_queue 1" in lines
    assert "frametally_sessions 3" in lines
    assert 'frametally_runs{state="waiting"} 5' in lines
    assert [
        line for line in lines if not re.fullmatch(r"# (HELP|TYPE) .+|frametally_\w+(\{\w+=\"\w+\"\})? [\d.e+]+", line)
    ] == []


def test_the_figures_of_this_process_and_of_an_empty_ledger() -> None:
    with open_ledger("sqlite://") as ledger:
        counts = jobs_by_status(ledger)
    assert set(counts.values()) == {0}
    assert memory_bytes() > 1_000_000


def test_a_beacon_runs_the_process_and_ends_it() -> None:
    async def run(port: int) -> tuple[int, str]:
        beacon = Beacon("127.0.0.1", port, KEY, lambda: FIGURES)
        beacon.start()
        try:
            return await asyncio.to_thread(ask, port)
        finally:
            beacon.stop()

    def ask(port: int) -> tuple[int, str]:
        def answers() -> bool:
            try:
                return requests.get(f"http://127.0.0.1:{port}/health", timeout=20).ok
            except requests.ConnectionError:
                return False

        until(answers)
        metrics = requests.get(f"http://127.0.0.1:{port}/metrics?api_key={KEY}", timeout=20)
        return metrics.status_code, metrics.text

    with reserved_port() as port:
        status, text = run_coroutine(run(port))
        assert (status, "frametally_memory_bytes 1000" in text) == (200, True)
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{port}/health", timeout=20)
