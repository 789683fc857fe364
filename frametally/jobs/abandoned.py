"""Jobs of the built-in engine of a dashboard that is gone: only that engine could go on with them.

With object storage, each dashboard has an engine of its own. Where one does not come back, the others give its jobs up,
so that they do not seem to run forever and can be retried.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Final

from frametally.client.registry import ClientRegistry
from frametally.job import EMBEDDED, Job
from frametally.jobs import messages
from frametally.jobs.outcome import Lost
from frametally.jobs.record import record
from frametally.ledger.lease import LEASE_S, CheckTime, check_times_of_others
from frametally.ledger.ledger import Ledger

LOOK_EVERY_S: Final = 60.0
ABANDONED_LOOKS: Final = 10
"""In so many minutes, a dashboard that is running takes one of its jobs, however many wait for their turn."""
_LOG = logging.getLogger(__name__)


class AbandonedJobs:
    """What one dashboard has seen of the jobs of other dashboards' engines."""

    def __init__(self, ledger: Ledger, clients: ClientRegistry) -> None:
        self._ledger, self._clients = ledger, clients
        self._before: set[CheckTime] = set()
        self._looks: dict[CheckTime, int] = {}

    def look(self, now: datetime) -> None:
        """Give up the jobs that are due at `ABANDONED_LOOKS` looks while no job of their engine was taken.

        To be called every `LOOK_EVERY_S`. Looks are counted and not the time, so that neither a clock that is set nor
        a database that does not respond for a while ends a job.
        """
        ours = [key_id for service, key_id in self._clients.known() if service == EMBEDDED]
        times = set(check_times_of_others(self._ledger, EMBEDDED, ours))
        alive = {each.key_id for each in times - self._before}
        due = [each for each in times if each.next_check_at <= now and each.key_id not in alive]
        self._before, self._looks = times, {each: self._looks.get(each, 0) + 1 for each in due}
        for each in due:
            if self._looks[each] >= ABANDONED_LOOKS:
                self._give_up(self._ledger.job(each.job_id), now)

    def _give_up(self, job: Job, now: datetime) -> None:
        if self._ledger.claim(job, now, LEASE_S):  # unless its dashboard has just done so
            _LOG.warning("Job %s is given up: the dashboard whose engine has it does not respond", job.id)
            record(self._ledger, job, Lost(reason=messages.ENGINE_GONE, next_check_at=now), now, None)
