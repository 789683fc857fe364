"""The stream of ended jobs over a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
import uvicorn
from starlette.applications import Starlette

from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.library.tickets import Tickets
from frametally.network.routes import starlette_routes
from frametally.notifications import end_stream
from frametally.notifications.end_stream import ENDS_PREFIX, end_routes
from frametally.notifications.outbox import last_end
from tests.support.ledgers import START, a_job, open_ledger
from tests.support.polling import until
from tests.support.ports import reserved_port

TICKETS = Tickets("the-link-secret")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path / 'frametally.db'}") as ledger:
        yield ledger


@pytest.fixture
def server(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(end_stream, "POLL_S", 0.02)
    app = Starlette(routes=starlette_routes(end_routes(ledger, TICKETS)))
    with reserved_port() as port:
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", ws="none", lifespan="off"))
        thread = threading.Thread(target=server.run)
        thread.start()
        until(lambda: server.started)
        yield f"http://127.0.0.1:{port}{ENDS_PREFIX}"
        server.should_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive()


def end(ledger: Ledger, job_id: str) -> int:
    """End a job; returns the id of that event."""
    ledger.add(a_job(job_id, status=JobStatus.SUBMITTED, remote_job_id=job_id))
    assert ledger.transition(ledger.job(job_id), JobStatus.FAILED, failure="It broke.", ended_at=START)
    return last_end(ledger)


def opened(server: str, after: int, **headers: str) -> requests.Response:
    answer = requests.get(f"{server}{TICKETS.for_ends()}?after={after}", stream=True, timeout=10, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    return answer


def first_id(answer: requests.Response) -> int:
    return next(int(line[6:]) for line in answer.iter_lines() if line.startswith(b"data: "))


def test_an_end_after_the_page_was_opened_is_sent(server: str, ledger: Ledger) -> None:
    seen = end(ledger, "before")
    with opened(server, seen) as one, opened(server, seen) as other, ThreadPoolExecutor() as pool:
        waiting = [pool.submit(first_id, answer) for answer in (one, other)]
        ledger.add(a_job("goes on", status=JobStatus.SUBMITTED, remote_job_id="r"))
        assert not any(answer.done() for answer in waiting)
        ended = end(ledger, "during")
        assert [answer.result() for answer in waiting] == [ended, ended]


def test_an_end_while_the_connection_was_lost_is_sent_when_it_is_back(server: str, ledger: Ledger) -> None:
    seen = end(ledger, "before")
    missed = end(ledger, "missed")
    with opened(server, 0, **{"Last-Event-ID": str(seen)}) as answer:
        assert first_id(answer) == missed


@pytest.mark.parametrize("after", ["", "-1", "nonsense", "9" * 400])
def test_a_number_that_is_none_counts_as_0(server: str, ledger: Ledger, after: str) -> None:
    ended = end(ledger, "j")
    url = f"{server}{TICKETS.for_ends()}?after={quote(after)}"
    with requests.get(url, stream=True, timeout=10) as answer:
        assert first_id(answer) == ended


def test_another_ticket_is_refused(server: str) -> None:
    for ticket in ("forged", TICKETS.for_upload(), Tickets("another-secret").for_ends()):
        answer = requests.get(server + ticket, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (401, "TicketRefused")
