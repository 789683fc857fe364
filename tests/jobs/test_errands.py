"""A page waits for a service a few seconds: what takes longer continues in a slot of that service."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from frametally.client.errands import StillWaiting, within
from frametally.client.slots import ENGINE_SLOTS, SERVICE_SLOTS, Slots
from frametally.errors import JobError
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.jobs.messages import REFRESH_CONTINUES
from frametally.ledger.events import EventKind
from tests.support.deployment import LocalDeployment
from tests.support.misbehaving import MisbehavingServer, answer, dripping
from tests.support.polling import until

SLOW = "https://slow.example"
NOW_S = 0.05


def test_the_outcome_of_a_request_in_time_is_returned_or_raised() -> None:
    slots = Slots()
    assert within(9, SLOW, lambda: 7, then="", slots=slots) == 7
    with pytest.raises(JobError, match="Gone"):
        within(9, SLOW, lambda: _raise(JobError("Gone.")), then="", slots=slots)
    with pytest.raises(TimeoutError, match="its own"):
        within(9, SLOW, lambda: _raise(TimeoutError("its own")), then="", slots=slots)
    until(lambda: slots.free(SLOW) == SERVICE_SLOTS)


def _raise(error: Exception) -> None:
    raise error


def test_slow_requests_keep_their_slots_until_they_end_and_no_further_ones_begin() -> None:
    slots, over = Slots(), threading.Event()
    for _ in range(SERVICE_SLOTS):
        with pytest.raises(StillWaiting, match=r"slow to respond\. It goes on"):
            within(NOW_S, SLOW, over.wait, then="It goes on.", slots=slots)
    with pytest.raises(JobError, match="waiting for its response already"):
        within(9, SLOW, lambda: 7, then="", slots=slots)
    assert within(9, "https://other.example", lambda: 7, then="", slots=slots) == 7
    over.set()
    until(lambda: slots.free(SLOW) == SERVICE_SLOTS)


def refresh(deployed: LocalDeployment, patience_s: float) -> Job | None:
    """As the page does."""
    act = partial(deployed.workflow.refresh, "j1", actor=None)
    return within(patience_s, EMBEDDED, act, then=REFRESH_CONTINUES, slots=deployed.workflow.slots)


def test_a_refresh_of_a_dripping_service_lets_the_page_go_on_and_is_recorded_when_it_ends(
    deployed: LocalDeployment, server: MisbehavingServer
) -> None:
    slots = deployed.workflow.slots
    server.replies_with(dripping(server))
    deployed.written()
    with pytest.raises(StillWaiting, match="its result appears here"):
        refresh(deployed, NOW_S)
    assert slots.free(EMBEDDED) == ENGINE_SLOTS - 1  # the watcher counts it, too
    assert refresh(deployed, 9) is None  # it is being advanced
    server.stopping.set()
    until(lambda: slots.free(EMBEDDED) == ENGINE_SLOTS)
    assert deployed.job().status is JobStatus.SUBMITTED
    assert [event.kind for event in deployed.ledger.history("j1")] == [EventKind.CREATED, EventKind.STATUS_CALL]


def test_a_refresh_that_is_answered_in_time_returns_the_job(
    deployed: LocalDeployment, server: MisbehavingServer
) -> None:
    server.replies_with(answer({"status": 1, "progress": 0.25}))
    deployed.written()
    refreshed = refresh(deployed, 9)
    assert refreshed is not None
    assert refreshed.progress == 0.25
