"""The workflow from submit to results, over real sockets, with a clock set by the test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.contract import STATUS_FLOOR_S
from frametally.errors import JobError, MediaError
from frametally.job import EMBEDDED, Job, JobStatus, RunRequest
from frametally.jobs import collect, messages
from frametally.ledger import lease
from frametally.ledger.events import EventKind
from frametally.ledger.lease import LEASE_S
from frametally.ledger.ledger import Ledger
from frametally.results import archive, archive_in_subprocess, archive_results, open_results
from tests.support import fake_service
from tests.support.deployment import DAY_S, MOTION, LocalDeployment, advance_due
from tests.support.documents import original_of
from tests.support.fake_service import FakeService
from tests.support.ledgers import START, Clock, open_ledger
from tests.support.misbehaving import MisbehavingServer, Reply, answer, reset
from tests.support.people import admin
from tests.support.polling import until
from tests.support.short_documents import document, entry

RESULTS = json.dumps(document(entry(), None)).encode()


@pytest.fixture
def hosted(tmp_path: Path, clock: Clock, migrated_sqlite: Path) -> Iterator[tuple[LocalDeployment, FakeService]]:
    """A deployment that uses a hosted service, which refuses more than one status call a minute for a job."""
    shutil.copy(migrated_sqlite, tmp_path / "ledger.db")
    with FakeService(in_words=False) as fake:
        deployment = LocalDeployment(tmp_path, clock, fake.url, fake_service.KEY)
        yield deployment, fake
        deployment.ledger.close()


def finish(deployment: LocalDeployment, fake: FakeService, job_id: str, between: Callable[[], None]) -> list[JobStatus]:
    """Advance the job eight times, moving the clocks; return its statuses in order, without repetitions."""
    seen = [deployment.job(job_id).status]
    for _ in range(8):
        between()
        before = deployment.clock.now
        deployment.step()
        fake.wait((deployment.clock.now - before).total_seconds())
        seen.append(deployment.job(job_id).status)
    return list(dict.fromkeys(seen))


@pytest.mark.parametrize("crash_between", [False, True])
def test_a_job_goes_from_the_click_to_its_results(
    hosted: tuple[LocalDeployment, FakeService], small_video: Path, crash_between: bool
) -> None:
    deployment, fake = hosted
    job = deployment.submit(small_video)
    assert job.frames == 20
    seen = finish(deployment, fake, job.id, deployment.restart if crash_between else lambda: None)
    done = deployment.job(job.id)
    assert seen[0] is JobStatus.CREATED
    assert seen[-1] is JobStatus.SUCCEEDED, (done.failure, done.service_message)
    assert (done.progress, done.failure, done.service_message) == (1.0, "", "")
    assert done.ended_at is not None
    assert done.frames == 20
    assert done.run_s is not None
    assert done.run_s >= 2 * STATUS_FLOOR_S
    archived = open_results(deployment.folder / "results" / job.id)
    assert archived.models["motion"].analyzed.tolist() == [False, *[True] * 19]
    assert [path.name for path in (deployment.folder / "results").iterdir()] == [job.id]


def test_a_public_video_is_not_uploaded(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer({"job_id": "r1"}))
    job = deployed.submit(None, video_url="https://host/v.mp4?token=1")
    deployed.step()
    assert deployed.job(job.id).status is JobStatus.SUBMITTED
    assert json.loads(server.seen[0].body) == {
        "input_url": "https://host/v.mp4?token=1",
        "infer_fps": 5,
        "models": [
            {
                "model_id": "motion",
                "model_version": "1",
                "inference_type": "object-detection",
                "inference_params": {"confidence": 0.4},
            }
        ],
    }


class Crash(BaseException):
    """Simulates kill -9."""


@pytest.mark.parametrize("fatal_move", [JobStatus.UPLOADED, JobStatus.SUBMITTED, JobStatus.SUCCEEDED])
def test_after_a_crash_before_a_transition_the_job_still_succeeds(
    hosted: tuple[LocalDeployment, FakeService],
    small_video: Path,
    monkeypatch: pytest.MonkeyPatch,
    fatal_move: JobStatus,
) -> None:
    deployment, fake = hosted
    job = deployment.submit(small_video)
    transition = Ledger.transition

    def die(ledger: Ledger, moved: Job, target: JobStatus, *cause: Any, **values: Any) -> bool:
        if target is fatal_move:
            raise Crash
        return transition(ledger, moved, target, *cause, **values)

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "transition", die)
        with pytest.raises(Crash):
            finish(deployment, fake, job.id, lambda: None)
    assert deployment.job(job.id).status is not fatal_move
    deployment.restart()
    fake.wait(STATUS_FLOOR_S)
    assert finish(deployment, fake, job.id, lambda: None)[-1] is JobStatus.SUCCEEDED


@pytest.mark.parametrize("status", [JobStatus.CREATED, JobStatus.UPLOADED])
@pytest.mark.parametrize("refusal", [401, 400])
def test_a_job_refused_by_the_service_fails_with_the_reason(
    deployed: LocalDeployment, server: MisbehavingServer, status: JobStatus, refusal: int, small_video: Path
) -> None:
    server.replies_with(answer({"error": "Not like this."}, status=refusal))
    sha256 = deployed.library.add(small_video, actor=None).sha256
    deployed.written(status=status, remote_job_id=None, video_sha256=sha256, upload_url="https://host/v")
    deployed.step()
    assert deployed.job().status is JobStatus.FAILED
    assert f" {refusal} " in deployed.job().failure
    assert "Not like this" in deployed.job().failure


def test_a_refused_key_does_not_end_a_running_job(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer(status=401), answer({"status": 1}))
    deployed.written()
    deployed.step()
    assert deployed.job().status is JobStatus.SUBMITTED
    assert "Check the API key" in deployed.job().service_message
    deployed.step()
    assert deployed.job().service_message == ""


@pytest.mark.parametrize(
    "fault",
    [answer(status=503), *(pytest.param(fault, marks=pytest.mark.soak) for fault in (reset, answer(b"<html>")))],
)
def test_the_pause_grows_while_a_service_is_down(
    deployed: LocalDeployment, server: MisbehavingServer, fault: Reply
) -> None:
    server.replies_with(fault)
    deployed.written()
    pauses_s = []
    for _ in range(25):
        deployed.step()
        pauses_s.append(deployed.pause_s())
        assert "failed: 127.0.0.1" in deployed.job().service_message
    assert min(pauses_s) >= STATUS_FLOOR_S
    assert pauses_s[0] < 80
    assert 600 <= pauses_s[-1] <= 720
    assert len(server.seen) == 25


def test_an_unsubmitted_job_is_retried_soon(
    deployed: LocalDeployment, server: MisbehavingServer, small_video: Path
) -> None:
    server.replies_with(reset)
    job = deployed.submit(small_video)
    deployed.step()
    assert deployed.job(job.id).status is JobStatus.CREATED
    assert 5 <= deployed.pause_s(job.id) <= 6


@pytest.mark.parametrize("fault", [reset, answer(status=502), answer(b"<html>")])
def test_an_ambiguous_start_is_repeated_only_on_request(
    deployed: LocalDeployment, server: MisbehavingServer, fault: Reply
) -> None:
    server.replies_with(fault, answer({"job_id": "r1"}))
    key_id = deployed.clients.remember(server.url, "key")
    job = deployed.submit(None, service=server.url, key_id=key_id, video_url="https://host/v.mp4")
    deployed.step()
    assert deployed.job(job.id).status is JobStatus.LOST
    assert "may have started it" in deployed.job(job.id).failure
    deployed.clock.wait(3600)
    assert (advance_due(deployed.workflow), len(server.seen)) == (0, 1)
    assert deployed.workflow.refresh(job.id, actor=None) is not None
    started = deployed.job(job.id)
    assert (started.status, started.remote_job_id, started.failure) == (JobStatus.SUBMITTED, "r1", "")


def test_a_start_without_a_connection_is_retried(deployed: LocalDeployment) -> None:
    unreachable = "http://127.0.0.1:9"
    key_id = deployed.clients.remember(unreachable, "key")
    job = deployed.submit(None, service=unreachable, key_id=key_id, video_url="https://host/v.mp4")
    deployed.step()
    assert deployed.job(job.id).status is JobStatus.CREATED
    assert 5 <= deployed.pause_s(job.id) <= 6


def test_a_process_that_lost_the_job_during_its_upload_does_not_start_it(
    hosted: tuple[LocalDeployment, FakeService], small_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment, _ = hosted
    job = deployment.submit(small_video)
    upload = VideoInferenceClient.upload

    def upload_and_lose_the_job(client: VideoInferenceClient, *arguments: Any) -> None:
        upload(client, *arguments)
        deployment.ledger.transition(job, JobStatus.UPLOADED, upload_url="https://of-the-other/one")

    monkeypatch.setattr(VideoInferenceClient, "upload", upload_and_lose_the_job)
    deployment.step()
    assert deployment.job(job.id).status is JobStatus.UPLOADED
    assert deployment.job(job.id).upload_url == "https://of-the-other/one"


def test_the_lease_is_renewed_while_results_are_ingested(
    deployed: LocalDeployment, server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.replies_with(answer({"status": 0, "output_signed_url": f"{server.url}/r"}), answer(RESULTS))

    def slowly(*arguments: Any) -> None:
        deployed.clock.wait(3600)
        until(lambda: deployed.pause_s() >= LEASE_S)
        assert advance_due(deployed.workflow) == 0
        archive_in_subprocess(*arguments)

    monkeypatch.setattr(collect, "archive_in_subprocess", slowly)
    monkeypatch.setattr(lease, "RENEW_EVERY_S", 0.01)
    deployed.written()
    deployed.step()
    assert (deployed.job().status, len(server.seen)) == (JobStatus.SUCCEEDED, 2)


def test_done_without_a_link_is_reported(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer({"status": 0}))
    deployed.written()
    deployed.step()
    assert deployed.job().status is JobStatus.SUBMITTED
    assert "no link to the results" in deployed.job().service_message


def test_leftovers_of_crashes_are_removed_after_a_day(deployed: LocalDeployment) -> None:
    results_dir = deployed.folder / "results"
    (results_dir / "j1").mkdir(parents=True)
    (results_dir / "j2.draft").mkdir()
    for name in ("j1/boxes.parquet", "j2.draft/boxes.parquet", "j3.json", ".j3.json.x.part"):
        (results_dir / name).touch()
    given_up = deployed.library.uploads.begin("film.mp4", 10, actor=None)
    deployed.clock.now = datetime.now(UTC)
    deployed.workflow.tidy()
    assert len(list(results_dir.iterdir())) == 4
    assert deployed.library.uploads.get(given_up.id).offset_bytes == 0
    deployed.clock.wait(DAY_S + 60)
    deployed.workflow.tidy()
    assert [path.name for path in results_dir.rglob("*")] == ["j1", "boxes.parquet"]
    with pytest.raises(MediaError):
        deployed.library.uploads.get(given_up.id)


@pytest.mark.parametrize("status", [JobStatus.SUBMITTED, JobStatus.LOST, JobStatus.CANCELLED])
def test_a_download_stays_as_long_as_its_job_needs_it(deployed: LocalDeployment, status: JobStatus) -> None:
    deployed.written(status=status)
    download = deployed.folder / "results" / "j1.json"
    download.parent.mkdir(parents=True)
    download.touch()
    deployed.clock.now = datetime.now(UTC) + timedelta(seconds=DAY_S + 60)
    deployed.workflow.tidy()
    assert download.exists() is (status is not JobStatus.CANCELLED)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_respected(deployed: LocalDeployment, server: MisbehavingServer, status: int) -> None:
    server.replies_with(answer(status=status, Retry_After="500"))
    deployed.written()
    deployed.step()
    assert deployed.pause_s() == 500


def test_retry_after_of_an_error_does_not_undercut_the_floor(
    deployed: LocalDeployment, server: MisbehavingServer
) -> None:
    server.replies_with(answer(status=429, Retry_After="1"))
    deployed.written()
    deployed.step()
    assert deployed.pause_s() >= STATUS_FLOOR_S


@pytest.mark.parametrize(("invited", "pause_s"), [({}, 60), ({"Retry_After": "2"}, 2), ({"Retry_After": "200"}, 200)])
def test_an_open_job_is_checked_when_the_service_invites_it(
    deployed: LocalDeployment, server: MisbehavingServer, invited: dict[str, Any], pause_s: float
) -> None:
    server.replies_with(answer({"status": 1, "progress": 0.25}, **invited))
    deployed.written()
    deployed.step()
    assert (deployed.pause_s(), deployed.job().progress) == (pause_s, 0.25)
    assert deployed.job().checked_at == deployed.job().last_known_at == deployed.clock()


def test_a_refresh_under_the_floor_makes_no_call(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer({"status": 1}))
    deployed.written()
    assert deployed.workflow.refresh("j1", actor=None) is not None
    deployed.clock.wait(STATUS_FLOOR_S - 1)
    assert (deployed.workflow.refresh("j1", actor=None), advance_due(deployed.workflow)) == (None, 0)
    deployed.clock.wait(1)
    assert deployed.workflow.refresh("j1", actor=None) is not None
    assert len(server.seen) == 2


def test_an_overdue_job_is_reported_unless_it_has_progress(
    deployed: LocalDeployment, server: MisbehavingServer
) -> None:
    server.replies_with(answer({"status": 1}), answer({"status": 1}), answer({"status": 1, "progress": 0.9}))
    deployed.written()
    messages_seen = []
    for waited_s in (DAY_S - 60, 120, 120):
        deployed.clock.wait(waited_s)
        assert deployed.workflow.refresh("j1", actor=None) is not None
        messages_seen.append(deployed.job().service_message)
    assert (messages_seen[0], messages_seen[2], deployed.job().status) == ("", "", JobStatus.SUBMITTED)
    assert messages_seen[1].startswith("Still running after 24 h")
    assert "Check r1 at the service" in messages_seen[1]


def test_results_that_cannot_be_downloaded_are_retried_until_the_job_is_lost(
    deployed: LocalDeployment, server: MisbehavingServer
) -> None:
    done = answer({"status": 0, "output_signed_url": f"{server.url}/r"})
    server.replies_with(*[done, answer(status=403)] * 20)
    deployed.written(last_known_at=START - timedelta(seconds=DAY_S - 100))
    deployed.step()
    assert "The job is done, but" in deployed.job().service_message
    assert messages.RETRIES in deployed.job().service_message
    while deployed.job().status is JobStatus.SUBMITTED:
        deployed.step()
    lost = deployed.job()
    assert (lost.status, lost.service_message) == (JobStatus.LOST, "")
    assert "Downloading the results failed: 127.0.0.1 returned 403" in lost.failure
    assert "for 24 h" in lost.failure
    assert "id there is r1" in lost.failure
    server.replies_with(done, answer(RESULTS))
    deployed.clock.wait(60)
    assert deployed.workflow.refresh("j1", actor=None) is not None
    assert deployed.job().status is JobStatus.SUCCEEDED


def test_an_unknown_status_is_quoted(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer({"status": "warming up"}), answer({"status": 1}))
    deployed.written()
    deployed.step()
    assert deployed.job().status is JobStatus.SUBMITTED
    assert "“warming up”" in deployed.job().service_message
    deployed.step()
    assert deployed.job().service_message == ""


@pytest.mark.parametrize("silence", [answer({}), reset])
def test_a_job_without_reports_is_lost_and_keeps_its_id(
    deployed: LocalDeployment, server: MisbehavingServer, silence: Reply
) -> None:
    server.replies_with(silence)
    deployed.written(last_known_at=START - timedelta(seconds=DAY_S - 1))
    deployed.step()
    assert deployed.job().status is JobStatus.SUBMITTED
    deployed.step()
    lost = deployed.job()
    assert (lost.status, lost.remote_job_id) == (JobStatus.LOST, "r1")
    assert "r1" in lost.failure
    assert advance_due(deployed.workflow) == 0


def test_downtime_does_not_count_as_silence(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(reset)
    deployed.written(last_known_at=START - timedelta(seconds=DAY_S - 100))
    deployed.clock.wait(30 * DAY_S)
    advance_due(deployed.workflow)
    assert deployed.job().status is JobStatus.SUBMITTED
    while deployed.job().status is JobStatus.SUBMITTED:
        deployed.step()
    assert deployed.job().status is JobStatus.LOST
    assert 100 < (deployed.clock() - START).total_seconds() - 30 * DAY_S < 2000


def test_a_job_that_was_never_submitted_fails_with_the_last_error(
    deployed: LocalDeployment, server: MisbehavingServer, small_video: Path
) -> None:
    server.replies_with(reset)
    deployed.workflow = deployed.with_patience(7200)
    job = deployed.submit(small_video)
    while deployed.job(job.id).status is JobStatus.CREATED:
        deployed.step()
    assert (deployed.clock() - START).total_seconds() > 7200
    assert deployed.job(job.id).status is JobStatus.FAILED
    assert "could not be submitted for 2 h" in deployed.job(job.id).failure
    assert "connection closed" in deployed.job(job.id).failure


def a_late_answer(server: MisbehavingServer) -> dict[JobStatus, list[Reply]]:
    return {
        JobStatus.SUBMITTED: [answer({"status": 1})],
        JobStatus.FAILED: [answer({"status": 2, "error": "too late"})],
        JobStatus.SUCCEEDED: [answer({"status": 0, "output_signed_url": f"{server.url}/r"}), answer(RESULTS)],
    }


@pytest.mark.parametrize("status", [JobStatus.SUBMITTED, JobStatus.FAILED, JobStatus.SUCCEEDED])
def test_a_late_answer_is_accepted(deployed: LocalDeployment, server: MisbehavingServer, status: JobStatus) -> None:
    server.replies_with(*a_late_answer(server)[status])
    deployed.written(status=JobStatus.LOST, failure="The service stopped reporting.")
    assert deployed.workflow.refresh("j1", actor=None) is not None
    assert deployed.job().status is status
    assert deployed.job().failure == ("too late" if status is JobStatus.FAILED else "")


def test_a_lost_job_may_be_refreshed_once_a_minute(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer({}))
    deployed.written(status=JobStatus.LOST, last_known_at=START - timedelta(days=2))
    for _ in range(3):
        assert deployed.workflow.refresh("j1", actor=None) is not None
        assert deployed.workflow.refresh("j1", actor=None) is None
        assert deployed.pause_s() == STATUS_FLOOR_S
        deployed.clock.wait(STATUS_FLOOR_S)


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ({"status": 2, "error": "The model cannot be loaded."}, "The model cannot be loaded."),
        ({"status": "failed", "message": "No credits."}, "No credits."),
        ({"status": 7}, "status 7"),
    ],
)
def test_a_failed_job_has_a_reason(
    deployed: LocalDeployment, server: MisbehavingServer, report: dict[str, object], reason: str
) -> None:
    server.replies_with(answer(report))
    deployed.written()
    deployed.step()
    failed = deployed.job()
    assert (failed.status, failed.ended_at) == (JobStatus.FAILED, deployed.clock())
    assert reason in failed.failure


@pytest.mark.parametrize("body", [b"<html>", b"{}", RESULTS[:40]])
def test_unreadable_results_fail_the_job_and_are_kept(
    deployed: LocalDeployment, server: MisbehavingServer, body: bytes
) -> None:
    server.replies_with(answer({"status": 0, "output_signed_url": f"{server.url}/r"}), answer(body))
    deployed.written()
    deployed.step()
    assert deployed.job().status is JobStatus.FAILED
    assert "original file is kept" in deployed.job().failure
    assert original_of(deployed.folder / "results" / "j1") == body
    assert not (deployed.folder / "results" / "j1.json").exists()


def test_an_expired_results_link_is_requested_again(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    done = answer({"status": 0, "output_signed_url": f"{server.url}/r"})
    server.replies_with(done, answer(status=403), done, answer(RESULTS))
    deployed.written()
    deployed.step()
    assert deployed.job().status is JobStatus.SUBMITTED
    deployed.step()
    assert deployed.job().status is JobStatus.SUCCEEDED


def test_a_job_waits_for_its_key(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    key_id = deployed.clients.remember(server.url, "key")
    deployed.written(service=server.url, key_id=key_id)
    deployed.restart()
    assert advance_due(deployed.workflow) == 0
    assert deployed.workflow.refresh("j1", actor=None) is not None
    assert "Enter it on Configuration" in deployed.job().service_message
    deployed.clock.wait(2 * DAY_S)
    deployed.workflow.refresh("j1", actor=None)
    assert deployed.job().status is JobStatus.SUBMITTED
    assert server.seen == []
    server.replies_with(answer({"status": 1, "progress": 0.5}))
    assert deployed.clients.remember(server.url, "key") == key_id
    deployed.step()
    assert (deployed.job().service_message, len(server.seen)) == ("", 1)


def test_a_missing_video_fails_the_job(deployed: LocalDeployment) -> None:
    deployed.written(status=JobStatus.CREATED, remote_job_id=None)
    deployed.step()
    assert deployed.job().status is JobStatus.FAILED
    assert "Upload it again" in deployed.job().failure


def test_a_disk_error_postpones_the_job(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer({"status": 0, "output_signed_url": f"{server.url}/r"}), answer(RESULTS))
    (deployed.folder / "results").write_text("a file where the folder should be")
    deployed.written()
    deployed.step()
    assert deployed.job().status is JobStatus.SUBMITTED
    assert "could not complete this step" in deployed.job().service_message
    assert str(deployed.folder) not in deployed.job().service_message


def test_a_removed_job_is_not_advanced(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer({"status": 1}))
    job = deployed.written()
    assert deployed.ledger.claim(job, deployed.clock(), 120)
    deployed.ledger.remove("j1")
    deployed.workflow.advance(job)
    assert deployed.ledger.jobs() == []


def test_no_text_of_a_job_has_the_key_or_a_signed_link(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    deployed.key = "rf_S3cret"
    link = f"{server.url}/r?X-Goog-Signature=abc123"
    done = answer({"status": 0, "output_signed_url": link})
    server.replies_with(done, reset, done, answer({"error": f"{deployed.key} may not see {link}"}, status=500))
    deployed.written()
    for _ in range(2):
        deployed.step()
        text = deployed.job().service_message + deployed.job().failure
        assert text
        assert deployed.key not in text
        assert "abc123" not in text


@pytest.mark.parametrize("report", [{"status": 2, "error": "{}"}, {"status": 2, "message": "{}"}, {"status": "hm, {}"}])
def test_a_reason_is_stored_without_the_key_or_a_signed_link(
    deployed: LocalDeployment, server: MisbehavingServer, report: dict[str, Any]
) -> None:
    deployed.key = "rf_S3cret"
    quoted = f"cannot read {server.url}/v.mp4?X-Goog-Signature=abc123 with {deployed.key} " + "x" * 10_000
    server.replies_with(answer({name: str(text).format(quoted) if text != 2 else 2 for name, text in report.items()}))
    deployed.written()
    deployed.step()
    text = deployed.job().service_message + deployed.job().failure
    assert "cannot read" in text
    assert len(text) < 500
    assert deployed.key not in text
    assert "abc123" not in text


def test_the_ledger_stores_no_key(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    key_id = deployed.clients.remember(server.url, "rf_S3cret")
    deployed.submit(None, service=server.url, key_id=key_id, video_url="https://host/v.mp4")
    deployed.ledger.close()
    assert not any(b"rf_S3cret" in path.read_bytes() for path in deployed.folder.rglob("ledger.db*"))
    with open_ledger(f"sqlite:///{deployed.folder / 'ledger.db'}") as ledger:
        assert ledger.jobs()[0].key_id == key_id


def test_unreadable_results_can_be_read_again_without_a_call(
    deployed: LocalDeployment, server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.replies_with(answer({"status": 0, "output_signed_url": f"{server.url}/r"}), answer(RESULTS))
    deployed.written()
    with monkeypatch.context() as before:
        before.setattr(archive, "write_tables", lambda *_: 1 / 0)
        before.setattr(collect, "archive_in_subprocess", lambda path, folder, _: archive_results(path, folder))
        deployed.step()
    assert deployed.job().status is JobStatus.FAILED
    assert "after an upgrade" in deployed.job().failure
    assert deployed.workflow.collector.is_kept("j1")
    read = deployed.workflow.read_again("j1", actor=None)
    assert (read.status, read.failure, len(server.seen)) == (JobStatus.SUCCEEDED, "", 2)
    assert len(open_results(deployed.folder / "results" / "j1").time_s) == 2
    with pytest.raises(JobError, match="no stored results"):
        deployed.workflow.read_again("j1", actor=None)


def test_results_are_not_downloaded_again_after_an_ingest_error(
    deployed: LocalDeployment, server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise OSError(5, "the process died")

    server.replies_with(answer({"status": 0, "output_signed_url": f"{server.url}/r"}), answer(RESULTS))
    deployed.written()
    with monkeypatch.context() as before:
        before.setattr(collect, "archive_in_subprocess", die)
        deployed.step()
    assert deployed.job().status is JobStatus.SUBMITTED
    assert "the process died" in deployed.job().service_message
    deployed.restart()
    deployed.step()
    assert (deployed.job().status, len(server.seen)) == (JobStatus.SUCCEEDED, 2)
    assert [path.name for path in (deployed.folder / "results").iterdir()] == ["j1"]


def test_every_status_call_is_in_the_history(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    done = answer({"status": 0, "output_signed_url": f"{server.url}/r"})
    server.replies_with(answer({}), answer({"status": 1}), answer(status=502), done, answer(RESULTS))
    deployed.written()
    for _ in range(4):
        deployed.step()
    asked = deployed.ledger.history("j1", kinds=[EventKind.STATUS_CALL])
    assert [event.cause for event in asked] == [
        "No status reported.",
        "In progress (status 1).",
        "Checking the job status failed: 127.0.0.1 returned 502 Bad Gateway.",
        "Done.",
    ]
    assert all((after.at - before.at).total_seconds() >= STATUS_FLOOR_S for before, after in pairwise(asked))


def test_submit_refresh_and_cancel_record_their_actor(deployed: LocalDeployment, server: MisbehavingServer) -> None:
    server.replies_with(answer({"job_id": "r1"}), answer({"status": 1}), answer())
    request = RunRequest(
        service=EMBEDDED, key_id="", video_url="https://host/v.mp4", models=(MOTION,), infer_fps=5.0, video_name="v.mp4"
    )
    job = deployed.workflow.submit(request, actor=admin("ada"))
    deployed.step()
    deployed.clock.wait(STATUS_FLOOR_S)
    deployed.workflow.refresh(job.id, actor=admin("bob"))
    deployed.workflow.cancel(job.id, actor=admin("cleo"))
    actors = [(event.kind, event.actor) for event in deployed.ledger.history(job.id)]
    assert actors == [
        (EventKind.CREATED, "ada"),
        (EventKind.TRANSITION, None),
        (EventKind.STATUS_CALL, "bob"),
        (EventKind.TRANSITION, "cleo"),
    ]
    assert deployed.job(job.id).owner == "ada"


def test_an_incomplete_request_is_refused(deployed: LocalDeployment) -> None:
    request = RunRequest(service=EMBEDDED, key_id="", video_url="https://host/v.mp4", models=(MOTION,))
    with pytest.raises(JobError, match="needs a frame rate"):
        deployed.workflow.submit(request, actor=None)
    assert deployed.ledger.jobs() == []
