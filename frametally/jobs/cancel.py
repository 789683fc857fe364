"""Cancel a job at its service and here. A user's action, not a status call: the minimum interval does not apply."""

from __future__ import annotations

from datetime import datetime

from frametally.access.permissions import Action, require
from frametally.access.person import Person, actor_of
from frametally.client.client import VideoInferenceClient
from frametally.client.messages import NotFound
from frametally.client.registry import ClientRegistry
from frametally.errors import JobError, ServiceError
from frametally.job import Job, JobStatus
from frametally.jobs import messages
from frametally.jobs.outcome import Cancelled
from frametally.jobs.record import record
from frametally.ledger.ledger import Ledger


def cancel(ledger: Ledger, clients: ClientRegistry, job_id: str, now: datetime, *, actor: Person | None) -> Job:
    """Cancel a job, at its service first; returns it as canceled. Idempotent.

    Raises:
        AccessDenied: the person may not cancel it.
        JobError: the job has ended with another status, its service does not support cancellation, or the API key is
            not known.
        ServiceError: the service did not cancel it, and the job continues.
    """
    job = ledger.job(job_id)
    require(actor, Action.CANCEL, job.owner)
    while job.status.is_open:
        if job.remote_job_id:
            _cancel_at_service(ledger, clients, job, job.remote_job_id)
        record(ledger, job, Cancelled(), now, actor_of(actor))
        job = ledger.job(job_id)
    if job.status is not JobStatus.CANCELLED:
        raise JobError(*messages.NOT_CANCELLABLE)
    return job


def cancel_late(ledger: Ledger, client: VideoInferenceClient, job: Job, remote_job_id: str) -> None:
    """If the job was canceled while the service accepted it, cancel it there, or record that it may continue there."""
    job = ledger.job(job.id)
    if job.status is not JobStatus.CANCELLED:
        return
    try:
        client.cancel(remote_job_id)
    except ServiceError:
        ledger.update(job, failure=messages.cancelled_late(remote_job_id))


def _cancel_at_service(ledger: Ledger, clients: ClientRegistry, job: Job, remote_job_id: str) -> None:
    is_ours = clients.client(job.service, job.key_id) is not None
    client = clients.canceller(job.service, job.key_id)
    elsewhere = JobError(*messages.no_client(job, "Cancel it there."))
    if client is None:
        raise elsewhere
    try:
        client.cancel(remote_job_id)
    except NotFound as error:
        if not is_ours:  # the other dashboard has not said yet that it has the job
            raise elsewhere from error
        ledger.update(job, cancel_refused=True)
        raise JobError(*messages.CANCEL_UNSUPPORTED) from error
