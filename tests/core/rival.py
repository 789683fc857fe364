"""One of several processes that want the same: `python -m tests.core.rival WHAT URL …` prints what it got as JSON.

It says `ready` and waits for a line, so that rivals begin together.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from tests.core.conftest import START
from video_inference.store import Store

THREADS = 8
ROUNDS = 25
LEASE_S = 120.0


def open_ledger(database_url: str) -> bool:
    """Open a ledger that is not there yet."""
    store = Store(database_url)
    store.close()
    return True


def claim_again_and_again(database_url: str) -> list[int]:
    """Each thread tries to claim the job once a round; returns the rounds that were won here."""
    store = Store(database_url)
    together = Barrier(THREADS)

    def claim(_: int) -> list[int]:
        won = []
        for number in range(ROUNDS):
            job = store.job("j1")
            together.wait()
            if store.claim(job, START + timedelta(seconds=number * 2 * LEASE_S), LEASE_S):
                won.append(number)
        return won

    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        rounds = [number for won in pool.map(claim, range(THREADS)) for number in won]
    store.close()
    return rounds


if __name__ == "__main__":
    work = {"open": open_ledger, "claim": claim_again_and_again}[sys.argv[1]]
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(work(sys.argv[2])))
