"""A key that one person typed serves that person's jobs alone, and is needed again after a restart."""

from __future__ import annotations

import pytest

from components.key_needed import key_needed
from frametally.client.client import VideoInferenceClient
from frametally.client.registry import ClientRegistry
from frametally.errors import JobError
from frametally.job import JobStatus, ModelChoice, RunRequest
from frametally.jobs import messages
from tests.support.deployment import LocalDeployment, advance_due
from tests.support.misbehaving import MisbehavingServer, answer
from tests.support.people import admin, analyst, viewer

ANN, BOB = analyst("ann"), analyst("bob")


def request_with(key_id: str, service: str) -> RunRequest:
    url, models = "https://example.com/a.mp4", (ModelChoice(model_id="m", version="1"),)
    return RunRequest(service=service, key_id=key_id, video_name="a.mp4", video_url=url, models=models, infer_fps=1.0)


def keys_sent(server: MisbehavingServer) -> set[str]:
    return {key for seen in server.seen for key in seen.query.get("api_key", [])}


def restarted(deployed: LocalDeployment) -> ClientRegistry:
    """Restart: no key is known any more but those of the settings, here one of the deployment for the same service."""
    deployed.restart()
    deployed.clients._open_client = VideoInferenceClient
    deployed.clients.remember(deployed.url, "the key of the deployment")
    return deployed.clients


def test_after_a_restart_a_job_waits_for_the_key_of_its_person_and_no_other_key_is_tried(
    deployed: LocalDeployment, server: MisbehavingServer
) -> None:
    server.replies_with(answer({"status": 1, "progress": 0.5}))
    clients = restarted(deployed)
    key_id = clients.remember(server.url, "anns key", owner="ann")
    written = deployed.written(service=server.url, key_id=key_id, owner="ann")
    assert (advance_due(deployed.workflow), keys_sent(server)) == (1, {"anns key"})
    assert key_needed(deployed.job(), clients, ANN, deployed.clock()) == ""

    clients = restarted(deployed)
    server.seen.clear()
    deployed.clock.wait(120)
    clients.remember(server.url, "anns key", owner="bob")
    clients.remember(server.url, "another key", owner="ann")
    assert (advance_due(deployed.workflow), server.seen) == (0, [])
    people = (ANN, BOB, admin("ada"), viewer("vic"))
    said = {person.name: key_needed(deployed.job(), clients, person, deployed.clock()) for person in people}
    assert said.pop("ann") == messages.KEY_NEEDED
    assert set(said.values()) == {messages.KEY_NEEDED_OF_OWNER}

    assert clients.remember(server.url, "anns key", owner="ann") == written.key_id
    assert (advance_due(deployed.workflow), keys_sent(server)) == (1, {"anns key"})
    assert (deployed.job().progress, key_needed(deployed.job(), clients, ANN, deployed.clock())) == (0.5, "")


def test_a_job_that_was_just_due_may_be_that_of_another_server(deployed: LocalDeployment) -> None:
    job = deployed.written(service="https://host", key_id="p-unknown", owner="ann")
    assert key_needed(job, deployed.clients, ANN, deployed.clock()) == ""
    deployed.clock.wait(6)
    assert key_needed(job, deployed.clients, ANN, deployed.clock()) == messages.KEY_NEEDED


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.LOST])
def test_a_job_that_has_ended_needs_no_key(deployed: LocalDeployment, status: JobStatus) -> None:
    job = deployed.written(service="https://host", key_id="p-unknown", owner="ann", status=status)
    deployed.clock.wait(6)
    assert key_needed(job, deployed.clients, ANN, deployed.clock()) == ""


def test_no_job_of_another_begins_with_a_typed_key(deployed: LocalDeployment) -> None:
    key_id = deployed.clients.remember("https://host", "anns key", owner="ann")
    request = request_with(key_id, "https://host")
    with pytest.raises(JobError, match="another person"):
        deployed.workflow.submit(request, actor=BOB)
    assert deployed.workflow.submit(request, actor=ANN).owner == "ann"
