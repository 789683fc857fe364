"""At most one status call a minute for each job, for any number of tabs and processes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path

import pytest

from frametally.contract import STATUS_FLOOR_S
from frametally.job import JobStatus
from frametally.ledger.lease import LEASE_S
from tests.support.competing_process import time_in
from tests.support.ledgers import START, a_job, open_ledger, run_competing_processes
from tests.support.misbehaving import MisbehavingServer, Reply, answer
from tests.support.polling import until

PENDING, BROKEN = answer({"status": 1}), answer(status=500)
SECOND_TAKES_S = 0.015
EARLY, LATE = range(10), range(50, 90)
"""The seconds of the short form: nothing may happen between them, and attempts go on all the time."""


@pytest.mark.parametrize(
    ("ledger_url", "reply", "seconds"),
    [
        pytest.param("sqlite", PENDING, range(90), id="sqlite-pending", marks=pytest.mark.soak),
        pytest.param("postgresql", BROKEN, (*EARLY, *LATE), id="postgresql-broken"),
        pytest.param("sqlite", PENDING, range(150), id="sqlite-pending-longer", marks=pytest.mark.soak),
        pytest.param("sqlite", BROKEN, range(150), id="sqlite-broken", marks=pytest.mark.soak),
        pytest.param("postgresql", PENDING, range(150), id="postgresql-pending", marks=pytest.mark.soak),
        pytest.param("postgresql", BROKEN, range(150), id="postgresql-broken-longer", marks=pytest.mark.soak),
    ],
    indirect=["ledger_url"],
)
def test_eight_threads_in_each_of_two_processes_call_the_service_once_a_minute(
    tmp_path: Path, ledger_url: str, reply: Reply, seconds: Sequence[int]
) -> None:
    """`seconds` are those of the clock shared by the processes, which is faster than real time."""
    end_s = seconds[-1] + 1
    clock, asked_at_s = tmp_path / "clock", list[float]()

    def log_and_reply(handler: BaseHTTPRequestHandler) -> None:
        asked_at_s.append((time_in(clock) - START).total_seconds())
        reply(handler)

    def let_time_pass() -> None:
        with open_ledger(ledger_url) as ledger:  # an answer that is recorded late puts the next question off
            claimed = START, START + timedelta(seconds=LEASE_S)
            until(lambda: asked_at_s and ledger.job("j1").next_check_at not in claimed)
        for second in seconds:
            set_clock(clock, second)
            time.sleep(SECOND_TAKES_S)
        until(lambda: len(asked_at_s) > 1)
        set_clock(clock, end_s)

    set_clock(clock, 0)
    with open_ledger(ledger_url) as ledger:
        ledger.add(a_job(status=JobStatus.SUBMITTED, remote_job_id="r1", last_known_at=START))
    with MisbehavingServer() as server:
        server.replies_with(log_and_reply)
        tries = run_competing_processes("poll", ledger_url, server.url, str(tmp_path), str(end_s), during=let_time_pass)
    assert min(tries) > len(asked_at_s)
    gaps_s = [later - earlier for earlier, later in pairwise(asked_at_s)]
    assert len(gaps_s) >= 1
    assert min(gaps_s) >= STATUS_FLOOR_S


def set_clock(clock: Path, second: int) -> None:
    draft = clock.with_suffix(".next")
    draft.write_text(str(second))
    draft.replace(clock)
