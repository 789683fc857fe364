"""The Jobs page: status, progress, estimates, status checks and cancellation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1 import AppTest

from components.job_progress import finished_jobs
from frametally.contract import RunProgress
from frametally.deployment import Deployment
from frametally.job import EMBEDDED, Job, JobStatus, ModelChoice, RunRequest
from tests.support import onnx_models
from tests.support.deployment import advance_due
from tests.support.job_list import choose, labels, names, row, row_texts, rows, send
from tests.support.pages import OpenPage, headings, open_tab, texts, write_job
from tests.support.polling import until


def test_without_jobs_the_page_links_to_upload(open_page: OpenPage) -> None:
    app = open_page("jobs")
    assert "No jobs yet" in app.info[0].value
    assert [link.label for link in app.page_link] == ["Upload a video"]


def test_every_status_has_its_word(open_page: OpenPage, deployment: Deployment) -> None:
    jobs = [write_job(deployment, status) for status in JobStatus]
    app = open_page("jobs")
    words = ["Queued", "Queued", "Running", "Done", "Failed", "No response", "Canceled"]
    assert [row(app, job)["status"] for job in jobs] == words
    assert [row["href"] for row in rows(app) if "href" in row] == ["analytics?job=job-3"]
    shown = row(app, jobs[0])
    assert (shown["model"], shown["facts"]) == ("forklifts/7", "5 fps · api.example.com")
    assert (shown["age"], shown["times"]) == ("3 min ago", "created 3 min ago")


def test_a_failure_is_shown_unchanged(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.FAILED, failure="Model *v2* [beta](x) costs $5 <b>")
    shown = row(open_page("jobs"), job)
    assert shown["problems"] == [{"text": "Model *v2* [beta](x) costs $5 <b>", "is_error": True}]


def test_the_message_of_the_service_is_shown_while_the_job_is_open(open_page: OpenPage, deployment: Deployment) -> None:
    values = {"remote_job_id": "r1", "service_message": "queued in eu_west", "progress": 0.25}
    job = write_job(deployment, JobStatus.SUBMITTED, **values)
    shown = row(open_page("jobs"), job)
    assert shown["problems"] == [{"text": "queued in eu_west", "is_error": False}]
    assert (shown["share"], shown["progress"]) == (0.25, "25%")


def test_the_status_cannot_be_refreshed_before_the_next_check(open_page: OpenPage, deployment: Deployment) -> None:
    checked_at = datetime.now(UTC) - timedelta(minutes=2)
    job = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", checked_at=checked_at)
    shown = row(open_page("jobs"), job)
    refresh = shown["actions"][0]
    assert refresh["disabled"]
    assert refresh["label"].startswith("Refresh in ")
    assert "at most once a minute" in refresh["help"]
    assert "checked 2 min ago · next check in " in shown["times"]


def test_jobs_of_the_built_in_engine_need_no_refresh(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.SUBMITTED, service=EMBEDDED, key_id="", remote_job_id="r1")
    app = open_page("jobs")
    assert not [label for label in labels(app, job) if label.startswith("Refresh")]
    assert "next check" not in row_texts(app)


def test_a_job_without_response_can_be_refreshed_but_is_not_polled(open_page: OpenPage, deployment: Deployment) -> None:
    now = datetime.now(UTC)
    lost = write_job(deployment, JobStatus.LOST, remote_job_id="r1", failure="Silence.", next_check_at=now)
    app = open_page("jobs")
    assert "next check" not in row_texts(app)
    choose(app, lost, "Refresh status")
    assert deployment.ledger.job(lost.id).service_message


def test_a_second_refresh_sends_no_request_and_shows_the_wait(open_page: OpenPage, deployment: Deployment) -> None:
    now = datetime.now(UTC)
    job = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", next_check_at=now)
    app = open_page("jobs")
    assert deployment.ledger.claim(job, now, 60)
    choose(app, job, "Refresh status")
    assert [action["label"][:11] for action in row(app, job)["actions"] if action.get("disabled")] == ["Refresh in "]
    assert deployment.ledger.job(job.id).service_message == ""


def test_the_newest_come_first_a_page_at_a_time(open_page: OpenPage, deployment: Deployment) -> None:
    now = datetime.now(UTC)
    for age in range(22):
        write_job(deployment, JobStatus.FAILED, video_name=f"v{age}.mp4", created_at=now - timedelta(hours=age))
    app = open_page("jobs")
    assert "**22** jobs" in texts(app)
    assert names(app) == [f"v{age}.mp4" for age in range(20)]
    app.pagination[0].set_value(2).run()
    assert names(app) == ["v20.mp4", "v21.mp4"]


COUNTED = RunProgress(frames_done=412, frames_total=1200, frames_per_second=14.2, remaining_s=55.5, cancellable=True)


def write_finished(deployment: Deployment, run_s: float, count: int, **values: Any) -> None:
    """Finished jobs of the same service and models, 600 frames each."""
    run_started_at = datetime.now(UTC) - timedelta(hours=1)
    ended = {"run_started_at": run_started_at, "checked_at": run_started_at + timedelta(seconds=run_s), "frames": 600}
    for _ in range(count):
        write_job(deployment, JobStatus.SUCCEEDED, **{**ended, **values})


def can_cancel(app: AppTest) -> list[str]:
    """Ids of the jobs that can be canceled."""
    return [row["id"] for row in rows(app) if "Cancel" in [action["label"] for action in row["actions"]]]


def cancel(app: AppTest, job: Job) -> AppTest:
    choose(app, job, "Cancel")
    return app.button(key="confirm").click().run()


def test_progress_in_frames_is_shown_with_speed_and_time_left(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", progress=0.34, run_progress=COUNTED)
    shown = row(open_page("jobs"), job)
    assert (shown["progress"], shown["share"]) == ("412 of 1,200 frames · 14.2 frames/s · about 55 s left", 0.34)


@pytest.mark.parametrize(
    ("age_s", "words"),
    [(0, "about 2-3 min left"), (60, "about 60 s to 2 min left"), (400, "taking longer than usual")],
)
def test_the_range_of_the_service_is_shown_as_of_now(
    open_page: OpenPage, deployment: Deployment, age_s: float, words: str
) -> None:
    ranged = structs.replace(COUNTED, remaining_s=150.0, remaining_low_s=125.0, remaining_high_s=175.0)
    checked_at = datetime.now(UTC) - timedelta(seconds=age_s)
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", run_progress=ranged, checked_at=checked_at)
    assert words in row_texts(open_page("jobs"))


@pytest.mark.parametrize(("before", "words"), [(0, "next in line"), (1, "1 job ahead"), (3, "3 jobs ahead")])
def test_a_queued_job_shows_its_position(open_page: OpenPage, deployment: Deployment, before: int, words: str) -> None:
    waits = {"remote_job_id": "r1", "progress": 0.0, "run_progress": RunProgress(jobs_before=before)}
    job = write_job(deployment, JobStatus.SUBMITTED, **waits)
    shown = row(open_page("jobs"), job)
    assert (shown["status"], shown["progress"], shown.get("share")) == ("Queued", words, None)


def test_the_time_left_is_estimated_from_three_earlier_jobs(open_page: OpenPage, deployment: Deployment) -> None:
    run_started_at = datetime.now(UTC) - timedelta(seconds=40)
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", frames=1200, run_started_at=run_started_at)
    write_finished(deployment, 100, 2)
    write_finished(deployment, 5, 3, service="https://other.example.com")
    assert "left" not in row_texts(open_page("jobs"))
    write_finished(deployment, 110, 1)
    finished_jobs.clear()  # as after 10 s
    assert "about 2.5-3 min left" in row_texts(open_page("jobs"))


def test_a_job_that_exceeds_its_estimate_says_so(open_page: OpenPage, deployment: Deployment) -> None:
    write_finished(deployment, 10, 3)
    run_started_at = datetime.now(UTC) - timedelta(hours=1)
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", frames=600, run_started_at=run_started_at)
    assert "taking longer than usual" in row_texts(open_page("jobs"))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": JobStatus.CREATED}, "about 2 min once started"),
        ({"status": JobStatus.SUBMITTED, "run_progress": RunProgress(jobs_before=2)}, "about 2 min once started"),
        ({"status": JobStatus.SUBMITTED}, "about 2 min in total"),
        ({"status": JobStatus.SUBMITTED, "frames": None}, ""),
    ],
)
def test_the_estimate_depends_on_the_status(
    open_page: OpenPage, deployment: Deployment, values: dict[str, Any], words: str
) -> None:
    write_finished(deployment, 120, 3)
    write_job(deployment, **{"frames": 600, "remote_job_id": "r1", **values})
    app = open_page("jobs")
    assert words in row_texts(app)
    assert ("about" in row_texts(app)) is bool(words)


def test_cancel_is_offered_where_the_service_reports_that_it_can(open_page: OpenPage, deployment: Deployment) -> None:
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r0")
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", run_progress=RunProgress(frames_done=3))
    can = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r2", run_progress=COUNTED)
    for status in (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.LOST, JobStatus.CANCELLED):
        write_job(deployment, status, remote_job_id="r3", run_progress=COUNTED)
    assert can_cancel(open_page("jobs")) == [can.id]


def test_cancel_is_not_offered_after_the_service_refused_once(open_page: OpenPage, deployment: Deployment) -> None:
    write_job(deployment, JobStatus.FAILED, remote_job_id="r0", cancel_refused=True)
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", run_progress=COUNTED)
    other = write_job(
        deployment, JobStatus.SUBMITTED, remote_job_id="r2", run_progress=COUNTED, service="https://b.example.com"
    )
    assert can_cancel(open_page("jobs")) == [other.id]


def test_the_built_in_engine_can_cancel_other_jobs_after_it_refused_one(
    open_page: OpenPage, deployment: Deployment
) -> None:
    ours = {"service": EMBEDDED, "key_id": "", "run_progress": COUNTED}
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", cancel_refused=True, **ours)
    other = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r2", **ours)
    assert can_cancel(open_page("jobs")) == [other.id]


def test_a_job_that_is_not_submitted_is_canceled_after_a_confirmation(
    open_page: OpenPage, deployment: Deployment
) -> None:
    job = write_job(deployment, JobStatus.CREATED, video_name="dock *2*.mp4")
    app = open_page("jobs")
    choose(app, job, "Cancel")
    assert r"Cancel **dock \*2\*.mp4**? No results are kept." in texts(app)
    assert deployment.ledger.job(job.id).status is JobStatus.CREATED
    app.button(key="confirm").click().run()
    assert deployment.ledger.job(job.id).status is JobStatus.CANCELLED
    shown = row(app, job)
    assert (shown["status"], shown.get("problems")) == ("Canceled", None)
    assert [*app.error, *app.warning, *app.exception] == []
    assert can_cancel(app) == []


def test_a_failed_cancellation_shows_the_reason(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", run_progress=COUNTED)
    app = open_page("jobs")
    cancel(app, job)
    assert "Enter it on Configuration" in app.toast[0].value
    assert deployment.ledger.job(job.id).status is JobStatus.SUBMITTED


def test_a_canceled_job_that_may_still_run_shows_a_warning(open_page: OpenPage, deployment: Deployment) -> None:
    reason = "Canceled. The service had already accepted it and may run it to its end."
    job = write_job(deployment, JobStatus.CANCELLED, failure=reason)
    assert row(open_page("jobs"), job)["problems"] == [{"text": reason, "is_error": False}]


def test_canceling_a_job_of_the_engine_stops_it_there(
    working_engine: str, open_page: OpenPage, deployment: Deployment, small_video: Path
) -> None:
    onnx_models.save_ultralytics(deployment.settings.models_dir / "stuck" / "1" / "model.onnx", stuck=True)
    kept = deployment.library.add(small_video, actor=None)
    running, queued = (
        deployment.workflow.submit(
            RunRequest(
                service=EMBEDDED,
                key_id="",
                video_name="square.mp4",
                video_sha256=kept.sha256,
                models=(ModelChoice(model_id="stuck", version="1"),),
                infer_fps=5.0,
            ),
            actor=None,
        )
        for _ in range(2)
    )

    def are_known() -> bool:
        advance_due(deployment.workflow)
        return all(progress_of(deployment, job) for job in (running, queued)) and is_running(deployment, running)

    until(are_known, poll_s=0.05)
    app = open_page("jobs")
    assert row(app, queued)["progress"] == "1 job ahead"
    for job in (queued, running):
        cancel(app, job)
        assert deployment.ledger.job(job.id).status is JobStatus.CANCELLED
        folder = deployment.settings.engine_dir / "jobs" / (deployment.ledger.job(job.id).remote_job_id or "")
        assert (folder / "failure.json").read_bytes() == b'{"reason":"Cancelled."}'
        assert not (folder / "video").exists()
    assert can_cancel(app) == []


def progress_of(deployment: Deployment, job: Job) -> RunProgress | None:
    return deployment.ledger.job(job.id).run_progress


def is_running(deployment: Deployment, job: Job) -> bool:
    run_progress = progress_of(deployment, job)
    return run_progress is not None and run_progress.jobs_before is None


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The refresh intervals that the browser is sent, in seconds, in order."""
    intervals: list[float] = []
    enqueue = ForwardMsgQueue.enqueue

    def record(queue: ForwardMsgQueue, message: ForwardMsg) -> None:
        if message.WhichOneof("type") == "auto_rerun" and message.auto_rerun.interval != TOASTS_S:
            intervals.append(message.auto_rerun.interval)
        enqueue(queue, message)

    monkeypatch.setattr(ForwardMsgQueue, "enqueue", record)
    return intervals


