"""Two engines with nothing in common but objects: each request may meet either of them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
import requests

from frametally.client.client import VideoInferenceClient
from frametally.client.registry import ClientRegistry
from frametally.contract import CANCELLED, IDEMPOTENCY_KEY, OWN_REQUEST
from frametally.engine.shared.records import LOST_S, AcceptedJob, Records
from frametally.engine.shared.shared_spool import SharedSpool
from frametally.engine.shared.sharer import Sharer
from frametally.engine.spool import RETENTION_S, JobRequest, Spool, WorkerProgress
from frametally.health.engine_key import DIFFERENT_KEYS, OTHER_KEY, key_warnings, open_records, refusal_reason
from frametally.job import EMBEDDED, JobStatus
from frametally.jobs.cancel import cancel
from frametally.ledger.ledger import Ledger
from frametally.network.routes import api_key_check
from tests.support.engine_jobs import PUBLIC, run_here
from tests.support.engines import KEY, RunningEngine, StartEngine, model
from tests.support.ledgers import Clock, a_job
from tests.support.shared_store import TroubledStore, move

UNKNOWN = "0f0e7bd2-6a52-4c35-9f86-3f5b6f7a9f11"
MAX_VIDEO_BYTES = 1 << 30
OWN = {OWN_REQUEST: "1"}


@dataclass(frozen=True)
class Side:
    """One engine, whose background work is done when a test says so."""

    running: RunningEngine
    sharer: Sharer
    spool: Spool

    def to(self, link: str) -> str:
        """The link as it reaches this engine."""
        parts = urlsplit(link)
        return f"{self.running.url}{parts.path}?{parts.query}"

    def put(self, link: str, video: Path, headers: Mapping[str, str] | None = None) -> requests.Response:
        return requests.put(self.to(link), data=video.read_bytes(), headers=headers, timeout=20)

    def start(
        self, link: str, key: str = "", fps: float = 5, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        body = {"input_url": link, "infer_fps": fps, "models": [model("motion")]}
        sent = {**(headers or {}), **({IDEMPOTENCY_KEY: key} if key else {})}
        return self.running.call("POST", "/videoinfer/", json=body, headers=sent)

    def cancel(self, job_id: str) -> requests.Response:
        return self.running.call("DELETE", "/videoinfer/", params={"job_id": job_id})

    def results(self, link: str) -> requests.Response:
        return requests.get(self.to(link), timeout=20)

    def run(self, job_id: str) -> None:
        run_here(self.running, job_id)


@pytest.fixture
def store(tmp_path: Path) -> TroubledStore:
    return TroubledStore(tmp_path / "store")


@pytest.fixture
def both(start_engine: StartEngine, store: TroubledStore, tmp_path: Path) -> list[Side]:
    sides = []
    for name in "ab":
        records, folder = Records(store, name), tmp_path / name
        running = start_engine(worker=False, folder=folder, records=records)
        shared = SharedSpool(folder, records)
        sides.append(
            Side(running, Sharer(shared, max_video_bytes=MAX_VIDEO_BYTES, retention_s=RETENTION_S), Spool(folder))
        )
    return sides


def uploaded(first: Side, second: Side, video: Path) -> str:
    """The link of the first, to which the video was sent at the second."""
    link = first.running.upload_link()
    assert second.put(link, video).status_code == 200
    return link


def job_at(side: Side, link: str = PUBLIC) -> str:
    return str(side.start(link).json()["job_id"])


def test_each_step_of_a_job_may_meet_either_engine(both: list[Side], small_video: Path, tmp_path: Path) -> None:
    a, b = both
    link = uploaded(a, b, small_video)
    job_id = job_at(a, link)
    assert a.spool.find(job_id) is None, "its video is at the other one"
    for side in both:
        assert side.running.status(job_id).is_pending
    move(a.sharer)
    a.run(job_id)
    reports = [side.running.status(job_id) for side in both]
    assert all(report.is_pending for report in reports), "the link would not lead to results at the other one"
    move(a.sharer)
    reports = [side.running.status(job_id) for side in both]
    assert all(report.is_done for report in reports)
    answers = [side.results(report.output_signed_url or "") for side in both for report in reports]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["Content-Length"] for answer in answers} == {str(len(answers[0].content))}
    assert len({answer.content for answer in answers}) == 1
    assert len(answers[0].json()["motion"]) == 20
    (a.running.folder / "jobs" / job_id / "published").unlink()  # as before the store has answered
    assert a.running.status(job_id).is_done
    assert a.results(reports[1].output_signed_url or "").content == answers[0].content


def test_a_job_starts_from_the_video_that_arrived_last(both: list[Side], small_video: Path, tmp_path: Path) -> None:
    a, b = both
    link = uploaded(a, a, small_video)
    other = tmp_path / "other.mp4"
    other.write_bytes(b"another one")
    first = job_at(a, link)
    assert b.put(link, other).status_code == 200
    second, third = job_at(a, link), job_at(b, link)
    for side in both:
        move(side.sharer)
    found = [side.spool.find(job_id) for side, job_id in ((a, first), (a, second), (b, third))]
    videos = [job.video.read_bytes() for job in found if job]
    assert videos == [small_video.read_bytes(), b"another one", b"another one"]


def test_a_link_without_a_video_is_refused(both: list[Side]) -> None:
    answer = both[1].start(both[0].running.upload_link())
    assert (answer.status_code, answer.json()["error"]) == (400, "Nothing was uploaded to this link.")


def test_the_other_engine_reports_progress_and_cancels(both: list[Side], small_video: Path) -> None:
    a, b = both
    job_id = job_at(a, uploaded(a, a, small_video))
    assert b.running.status(job_id).is_pending
    job = a.spool.find(job_id)
    assert job is not None
    job.report(WorkerProgress(0.25, 1))
    a.sharer.watch()
    report = b.running.status(job_id)
    assert report.run_progress is not None
    assert (report.fraction, report.run_progress.cancellable) == (0.25, True)
    assert b.cancel(job_id).json() == {"job_id": job_id, "message": CANCELLED}
    assert b.cancel(job_id).status_code == 200
    a.sharer.watch()
    move(a.sharer)
    for side in both:
        assert side.running.status(job_id).reason == CANCELLED
        assert "already canceled" in side.cancel(job_id).json()["message"]


def test_a_cancellation_that_was_answered_outlasts_results(both: list[Side], small_video: Path) -> None:
    """The job has ended here, which the other engine does not know yet."""
    a, b = both
    job_id = job_at(a, uploaded(a, a, small_video))
    a.run(job_id)
    assert b.cancel(job_id).status_code == 200
    move(a.sharer)
    assert [side.running.status(job_id).reason for side in both] == [CANCELLED, CANCELLED]
    job = a.spool.find(job_id)
    assert job is not None
    assert not job.results.exists()


def test_a_job_that_has_ended_cannot_be_canceled(both: list[Side], small_video: Path) -> None:
    a, b = both
    job_id = job_at(a, uploaded(a, a, small_video))
    a.run(job_id)
    move(a.sharer)
    assert [side.cancel(job_id).status_code for side in both] == [409, 409]
    failed = job_at(a)
    job = a.spool.find(failed)
    assert job is not None
    job.fail("Broken.")
    move(a.sharer)
    assert [side.running.status(failed).reason for side in both] == ["Broken.", "Broken."]
    assert b.cancel(failed).status_code == 409


def test_a_job_is_canceled_before_its_video_is_here(both: list[Side], small_video: Path) -> None:
    a, b = both
    job_id = job_at(a, uploaded(a, b, small_video))
    assert a.cancel(job_id).status_code == 200
    move(a.sharer)
    assert [side.running.status(job_id).reason for side in both] == [CANCELLED, CANCELLED]
    job = a.spool.find(job_id)
    assert job is not None
    assert (job.state, job.video.exists()) == ("failed", False)


def test_one_key_makes_one_job(both: list[Side], small_video: Path) -> None:
    a, b = both
    link = uploaded(a, b, small_video)
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(lambda number: both[number % 2].start(link, "k"), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    (job_id,) = {answer.json()["job_id"] for answer in answers}
    for side in both:
        move(side.sharer)
    assert sum(side.spool.find(job_id) is not None for side in both) == 1
    for side in both:
        answer = side.start(link, "k", fps=7)
        assert (answer.status_code, answer.json()["error"]) == (
            400,
            "Another job was started with this Idempotency-Key.",
        )
    assert b.start(link, "other").json()["job_id"] != job_id


def test_a_store_that_does_not_respond_is_named(both: list[Side], store: TroubledStore, small_video: Path) -> None:
    a, b = both
    link = uploaded(a, b, small_video)
    job_id = job_at(b, link)
    b.run(job_id)
    move(b.sharer)
    done = b.running.status(job_id).output_signed_url or ""
    store.is_down = lambda: True
    status = a.running.call("GET", "/videoinfer/", params={"job_id": job_id})
    for answer in (status, a.put(link, small_video), a.start(link), a.cancel(job_id), a.results(done)):
        assert (answer.status_code, answer.json()["error"]) == (503, "The object storage does not respond.")
        assert answer.headers["Retry-After"] == "1"
    assert not list((a.running.folder / "jobs").iterdir())
    assert b.results(done).status_code == 200, "it is here"
    own = a.running.upload_link()
    assert a.put(own, small_video, OWN).status_code == 200
    own_id = a.start(own, headers=OWN).json()["job_id"]
    assert a.running.status(own_id).is_pending
    store.is_down = lambda: False
    assert a.results(done).content == b.results(done).content


def test_a_start_without_an_answer_goes_on_by_its_key(
    both: list[Side], store: TroubledStore, small_video: Path
) -> None:
    a, b = both
    link = uploaded(a, a, small_video)
    for key in ("k", ""):
        store.is_cut = lambda: True
        assert a.start(link, key).status_code == 503
    store.is_cut = lambda: False
    begun = list((a.running.folder / "jobs").iterdir())
    assert len(begun) == 1, "what has no key cannot be asked for"
    assert b.start(link, "k").json()["job_id"] == begun[0].name
    move(a.sharer)
    job = a.spool.find(begun[0].name)
    assert job is not None
    assert (job.state, job.video.read_bytes()) == ("queued", small_video.read_bytes())
    assert b.spool.find(job.id) is None


def test_a_start_made_elsewhere_is_given_up(both: list[Side], store: TroubledStore, small_video: Path) -> None:
    a, b = both
    link = uploaded(a, a, small_video)
    job_id = b.start(link, "k").json()["job_id"]
    folder = a.running.folder / "jobs" / job_id
    folder.mkdir()
    (folder / "accepted.json").write_bytes(
        msgspec.json.encode(AcceptedJob("a", JobRequest(models=[], infer_fps=5), "x"))
    )
    move(a.sharer)
    assert a.spool.find(job_id) is None
    assert list(folder.iterdir()) == []


def test_a_damaged_record_is_no_answer(both: list[Side], store: TroubledStore) -> None:
    a, b = both
    job_id, large = job_at(a), b'{"failure": "' + b"x" * (2 << 20) + b'"}'
    for content in (b"", b"[", b"[]", b'{"failure": 1}', large, b"\xff", b"[" * 100_000):
        store.put(f"engine/jobs/{job_id}/end", content)
        answer = b.running.call("GET", "/videoinfer/", params={"job_id": job_id})
        assert (answer.status_code, answer.json()["error"]) == (
            503,
            "The object storage has a damaged record of the engine.",
        )


def test_a_name_in_a_record_leads_nowhere_else(both: list[Side], store: TroubledStore, small_video: Path) -> None:
    a, _ = both
    link = uploaded(a, a, small_video)
    (found,) = store.list("engine/uploads")
    for name in ("../../../models", "", "é", "a" * 700):
        store.put(found.key, msgspec.json.encode({"video_id": name}))
        assert a.start(link).status_code == 503
    store.put("engine/canceled/nonsense", b"{}")
    job_at(a)
    assert a.sharer.watch() == []


def test_an_unknown_job_is_unknown_to_both(both: list[Side]) -> None:
    for side, job_id in product(both, ("", "nonsense", "../../key", UNKNOWN, "\0")):
        assert side.running.call("GET", "/videoinfer/", params={"job_id": job_id}).status_code == 404


def test_a_video_too_large_or_gone_fails_the_job(both: list[Side], store: TroubledStore, small_video: Path) -> None:
    a, b = both
    small = Sharer(SharedSpool(a.running.folder, Records(store, "a")), max_video_bytes=100, retention_s=RETENTION_S)
    large = job_at(a, uploaded(a, b, small_video))
    move(small)
    gone = job_at(a, uploaded(a, b, small_video))
    for each in list(store.list("engine/videos")):
        store.delete(each.key)
    move(a.sharer)
    for side in both:
        assert "larger than this engine allows" in side.running.status(large).reason
        assert "no longer exists" in side.running.status(gone).reason


def test_a_job_of_the_dashboard_itself_is_only_known(both: list[Side], store: TroubledStore, small_video: Path) -> None:
    a, b = both
    link = a.running.upload_link()
    assert a.put(link, small_video, OWN).status_code == 200
    job_id, other = (a.start(link, headers=OWN).json()["job_id"] for _ in range(2))
    move(a.sharer)
    assert {each.key for each in store.list("engine/jobs")} == {
        f"engine/jobs/{each}/accepted" for each in (job_id, other)
    }
    assert not list(store.list("engine/videos"))
    a.run(job_id)
    assert a.running.status(job_id).is_done
    move(a.sharer)
    assert "Only the dashboard" in b.running.status(job_id).reason
    assert b.cancel(job_id).status_code == 409
    assert b.cancel(other).status_code == 200
    a.sharer.watch()
    assert a.running.status(other).reason == CANCELLED


def test_a_dashboard_cancels_the_job_of_another_one(both: list[Side], small_video: Path, tmp_path: Path) -> None:
    a, b = both
    link = a.running.upload_link()
    assert a.put(link, small_video, OWN).status_code == 200
    remote_job_id = a.start(link, headers=OWN).json()["job_id"]
    move(a.sharer)
    clock, ledger = Clock(), Ledger(f"sqlite:///{tmp_path}/ledger.db")
    ledger.add(a_job("j", service=EMBEDDED, key_id="a", status=JobStatus.SUBMITTED, remote_job_id=remote_job_id))
    clients = ClientRegistry("s", lambda: VideoInferenceClient(b.running.url, KEY, is_embedded=True), engine_id="b")
    assert cancel(ledger, clients, "j", clock(), actor=None).status is JobStatus.CANCELLED
    ledger.close()
    a.sharer.watch()
    job = a.spool.find(remote_job_id)
    assert job is not None
    assert job.is_cancelled


def test_what_is_old_is_deleted(both: list[Side], store: TroubledStore, small_video: Path) -> None:
    a, _ = both
    ended = job_at(a, uploaded(a, a, small_video))
    a.run(ended)
    waiting = job_at(a)
    move(a.sharer)
    records, now_s = Records(store, "a"), next(store.list("engine")).modified_s
    records.delete_old(now_s=now_s + RETENTION_S - 60, retention_s=RETENTION_S)
    assert {each.key.split("/")[1] for each in store.list("engine")} == {"jobs", "keys", "uploads", "videos"}
    records.delete_old(now_s=now_s + RETENTION_S + 60, retention_s=RETENTION_S)
    assert [each.key for each in store.list("engine/jobs")] == [f"engine/jobs/{waiting}/accepted"]
    assert not [*store.list("engine/uploads"), *store.list("engine/videos")]
    records.delete_old(now_s=now_s + LOST_S + 60, retention_s=RETENTION_S)
    assert not list(store.list("engine"))


def test_dashboards_with_different_keys_notice_it(store: TroubledStore, start_engine: StartEngine) -> None:
    first, second = (open_records(store, name, "key-1", "secret") for name in "ab")
    now_s = 0.0
    for records in (first, second, first):
        records.compare_keys(now_s=now_s)
    assert [key_warnings(each, "key-1") for each in (first, second, None)] == [[], [], []]
    assert [refusal_reason(each) for each in (first, second, None)] == ["", "", ""]
    now_s = next(store.list("engine/keys")).modified_s
    third = open_records(store, "c", "key-2", "secret")
    third.compare_keys(now_s=now_s)
    second.compare_keys(now_s=now_s)
    assert key_warnings(third, "key-2") == key_warnings(second, "key-1") == [OTHER_KEY]
    assert key_warnings(third, None) == [], "a generated key is for nothing but its dashboard"
    assert not any(b"key-" in store.read(each.key) for each in store.list("engine/keys"))
    engine = start_engine(worker=False, check=api_key_check(KEY, partial(refusal_reason, third)))
    answer = engine.call("GET", "/models", key="key-1")
    assert (answer.status_code, answer.json()["message"]) == (401, DIFFERENT_KEYS)
    third.compare_keys(now_s=now_s + 3 * 3600)
    assert key_warnings(third, "key-2") == [], "those that do not run are not compared"
    assert "?api_key=" in engine.call("GET", "/models", key="key-1").json()["message"]
