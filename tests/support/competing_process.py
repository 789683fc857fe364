"""One of several competing processes."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Barrier
from typing import Any

from frametally.ledger.ledger import Ledger
from tests.support.ledgers import START
from tests.support.polling import until

THREADS = 8
ROUNDS = 8
LEASE_S = 120.0


def claim_every_round(database_url: str) -> list[int]:
    """Open a new ledger and wait for its job. Each thread tries to claim it once a round; return the rounds it won."""
    ledger = Ledger(database_url)
    until(ledger.jobs)
    together = Barrier(THREADS)

    def claim(_: int) -> list[int]:
        won = []
        for number in range(ROUNDS):
            job = ledger.job("j1")
            together.wait()
            if ledger.claim(job, START + timedelta(seconds=number * 2 * LEASE_S), LEASE_S):
                won.append(number)
        return won

    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        rounds = [number for won in pool.map(claim, range(THREADS)) for number in won]
    ledger.close()
    return rounds


def time_in(clock_file: Path) -> datetime:
    """The time shared by the processes and the service, stored in the file as seconds after `START`."""
    return START + timedelta(seconds=float(clock_file.read_text()))


def poll_continuously(database_url: str, service_url: str, folder: str, until_s: str) -> int:
    """Each thread advances or refreshes the job until the shared time is `until_s`; return the number of attempts."""
    # Imported here because the other tasks do not need these and start faster without them.
    from frametally.client.client import VideoInferenceClient
    from frametally.client.registry import ClientRegistry
    from frametally.jobs.workflow import Workflow
    from frametally.library.library import Library
    from tests.support.deployment import advance_due

    parent = os.getppid()
    clock_file, end = Path(folder) / "clock", START + timedelta(seconds=float(until_s))
    ledger = Ledger(database_url)
    workflow = Workflow(
        ledger=ledger,
        clients=ClientRegistry("secret", lambda: VideoInferenceClient(service_url, "key")),
        library=Library(Path(folder) / "media", max_video_bytes=1),
        results_dir=Path(folder) / "results",
        lost_after_s=86_400,
        clock=lambda: time_in(clock_file),
    )

    def poll(number: int) -> int:
        tries = 0
        while time_in(clock_file) < end and os.getppid() == parent:  # a test that was killed moves no clock
            if number % 2:
                workflow.refresh("j1", actor=None)
            else:
                advance_due(workflow)
            tries += 1
        return tries

    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        tries = sum(pool.map(poll, range(THREADS)))
    ledger.close()
    return tries


TASKS: dict[str, Callable[..., object]] = {
    "claim": claim_every_round,
    "poll": poll_continuously,
}


def compete(end: Connection[Any, Any], task: str, arguments: tuple[str, ...]) -> None:
    """Say that the process is ready, wait so that all start together, and send the result of the task."""
    end.send("ready")
    end.recv()
    end.send(TASKS[task](*arguments))
