"""One of several processes that want the same: `python -m tests.support.rival WHAT DATABASE_URL …`.

It says `ready`, waits for a line, so that rivals begin together, and prints what it got as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

from frametally.client.client import VideoInferenceClient
from frametally.client.registry import ClientRegistry
from frametally.jobs.workflow import Workflow
from frametally.ledger.ledger import Ledger
from frametally.library.library import Library
from tests.support.deployment import advance_due
from tests.support.ledgers import START

THREADS = 8
ROUNDS = 25
LEASE_S = 120.0


def open_ledger(database_url: str) -> bool:
    """Open a ledger that is not there yet."""
    ledger = Ledger(database_url)
    ledger.close()
    return True


def claim_again_and_again(database_url: str) -> list[int]:
    """Each thread tries to claim the job once a round; returns the rounds that were won here."""
    ledger = Ledger(database_url)
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
    """The time that all rivals and the service share: seconds after the start, in a file."""
    return START + timedelta(seconds=float(clock_file.read_text()))


def ask_all_the_time(database_url: str, service_url: str, folder: str, until_s: str) -> int:
    """Each thread refreshes the job again and again; returns how often somebody tried."""
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

    def ask(number: int) -> int:
        tries = 0
        while time_in(clock_file) < end:
            if number % 2:
                workflow.refresh("j1", actor=None)
            else:
                advance_due(workflow)
            tries += 1
        return tries

    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        tries = sum(pool.map(ask, range(THREADS)))
    ledger.close()
    return tries


WORK: dict[str, Callable[..., object]] = {
    "open": open_ledger,
    "claim": claim_again_and_again,
    "ask": ask_all_the_time,
}

if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(WORK[sys.argv[1]](*sys.argv[2:])))
