"""Whether a job waits for an API key that this server does not have: keys are kept in memory only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from frametally.access.person import Person
from frametally.client.registry import PERSONAL, ClientRegistry
from frametally.job import EMBEDDED, Job
from frametally.jobs.messages import KEY_NEEDED, KEY_NEEDED_OF_OWNER

_OVERDUE: Final = timedelta(seconds=5)
"""Another server on the same ledger may have the key: it would have taken the job by then."""


def key_needed(job: Job, clients: ClientRegistry, person: Person, now: datetime) -> str:
    """What the job waits for; empty if this server has its key, or it waits for nothing."""
    is_waiting = job.status.is_open and job.deleted_at is None and now - job.next_check_at >= _OVERDUE
    if not is_waiting or job.service == EMBEDDED or clients.client(job.service, job.key_id) is not None:
        return ""
    is_of_another = job.key_id.startswith(PERSONAL) and job.owner != person.id
    return KEY_NEEDED_OF_OWNER if is_of_another else KEY_NEEDED
