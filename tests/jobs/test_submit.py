"""Submission: failed uploads are retried, earlier uploads are reused, and an ambiguous start is not repeated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frametally.job import Job, JobStatus
from frametally.jobs import messages
from frametally.jobs.outcome import MAX_FAILED_UPLOADS
from tests.support.deployment import DAY_S, LocalDeployment
from tests.support.misbehaving import MisbehavingServer, Reply, after, answer, reset

ACCEPTED = answer({"job_id": "r1"})


@pytest.fixture
def deployed(deployed: LocalDeployment, server: MisbehavingServer) -> LocalDeployment:
    deployed.clients.remember(server.url, "key")
    return deployed


def signed_url(server: MisbehavingServer, number: int = 1) -> Reply:
    return answer({"signed_url": f"{server.url}/storage/{number}?sig=1"})


def hosted(deployed: LocalDeployment, video: Path, **values: Any) -> Job:
    service, key_id = deployed.clients.known()[-1]
    return deployed.submit(video, **{"service": service, "key_id": key_id, **values})


def calls(server: MisbehavingServer) -> list[str]:
    return [f"{request.method} {request.path}" for request in server.seen]


def input_urls(server: MisbehavingServer) -> list[str]:
    return [json.loads(seen.body)["input_url"] for seen in server.seen if seen.path == "/videoinfer/"]


@pytest.mark.parametrize("fault", [reset, answer(status=503), answer(status=403)])
def test_a_failed_upload_is_retried_with_a_new_signed_url(
    deployed: LocalDeployment, server: MisbehavingServer, small_video: Path, fault: Reply
) -> None:
    server.replies_with(signed_url(server, 1), fault, signed_url(server, 2), answer(), ACCEPTED)
    job = hosted(deployed, small_video)
    deployed.step()
    assert (deployed.job(job.id).status, deployed.job(job.id).failed_uploads) == (JobStatus.CREATED, 1)
    deployed.step()
    assert deployed.job(job.id).status is JobStatus.SUBMITTED
    assert [call for call in calls(server) if call.startswith("PUT")] == ["PUT /storage/1", "PUT /storage/2"]
    assert input_urls(server) == [f"{server.url}/storage/2?sig=1"]


def test_a_job_fails_after_too_many_failed_uploads(
    deployed: LocalDeployment, server: MisbehavingServer, small_video: Path
) -> None:
    server.replies_with(*[signed_url(server), reset] * MAX_FAILED_UPLOADS, answer(status=500))
    job, pauses_s = hosted(deployed, small_video), []
    while deployed.job(job.id).status is JobStatus.CREATED:
        deployed.step()
        pauses_s.append(deployed.pause_s(job.id))
    assert len([call for call in calls(server) if call.startswith("PUT")]) == MAX_FAILED_UPLOADS
    assert "failed 10 times" in deployed.job(job.id).failure
    assert pauses_s[0] < 7
    assert pauses_s[-2] >= 600


def test_an_earlier_upload_is_reused(deployed: LocalDeployment, server: MisbehavingServer, small_video: Path) -> None:
    server.replies_with(signed_url(server), answer(), ACCEPTED)
    hosted(deployed, small_video)
    deployed.step()
    deployed.clock.wait(5 * DAY_S)
    second = hosted(deployed, small_video, infer_fps=2.0)
    deployed.workflow.advance(second)
    assert deployed.job(second.id).status is JobStatus.SUBMITTED
    assert calls(server).count("PUT /storage/1") == 1
    assert input_urls(server) == [f"{server.url}/storage/1?sig=1"] * 2
    assert "already uploaded" in " ".join(event.cause for event in deployed.ledger.history(second.id))


def test_concurrent_jobs_share_one_upload(
    deployed: LocalDeployment, server: MisbehavingServer, small_video: Path
) -> None:
    for rate in range(1, 6):
        hosted(deployed, small_video, infer_fps=float(rate))
    first, *others = deployed.workflow.claim_due()

    def advance_others() -> None:
        for job in others:
            deployed.workflow.advance(job)
            assert "being uploaded for another job" in deployed.job(job.id).service_message

    server.replies_with(signed_url(server), after(advance_others, answer()), ACCEPTED)
    deployed.workflow.advance(first)
    while deployed.ledger.jobs(statuses=[JobStatus.CREATED]):
        deployed.step()
    assert {(job.status, job.service_message) for job in deployed.ledger.jobs()} == {(JobStatus.SUBMITTED, "")}
    assert calls(server).count("PUT /storage/1") == 1


def test_an_older_job_waits_for_the_upload_of_a_younger_one(
    deployed: LocalDeployment, server: MisbehavingServer, small_video: Path
) -> None:
    older = hosted(deployed, small_video)
    deployed.clock.wait(1)
    younger = hosted(deployed, small_video, infer_fps=2.0)
    assert deployed.ledger.claim(younger, deployed.clock(), 120)

    def resume_older() -> None:
        assert [job.id for job in deployed.workflow.claim_due()] == [older.id]
        deployed.workflow.advance(older)

    server.replies_with(after(resume_older, signed_url(server)), answer(), ACCEPTED)
    deployed.workflow.advance(younger)
    assert deployed.job(younger.id).status is JobStatus.SUBMITTED
    assert "being uploaded for another job" in deployed.job(older.id).service_message
    assert calls(server).count("POST /video_upload_signed_url/") == 1


def test_after_a_failed_upload_another_job_may_upload(
    deployed: LocalDeployment, server: MisbehavingServer, small_video: Path
) -> None:
    server.replies_with(signed_url(server), reset, signed_url(server, 2), answer(), ACCEPTED)
    failing = hosted(deployed, small_video)
    deployed.step()
    assert deployed.job(failing.id).progress is None
    other = hosted(deployed, small_video, infer_fps=2.0)
    deployed.workflow.advance(other)
    assert deployed.job(other.id).status is JobStatus.SUBMITTED


@pytest.mark.parametrize("difference", ["video", "key", "age"])
def test_an_upload_is_not_reused_for_another_video_or_key_or_after_six_days(
    deployed: LocalDeployment, server: MisbehavingServer, small_video: Path, tmp_path: Path, difference: str
) -> None:
    server.replies_with(signed_url(server), answer(), ACCEPTED, signed_url(server), answer(), ACCEPTED)
    hosted(deployed, small_video)
    deployed.step()
    if difference == "key":
        deployed.clients.remember(server.url, "another key")
    if difference == "age":
        deployed.clock.wait(6 * DAY_S + 60)
    if difference == "video":
        (tmp_path / "longer.mp4").write_bytes(small_video.read_bytes() + b"\0" * 9)
        small_video = tmp_path / "longer.mp4"
    deployed.workflow.advance(hosted(deployed, small_video))
    assert calls(server).count("PUT /storage/1") == 2


def test_a_rejected_upload_is_repeated_once(
    deployed: LocalDeployment, server: MisbehavingServer, small_video: Path
) -> None:
    rejected = answer({"error": "input_url cannot be read"}, status=400)
    server.replies_with(signed_url(server), answer(), ACCEPTED, rejected, signed_url(server, 2), answer(), rejected)
    hosted(deployed, small_video)
    deployed.step()
    deployed.clock.wait(DAY_S)
    second = hosted(deployed, small_video)
    deployed.workflow.advance(second)
    again = deployed.job(second.id)
    assert (again.status, again.upload_url, again.start_requested_at) == (JobStatus.CREATED, None, None)
    deployed.workflow.advance(again)
    assert deployed.job(second.id).status is JobStatus.FAILED
    assert calls(server)[-4:] == [
        *("POST /videoinfer/", "POST /video_upload_signed_url/"),
        *("PUT /storage/2", "POST /videoinfer/"),
    ]


def test_an_interrupted_start_is_not_repeated_automatically(
    deployed: LocalDeployment, server: MisbehavingServer, small_video: Path
) -> None:
    server.replies_with(ACCEPTED)
    service, key_id = deployed.clients.known()[-1]
    requested_at = deployed.clock()
    deployed.written(
        status=JobStatus.UPLOADED,
        service=service,
        key_id=key_id,
        remote_job_id=None,
        upload_url="https://x/v",
        start_requested_at=requested_at,
    )
    deployed.step()
    assert (deployed.job().status, server.seen) == (JobStatus.LOST, [])
    assert deployed.job().failure.startswith(messages.START_INTERRUPTED)
    assert "may have started it" in deployed.job().failure
    assert deployed.workflow.refresh("j1", actor=None) is not None
    assert (deployed.job().status, calls(server)) == (JobStatus.SUBMITTED, ["POST /videoinfer/"])


def test_a_second_ambiguous_start_is_reported_again(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(reset)
    service, key_id = deployed.clients.known()[-1]
    known = {"service": service, "key_id": key_id, "remote_job_id": None, "upload_url": "https://x/v"}
    deployed.written(status=JobStatus.LOST, failure="an earlier ambiguous start", **known)
    deployed.workflow.refresh("j1", actor=None)
    assert deployed.job().status is JobStatus.LOST
    assert "may have started it" in deployed.job().failure
    assert deployed.pause_s() == 0


@pytest.mark.parametrize("fault", [answer(status=429), answer(status=503, Retry_After="30")])
def test_a_start_rejected_with_429_or_503_is_retried(
    deployed: LocalDeployment, server: MisbehavingServer, small_video: Path, fault: Reply
) -> None:
    server.replies_with(signed_url(server), answer(), fault, ACCEPTED)
    job = hosted(deployed, small_video)
    deployed.step()
    assert (deployed.job(job.id).status, deployed.job(job.id).start_requested_at) == (JobStatus.UPLOADED, None)
    deployed.step()
    assert deployed.job(job.id).status is JobStatus.SUBMITTED


def test_a_start_carries_an_idempotency_key(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(ACCEPTED)
    job = deployed.submit(None, video_url="https://host/v.mp4")
    deployed.step()
    assert server.seen[0].headers["Idempotency-Key"] == job.id


def test_a_process_that_lost_its_lease_sends_no_request(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer({"status": 1}))
    submitted = deployed.written()
    starting = deployed.submit(None, video_url="https://host/v.mp4")
    deployed.ledger.update(submitted, checked_at=deployed.clock())
    deployed.ledger.update(starting, start_requested_at=deployed.clock())
    deployed.workflow.advance(submitted)
    deployed.workflow.advance(starting)
    assert server.seen == []
