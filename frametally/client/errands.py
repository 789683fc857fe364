"""Requests to a service that a page waits for: for a few seconds, and no more of them at once than a service has slots.

A service that drips its response would otherwise hold the page, and one of the runs of the dashboard, until the client
gives up after 40 s. What takes longer continues in the background; what it records there is not lost, its result is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from frametally.client import messages
from frametally.client.slots import Slots
from frametally.errors import JobError

PATIENCE_S: Final = 5.0
_REQUESTS: Final = Slots()
"""Of this process, for requests that advance no job."""

T = TypeVar("T")


class StillWaiting(JobError):
    """The service has not answered in time; the request continues."""


def within(patience_s: float, service: str, act: Callable[[], T], *, then: str, slots: Slots = _REQUESTS) -> T:
    """The result of `act`, which makes requests to this service, in a thread of its own.

    Args:
        patience_s: seconds after which the page goes on.
        service: whose slot is taken.
        act: called once.
        then: the sentence that says what happens to a request that continues.
        slots: where the slot is from.

    Raises:
        StillWaiting: it has not ended in time.
        JobError: all slots of the service are taken.
    """
    if not slots.try_take(service):
        raise JobError(*messages.SERVICE_BUSY)
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(act())
        except BaseException as error:
            outcome.set_exception(error)
        finally:
            slots.release(service)

    threading.Thread(target=run, name="errand", daemon=True).start()
    try:
        return outcome.result(patience_s)
    except TimeoutError:
        if outcome.done():  # its own
            raise
        raise StillWaiting(messages.SERVICE_SLOW, then) from None