TOASTS_S = 4
"""The interval at which the shell looks for jobs that have ended."""


def test_a_list_without_open_jobs_is_refreshed_less_often(
    open_page: OpenPage, deployment: Deployment, timers: list[float]
) -> None:
    write_job(deployment, JobStatus.FAILED)
    app = open_page("jobs")
    assert timers == [10]
    job = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1")
    app.run()
    assert timers[-1] == 2
    app.pills(key="state").set_value(["Failed"]).run()
    assert timers[-1] == 2  # another interval takes effect with the next run, so that a search is not delayed
    app.run()
    assert timers[-1] == 10
    app.pills(key="state").set_value([]).run()
    app.run()
    assert timers[-1] == 2
    assert deployment.ledger.transition(job, JobStatus.FAILED)
    app.run()
    assert timers[-1] == 10
    before = len(timers)
    app.run()
    assert timers[before:] == [10]


def test_a_list_with_an_open_job_is_live_from_the_first_run(
    open_page: OpenPage, deployment: Deployment, timers: list[float]
) -> None:
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1")
    open_page("jobs")
    assert timers == [2]


def test_columns_sort_the_list(open_page: OpenPage, deployment: Deployment) -> None:
    began = datetime.now(UTC) - timedelta(hours=1)
    for name, run_s in (("Gate", 48), ("belt", None), ("dock", 300)):
        ended_at = None if run_s is None else began + timedelta(seconds=run_s)
        run_started_at = None if run_s is None else began
        write_job(deployment, JobStatus.FAILED, video_name=name, run_started_at=run_started_at, ended_at=ended_at)
    app = open_page("jobs")
    send(app, "order", {"column": "name", "descending": False})
    assert names(app) == ["belt", "dock", "Gate"]
    assert app.query_params["sort"] == "name"
    send(app, "order", {"column": "run", "descending": True})
    assert names(app) == ["dock", "Gate", "belt"]
    send(app, "order", {"column": "run", "descending": False})
    assert names(app) == ["Gate", "dock", "belt"]
    assert names(open_tab("jobs", sort="-name")) == ["Gate", "dock", "belt"]


@pytest.mark.parametrize(
    ("event", "value"),
    [
        ("command", {"action": "format the disk", "job_id": "job-0"}),
        ("command", {"action": "delete", "job_id": ["job-0"]}),
        ("command", "delete"),
        ("order", {"column": "key_id"}),
        ("selected", {"job-0": True}),
    ],
)
def test_a_value_of_an_unknown_form_is_ignored(
    open_page: OpenPage, deployment: Deployment, event: str, value: object
) -> None:
    write_job(deployment, JobStatus.FAILED)
    app = send(open_page("jobs"), event, value)
    assert not app.exception
    assert names(app) == ["dock.mp4"]


def test_a_done_row_opens_its_analytics(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.SUCCEEDED)
    app = send(open_page("jobs"), "command", {"action": "open", "job_id": job.id})
    assert headings(app) == ["Analytics"]
    assert app.query_params["job"] == job.id
