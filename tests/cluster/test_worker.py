"""The loop of the coordinating process: what it goes on after, and what ends it."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from frametally.cluster import worker
from frametally.engine.worker import RETRY_AFTER_S
from frametally.storage.objects import StoreUnavailable


class FailingTurns:
    """A coordinator whose turns raise these errors, one each."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def turn(self, wait_s: float) -> None:
        raise self.errors.pop(0)


def test_a_lost_connection_to_the_cluster_ends_the_process_and_other_errors_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The supervisor starts another one, which connects again."""
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    full, unavailable = OSError(errno.ENOSPC, "full"), StoreUnavailable("The object storage does not respond.")
    turns: Any = FailingTurns(full, unavailable, ConnectionError("Client is shutting down."))
    with pytest.raises(ConnectionError):
        worker.serve(turns, lambda: None, every_s=3600)
    assert waits == [RETRY_AFTER_S] * 2
