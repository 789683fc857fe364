"""Cancellation here and at the service, and the progress that a running job reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from frametally.client.registry import ClientRegistry
from frametally.contract import CANCELLED
from frametally.errors import BadRequest, JobError, ServiceError
from frametally.job import Job, JobStatus
from frametally.jobs import messages
from frametally.jobs.cancel import cancel
from frametally.ledger.ledger import Ledger
from tests.support.clients import make_client
from tests.support.deployment import LocalDeployment, advance_due
from tests.support.ledgers import START, Clock, a_job
from tests.support.misbehaving import MisbehavingServer, Reply, after, answer, reset

GONE = "00000000-0000-0000-0000-000000000000"


def calls(server: MisbehavingServer) -> list[str]:
    return [request.method for request in server.seen]


def test_a_running_job_is_canceled_at_its_service_without_a_status_call(
    deployed: LocalDeployment, server: MisbehavingServer
) -> None:
    server.replies_with(answer({"job_id": "r1", "message": CANCELLED}))
    deployed.written(progress=0.4)
    canceled = deployed.workflow.cancel("j1", actor=None)
    assert [(call.method, call.query["job_id"]) for call in server.seen] == [("DELETE", ["r1"])]
    assert (canceled.status, canceled.failure, canceled.progress) == (JobStatus.CANCELLED, messages.CANCELED, None)
    assert canceled.ended_at == deployed.clock()
    deployed.clock.wait(3600)
    assert (advance_due(deployed.workflow), deployed.workflow.refresh("j1", actor=None)) == (0, None)


@pytest.mark.parametrize("status", [JobStatus.CREATED, JobStatus.UPLOADED])
def test_a_job_not_yet_submitted_is_canceled_here(
    deployed: LocalDeployment, server: MisbehavingServer, status: JobStatus
) -> None:
    deployed.written(status=status, remote_job_id=None, upload_url="https://host/v")
    assert deployed.workflow.cancel("j1", actor=None).status is JobStatus.CANCELLED
    deployed.clock.wait(3600)
    assert (advance_due(deployed.workflow), server.seen) == (0, [])


def test_a_job_of_another_dashboards_engine_is_canceled_through_the_own_one(
    deployed: LocalDeployment, server: MisbehavingServer, clock: Clock
) -> None:
    clients = ClientRegistry("secret", lambda: make_client(server.url), engine_id="b")
    for name in ("j1", "j2"):
        deployed.ledger.add(a_job(name, key_id="a", remote_job_id="r1", status=JobStatus.SUBMITTED))
    server.replies_with(answer())
    assert cancel(deployed.ledger, clients, "j1", clock(), actor=None).status is JobStatus.CANCELLED
    assert [(call.method, call.query["job_id"]) for call in server.seen] == [("DELETE", ["r1"])]
    server.replies_with(answer({"error": "There is no job with this job_id."}, status=404))
    with pytest.raises(JobError, match="built-in engine of another dashboard"):
        cancel(deployed.ledger, clients, "j2", clock(), actor=None)
    assert (deployed.ledger.job("j2").status, deployed.ledger.job("j2").cancel_refused) == (JobStatus.SUBMITTED, False)


def test_cancel_is_idempotent(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer())
    deployed.written()
    first = deployed.workflow.cancel("j1", actor=None)
    deployed.clock.wait(5)
    assert deployed.workflow.cancel("j1", actor=None) == first
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.LOST])
def test_an_ended_job_is_not_canceled(deployed: LocalDeployment, server: MisbehavingServer, status: JobStatus) -> None:
    job = deployed.written(status=status)
    with pytest.raises(JobError, match="nothing to cancel"):
        deployed.workflow.cancel("j1", actor=None)
    assert (deployed.job(), server.seen) == (job, [])


@pytest.mark.parametrize("refusal", [404, 405])
def test_a_service_without_cancellation_is_remembered(
    deployed: LocalDeployment, server: MisbehavingServer, refusal: int
) -> None:
    server.replies_with(answer(status=refusal))
    deployed.written()
    with pytest.raises(JobError, match="The service cannot cancel this job"):
        deployed.workflow.cancel("j1", actor=None)
    assert (deployed.job().status, deployed.job().cancel_refused) == (JobStatus.SUBMITTED, True)
    deployed.restart()
    assert deployed.ledger.services_without_cancel() == {deployed.job().service}


@pytest.mark.parametrize(("fault", "error"), [(answer(status=409), BadRequest), (reset, ServiceError)])
def test_a_job_that_could_not_be_canceled_continues(
    deployed: LocalDeployment, server: MisbehavingServer, fault: Reply, error: type[Exception]
) -> None:
    server.replies_with(fault)
    job = deployed.written()
    with pytest.raises(error, match="the job failed"):
        deployed.workflow.cancel("j1", actor=None)
    assert deployed.job() == job
    assert set(calls(server)) == {"DELETE"}


def test_a_job_with_an_unknown_key_is_not_canceled(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    key_id = deployed.clients.remember(server.url, "key")
    deployed.written(service=server.url, key_id=key_id)
    deployed.restart()
    with pytest.raises(JobError, match="Enter it on Configuration"):
        deployed.workflow.cancel("j1", actor=None)
    assert (deployed.job().status, server.seen) == (JobStatus.SUBMITTED, [])


@pytest.mark.parametrize("status", [JobStatus.SUBMITTED, JobStatus.LOST])
@pytest.mark.parametrize("report", [{"status": 2, "error": CANCELLED}, {"status": "canceled"}, {"status": "Cancelled"}])
def test_a_job_canceled_at_its_service_is_canceled_here(
    deployed: LocalDeployment, server: MisbehavingServer, report: dict[str, Any], status: JobStatus
) -> None:
    server.replies_with(answer(report))
    deployed.written(status=status)
    deployed.workflow.refresh("j1", actor=None)
    assert (deployed.job().status, deployed.job().failure) == (JobStatus.CANCELLED, messages.CANCELED)


def test_an_upload_stops_when_its_job_is_canceled(
    deployed: LocalDeployment, server: MisbehavingServer, small_video: Path
) -> None:
    job = deployed.submit(small_video)
    link = answer({"signed_url": f"{server.url}/upload?sig=1"})
    server.replies_with(after(lambda: deployed.workflow.cancel(job.id, actor=None), link), answer())
    deployed.step()
    assert deployed.job(job.id).status is JobStatus.CANCELLED
    assert "POST" not in calls(server)[1:]


def test_a_job_canceled_during_its_start_is_canceled_at_the_service(
    deployed: LocalDeployment, server: MisbehavingServer
) -> None:
    job = deployed.submit(None, video_url="https://host/v.mp4")
    taken = answer({"job_id": "r7"})
    server.replies_with(after(lambda: deployed.workflow.cancel(job.id, actor=None), taken), answer())
    deployed.step()
    assert (deployed.job(job.id).status, deployed.job(job.id).failure) == (JobStatus.CANCELLED, messages.CANCELED)
    assert [(call.method, call.query.get("job_id")) for call in server.seen] == [("POST", None), ("DELETE", ["r7"])]


def test_a_start_between_read_and_cancel_is_canceled_at_the_service(
    deployed: LocalDeployment, server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.replies_with(answer({"job_id": "r7"}), answer())
    job = deployed.submit(None, video_url="https://host/v.mp4")
    look = Ledger.job

    def look_and_start(ledger: Ledger, job_id: str) -> Job:
        seen = look(ledger, job_id)
        monkeypatch.undo()
        deployed.step()
        return seen

    monkeypatch.setattr(Ledger, "job", look_and_start)
    assert deployed.workflow.cancel(job.id, actor=None).status is JobStatus.CANCELLED
    assert [(call.method, call.query.get("job_id")) for call in server.seen] == [("POST", None), ("DELETE", ["r7"])]


def test_a_late_cancel_that_fails_is_reported(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    job = deployed.submit(None, video_url="https://host/v.mp4")
    taken = answer({"job_id": "r7"})
    server.replies_with(after(lambda: deployed.workflow.cancel(job.id, actor=None), taken), answer(status=405))
    deployed.step()
    assert deployed.job(job.id).status is JobStatus.CANCELLED
    assert "may run it to its end; its id is r7" in deployed.job(job.id).failure


def test_run_progress_is_stored_until_the_job_ends(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    reported = {"frames_done": 412, "frames_total": 1200, "frames_per_second": 14.2, "remaining_s": 55.5}
    server.replies_with(answer({"status": 1, "cancellable": True, **reported}), answer({"status": 2}))
    deployed.written()
    deployed.step()
    run_progress = deployed.job().run_progress
    assert run_progress is not None
    assert {name: getattr(run_progress, name) for name in reported} == reported
    assert (run_progress.cancellable, run_progress.jobs_before) == (True, None)
    deployed.step()
    assert (deployed.job().status, deployed.job().run_progress) == (JobStatus.FAILED, None)


def test_a_run_starts_when_the_service_no_longer_reports_it_queued(
    deployed: LocalDeployment, server: MisbehavingServer
) -> None:
    server.replies_with(
        answer({"status": 1, "jobs_before": 2}),
        answer({"status": "queued"}),
        answer({"status": 1, "frames_done": 1}),
        answer({"status": 1, "frames_done": 9}),
    )
    deployed.written(run_started_at=START)
    began = []
    for _ in range(4):
        deployed.step()
        began.append((deployed.job().run_started_at or START) - START)
    assert [waited.total_seconds() for waited in began] == [0, 60, 60, 60]


def test_after_downtime_the_start_of_the_run_is_unknown(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer({"status": 1}))
    deployed.written(run_started_at=START)
    deployed.clock.wait(3600)
    advance_due(deployed.workflow)
    assert deployed.job().run_started_at is None


@pytest.mark.parametrize(
    "odd",
    [
        {"frames_done": "many", "frames_total": None, "remaining_s": -1},
        {"frames_done": [1], "frames_per_second": {"now": 3}, "progress": {"percent": 5}},
        {"jobs_before": 1.5, "cancellable": "yes", "remaining_s": 1e300},
        {"frames_total": True, "progress": [0.5]},
    ],
)
def test_unexpected_values_of_extension_fields_are_ignored(
    deployed: LocalDeployment, server: MisbehavingServer, odd: dict[str, Any]
) -> None:
    server.replies_with(answer({"status": 1, **odd}))
    deployed.written()
    deployed.step()
    job = deployed.job()
    assert (job.status, job.run_progress, job.progress, job.service_message) == (JobStatus.SUBMITTED, None, None, "")
