"""Calling a job off, at its service and here. A person's act and no status call: it waits for no floor."""

from __future__ import annotations

from datetime import datetime

from frametally.client.client import VideoInferenceClient
from frametally.client.messages import NotFound
from frametally.client.registry import ClientRegistry
from frametally.contract import CANCELLED
from frametally.errors import JobError, ServiceError
from frametally.job import Job, JobStatus
from frametally.ledger.ledger import Ledger


def cancel(ledger: Ledger, clients: ClientRegistry, job_id: str, now: datetime) -> Job:
    """Call a job off, at its service first; returns it as it stands then. Twice is as good as once.

    Raises:
        JobError: it has ended otherwise, or its service cannot do this.
        ServiceError: the service did not do it, and the job goes on.
    """
    job = ledger.job(job_id)
    while job.status.is_open:
        if job.remote_job_id:
            _cancel_there(ledger, clients, job, job.remote_job_id)
        # What its service has taken meanwhile is to be called off there first.
        end_cancelled(ledger, job, now, source=job.status)
        job = ledger.job(job_id)
    if job.status is not JobStatus.CANCELLED:
        raise JobError("The job is not under way any more: there is nothing to cancel.")
    return job


def end_cancelled(ledger: Ledger, job: Job, now: datetime, source: JobStatus | None = None) -> None:
    """Write down that it was called off, unless it has ended otherwise or has left the `source`."""
    over = {"progress": None, "run_progress": None, "run_started_at": None, "service_message": ""}
    ledger.transition(job, JobStatus.CANCELLED, "", source, failure=CANCELLED, ended_at=now, **over)


def cancel_late(ledger: Ledger, client: VideoInferenceClient, job: Job, remote_job_id: str) -> None:
    """Where the job was called off while the service took it: have it stop there, too, or say that it may not."""
    job = ledger.job(job.id)
    if job.status is not JobStatus.CANCELLED:
        return
    try:
        client.cancel(remote_job_id)
    except ServiceError:
        told = f"The service had just taken it and may run it to its end; its id there is {remote_job_id}."
        ledger.update(job, failure=f"{CANCELLED} {told}")


def _cancel_there(ledger: Ledger, clients: ClientRegistry, job: Job, remote_job_id: str) -> None:
    client = clients.client(job.service, job.key_id)
    if client is None:
        raise JobError("The key for this service is not known since the restart.", "Enter it on Configuration.")
    try:
        client.cancel(remote_job_id)
    except NotFound as error:
        ledger.update(job, cancel_refused=True)
        raise JobError("The service cannot cancel this job.", "It goes on there, and its results come.") from error
