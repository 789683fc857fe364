"""Jobs of the built-in engine of a dashboard that is gone: only that engine could go on with them.

With object storage, each dashboard has an engine of its own. Where one does not come back, the others give its jobs up,
so that they do not seem to run forever and can be retried.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from frametally.client.registry import ClientRegistry
from frametally.job import EMBEDDED
from frametally.jobs import messages
from frametally.jobs.outcome import Lost
from frametally.jobs.record import record
from frametally.ledger.lease import unattended
from frametally.ledger.ledger import Ledger

ABANDONED_S: Final = 600.0
"""Longer than a restart takes. A job that is due is taken within seconds by its dashboard if that is running."""
_LOG = logging.getLogger(__name__)


class AbandonedJobs:
    """What one dashboard has seen of the jobs of other dashboards' engines."""

    def __init__(self, ledger: Ledger, clients: ClientRegistry) -> None:
        self._ledger, self._clients = ledger, clients
        self._seen_s: dict[tuple[str, datetime], float] = {}

    def give_up(self, now: datetime, monotonic_s: float) -> None:
        """Give up those that have been due for `ABANDONED_S` of the time of this process: a clock may be set."""
        ours = [key_id for service, key_id in self._clients.known() if service == EMBEDDED]
        due = {(job.id, job.next_check_at): job for job in unattended(self._ledger, EMBEDDED, ours, now)}
        self._seen_s = {each: self._seen_s.get(each, monotonic_s) for each in due}
        for each, job in due.items():
            if monotonic_s - self._seen_s[each] >= ABANDONED_S:
                _LOG.warning("Job %s is given up: the dashboard whose engine has it does not respond", job.id)
                record(self._ledger, job, Lost(reason=messages.ENGINE_GONE, next_check_at=now), now, None)
