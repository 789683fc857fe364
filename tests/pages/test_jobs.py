"""The Jobs page: every state with its reason, and asking under the floor."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1 import AppTest

from frametally.contract import RunProgress
from frametally.deployment import Deployment
from frametally.job import EMBEDDED, Job, JobStatus, ModelChoice, RunRequest
from tests.support import onnx_models
from tests.support.deployment import advance_due
from tests.support.pages import OpenPage, button, captions, texts, write_job


def test_without_a_job_the_page_leads_to_the_first_one(open_page: OpenPage) -> None:
    app = open_page("jobs")
    assert app.info[0].value == "No job yet. Upload a video to start the first one."
    assert [link.label for link in app.page_link] == ["Upload a video"]


def test_every_state_has_its_word(open_page: OpenPage, deployment: Deployment) -> None:
    for status in JobStatus:
        write_job(deployment, status)
    app = open_page("jobs")
    for word in ("Sending", "Scheduling", "Running", "Done", "Failed", "Lost", "Cancelled"):
        assert word in texts(app)
    assert [link.label for link in app.page_link] == ["Open in analytics"]
    assert "forklifts/7 · 5 fps · api.example.com · started 3 min ago" in texts(app)


def test_a_failure_is_shown_as_the_service_wrote_it(open_page: OpenPage, deployment: Deployment) -> None:
    write_job(deployment, JobStatus.FAILED, failure="Model *v2* [beta](x) costs $5 <b>")
    app = open_page("jobs")
    assert app.error[0].value == r"Model \*v2\* \[beta\]\(x\) costs \$5 \<b\>"


def test_what_the_service_said_is_shown_while_the_job_waits(open_page: OpenPage, deployment: Deployment) -> None:
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", service_message="queued in eu_west", progress=0.25)
    app = open_page("jobs")
    assert app.warning[0].value == r"queued in eu\_west"


def test_a_job_cannot_be_asked_about_before_its_time_and_the_button_says_so(
    open_page: OpenPage, deployment: Deployment
) -> None:
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", checked_at=datetime.now(UTC) - timedelta(minutes=2))
    app = open_page("jobs")
    ask = button(app, "Ask")
    assert ask.disabled
    assert ask.label.startswith("Ask in ")
    assert "at most once a minute" in ask.help
    assert "checked 2 min ago · next check in " in texts(app)


def test_the_built_in_engine_is_asked_all_the_time_by_itself(open_page: OpenPage, deployment: Deployment) -> None:
    write_job(deployment, JobStatus.SUBMITTED, service=EMBEDDED, key_id="", remote_job_id="r1")
    app = open_page("jobs")
    assert not [button for button in app.button if button.label.startswith("Ask")]
    assert "next check" not in texts(app)


def test_a_lost_job_can_be_asked_about_but_is_promised_no_check(open_page: OpenPage, deployment: Deployment) -> None:
    now = datetime.now(UTC)
    lost = write_job(deployment, JobStatus.LOST, remote_job_id="r1", failure="Silence.", next_check_at=now)
    app = open_page("jobs")
    assert "next check" not in texts(app)
    button(app, "Ask now").click().run()
    assert "key for this service" in deployment.ledger.job(lost.id).service_message


def test_somebody_who_asks_second_asks_nobody_and_sees_how_long_to_wait(
    open_page: OpenPage, deployment: Deployment
) -> None:
    now = datetime.now(UTC)
    job = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", next_check_at=now)
    app = open_page("jobs")
    assert deployment.ledger.claim(job, now, 60)
    button(app, "Ask now").click().run()
    assert button(app, "Ask in ").disabled
    assert deployment.ledger.job(job.id).service_message == ""


def test_the_newest_come_first_a_page_at_a_time(open_page: OpenPage, deployment: Deployment) -> None:
    now = datetime.now(UTC)
    for age in range(12):
        write_job(deployment, JobStatus.FAILED, video_name=f"v{age}.mp4", created_at=now - timedelta(hours=age))
    app = open_page("jobs")
    assert "**12** jobs" in texts(app)
    assert "v9.mp4" in texts(app)
    assert "v10.mp4" not in texts(app)
    app.pagination[0].set_value(2).run()
    assert "v11.mp4" in texts(app)
    assert "v9.mp4" not in texts(app)


COUNTED = RunProgress(frames_done=412, frames_total=1200, frames_per_second=14.2, remaining_s=55.5, cancellable=True)


def write_finished(deployment: Deployment, run_s: float, count: int, **values: Any) -> None:
    """Jobs of the same service and models, 600 frames each, that took so long."""
    run_started_at = datetime.now(UTC) - timedelta(hours=1)
    ended = {"run_started_at": run_started_at, "checked_at": run_started_at + timedelta(seconds=run_s), "frames": 600}
    for _ in range(count):
        write_job(deployment, JobStatus.SUCCEEDED, **{**ended, **values})


def cancel_buttons(app: AppTest) -> list[str]:
    return [button.key or "" for button in app.button if button.label == "Cancel the job"]


def test_a_service_that_counts_frames_is_shown_with_its_speed_and_what_remains(
    open_page: OpenPage, deployment: Deployment
) -> None:
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", progress=0.34, run_progress=COUNTED)
    app = open_page("jobs")
    bar = app.get("progress")[0].proto
    assert (bar.text, bar.value) == ("412 of 1,200 frames · 14.2 frames/s · about 55 s left", 34)


@pytest.mark.parametrize(("before", "words"), [(0, "next in line"), (1, "1 job before it"), (3, "3 jobs before it")])
def test_a_job_that_waits_for_its_turn_says_so(
    open_page: OpenPage, deployment: Deployment, before: int, words: str
) -> None:
    write_job(
        deployment, JobStatus.SUBMITTED, remote_job_id="r1", progress=0.0, run_progress=RunProgress(jobs_before=before)
    )
    app = open_page("jobs")
    assert "Queued" in texts(app)
    assert "Running" not in texts(app)
    assert (words in captions(app), app.get("progress")) == (True, [])


def test_how_long_a_running_job_will_take_is_learned_from_three_earlier_ones(
    open_page: OpenPage, deployment: Deployment
) -> None:
    run_started_at = datetime.now(UTC) - timedelta(seconds=40)
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", frames=1200, run_started_at=run_started_at)
    write_finished(deployment, 100, 2)
    write_finished(deployment, 5, 3, service="https://other.example.com")
    assert "time left: too few jobs yet" in texts(open_page("jobs"))
    write_finished(deployment, 110, 1)
    assert "about 2 to 3 min left" in texts(open_page("jobs"))


def test_a_job_that_takes_longer_than_any_before_promises_nothing(open_page: OpenPage, deployment: Deployment) -> None:
    write_finished(deployment, 10, 3)
    run_started_at = datetime.now(UTC) - timedelta(hours=1)
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", frames=600, run_started_at=run_started_at)
    assert "longer than earlier jobs took" in texts(open_page("jobs"))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": JobStatus.CREATED}, "about 2 min once it runs"),
        ({"status": JobStatus.SUBMITTED, "run_progress": RunProgress(jobs_before=2)}, "about 2 min once it runs"),
        ({"status": JobStatus.SUBMITTED}, "about 2 min in all"),
        ({"status": JobStatus.SUBMITTED, "frames": None}, ""),
    ],
)
def test_what_is_learned_is_told_as_far_as_it_goes(
    open_page: OpenPage, deployment: Deployment, values: dict[str, Any], words: str
) -> None:
    write_finished(deployment, 120, 3)
    write_job(deployment, **{"frames": 600, "remote_job_id": "r1", **values})
    app = open_page("jobs")
    assert words in texts(app)
    assert ("about" in texts(app)) is bool(words)


def test_cancelling_is_offered_where_the_service_says_that_it_can(open_page: OpenPage, deployment: Deployment) -> None:
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r0")
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", run_progress=RunProgress(frames_done=3))
    can = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r2", run_progress=COUNTED)
    for status in (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.LOST, JobStatus.CANCELLED):
        write_job(deployment, status, remote_job_id="r3", run_progress=COUNTED)
    assert cancel_buttons(open_page("jobs")) == [f"cancel-{can.id}"]


def test_a_service_that_has_refused_is_never_offered_it_again(open_page: OpenPage, deployment: Deployment) -> None:
    write_job(deployment, JobStatus.FAILED, remote_job_id="r0", cancel_refused=True)
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", run_progress=COUNTED)
    other = write_job(
        deployment, JobStatus.SUBMITTED, remote_job_id="r2", run_progress=COUNTED, service="https://b.example.com"
    )
    assert cancel_buttons(open_page("jobs")) == [f"cancel-{other.id}"]


def test_the_engine_that_has_lost_one_job_can_still_cancel_the_others(
    open_page: OpenPage, deployment: Deployment
) -> None:
    ours = {"service": EMBEDDED, "key_id": "", "run_progress": COUNTED}
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", cancel_refused=True, **ours)
    other = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r2", **ours)
    assert cancel_buttons(open_page("jobs")) == [f"cancel-{other.id}"]


def test_a_job_that_is_still_being_sent_is_cancelled_after_a_second_question(
    open_page: OpenPage, deployment: Deployment
) -> None:
    job = write_job(deployment, JobStatus.CREATED, video_name="dock *2*.mp4")
    app = open_page("jobs")
    popover = app.get("popover")[-1]
    assert popover.markdown[0].value == r"Cancel **dock \*2\*.mp4**? It ends without results."
    assert deployment.ledger.job(job.id).status is JobStatus.CREATED
    popover.button[0].click().run()
    assert deployment.ledger.job(job.id).status is JobStatus.CANCELLED
    assert "Cancelled" in texts(app)
    assert [*app.error, *app.warning, *app.exception] == []
    assert cancel_buttons(app) == []


def test_why_a_job_was_not_cancelled_is_said(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", run_progress=COUNTED)
    app = open_page("jobs")
    app.button(key=f"cancel-{job.id}").click().run()
    assert "Enter it on Configuration" in app.toast[0].value
    assert deployment.ledger.job(job.id).status is JobStatus.SUBMITTED


def test_a_job_that_may_go_on_at_its_service_says_so(open_page: OpenPage, deployment: Deployment) -> None:
    write_job(
        deployment, JobStatus.CANCELLED, failure="Cancelled. The service had just taken it and may run it to its end."
    )
    app = open_page("jobs")
    assert "may run it to its end" in app.warning[0].value


def test_a_running_job_of_the_engine_is_cancelled_from_the_page_on_both_sides(
    working_engine: str, open_page: OpenPage, deployment: Deployment, small_video: Path
) -> None:
    onnx_models.save_ultralytics(deployment.settings.models_dir / "stuck" / "1" / "model.onnx", stuck=True)
    kept = deployment.library.add(small_video)
    running, queued = (
        deployment.workflow.submit(
            RunRequest(
                service=EMBEDDED,
                key_id="",
                video_name="square.mp4",
                video_sha256=kept.sha256,
                models=(ModelChoice(model_id="stuck", version="1"),),
                infer_fps=5,
            ),
            actor=None,
        )
        for _ in range(2)
    )
    give_up_s = time.monotonic() + 60
    while not all(told(deployment, job) for job in (running, queued)) or not is_at_work(deployment, running):
        assert time.monotonic() < give_up_s
        advance_due(deployment.workflow)
        time.sleep(0.05)
    app = open_page("jobs")
    assert "1 job before it" in captions(app)
    for job in (queued, running):
        app.button(key=f"cancel-{job.id}").click().run()
        assert deployment.ledger.job(job.id).status is JobStatus.CANCELLED
        folder = deployment.settings.engine_dir / "jobs" / (deployment.ledger.job(job.id).remote_job_id or "")
        assert (folder / "failure.json").read_bytes() == b'{"reason":"Cancelled."}'
        assert not (folder / "video").exists()
    assert cancel_buttons(app) == []


def told(deployment: Deployment, job: Job) -> RunProgress | None:
    return deployment.ledger.job(job.id).run_progress


def is_at_work(deployment: Deployment, job: Job) -> bool:
    run_progress = told(deployment, job)
    return run_progress is not None and run_progress.jobs_before is None


@pytest.fixture
def timers(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How often the browser is told to ask for the list again, in seconds, as it is told."""
    told: list[float] = []
    enqueue = ForwardMsgQueue.enqueue

    def note(queue: ForwardMsgQueue, message: ForwardMsg) -> None:
        if message.WhichOneof("type") == "auto_rerun" and message.auto_rerun.interval != TOASTS_S:
            told.append(message.auto_rerun.interval)
        enqueue(queue, message)

    monkeypatch.setattr(ForwardMsgQueue, "enqueue", note)
    return told


TOASTS_S = 4
"""How often the shell looks for jobs that have ended."""


def test_a_list_in_which_nothing_is_under_way_is_drawn_again_seldom(
    open_page: OpenPage, deployment: Deployment, timers: list[float]
) -> None:
    write_job(deployment, JobStatus.FAILED)
    app = open_page("jobs")
    assert timers == [10]
    job = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1")
    app.run()
    assert timers[-1] == 2
    app.pills(key="state").set_value(["Failed"]).run()
    assert timers[-1] == 2  # nobody who searches waits for another pace
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


def test_a_list_in_which_a_job_is_under_way_is_live_from_the_first_picture_on(
    open_page: OpenPage, deployment: Deployment, timers: list[float]
) -> None:
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1")
    open_page("jobs")
    assert timers == [2]
