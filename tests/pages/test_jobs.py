"""The Jobs page: every state with its reason, and asking under the floor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import OpenPage
from video_inference.jobs import EMBEDDED, Job, JobStatus, ModelChoice
from video_inference.workbench import Workbench

HOSTED = "https://api.example.com"


def write_job(bench: Workbench, status: JobStatus, **values: Any) -> Job:
    now = datetime.now(UTC)
    known = {
        "id": f"job-{len(bench.store.jobs())}",
        "service": HOSTED,
        "key_id": "0123",
        "video_name": "dock.mp4",
        "video_url": "https://example.com/dock.mp4",
        "models": (ModelChoice(model_id="forklifts", version="7"),),
        "infer_fps": 5.0,
        "created_at": now - timedelta(minutes=3),
        "next_check_at": now + timedelta(seconds=50),
    }
    job = Job(**{**known, "status": status, **values})
    bench.store.add(job)
    return job


def texts(app: AppTest) -> str:
    return "\n".join(str(element.value) for kind in (app.markdown, app.caption) for element in kind)


def test_without_a_job_the_page_leads_to_the_first_one(open_page: OpenPage) -> None:
    app = open_page("jobs")
    assert app.info[0].value == "No job yet. Upload a video to start the first one."
    assert [link.label for link in app.page_link] == ["Upload a video"]


def test_every_state_has_its_word(open_page: OpenPage, bench: Workbench) -> None:
    for status in JobStatus:
        write_job(bench, status)
    app = open_page("jobs")
    for word in ("Sending", "Scheduling", "Running", "Done", "Failed", "Lost"):
        assert word in texts(app)
    assert [link.label for link in app.page_link] == ["Open in analytics"]
    assert "forklifts/7 · 5 fps · api.example.com · started 3 min ago" in texts(app)


def test_a_failure_is_shown_as_the_service_wrote_it(open_page: OpenPage, bench: Workbench) -> None:
    write_job(bench, JobStatus.FAILED, failure="Model *v2* [beta](x) costs $5 <b>")
    app = open_page("jobs")
    assert app.error[0].value == r"Model \*v2\* \[beta\]\(x\) costs \$5 \<b\>"


def test_what_the_service_said_is_shown_while_the_job_waits(open_page: OpenPage, bench: Workbench) -> None:
    write_job(bench, JobStatus.SUBMITTED, remote_job_id="r1", service_says="queued in eu_west", progress=0.25)
    app = open_page("jobs")
    assert app.warning[0].value == r"queued in eu\_west"


def test_a_job_cannot_be_asked_about_before_its_time_and_the_button_says_so(
    open_page: OpenPage, bench: Workbench
) -> None:
    write_job(bench, JobStatus.SUBMITTED, remote_job_id="r1", checked_at=datetime.now(UTC) - timedelta(minutes=2))
    app = open_page("jobs")
    assert app.button[0].disabled
    assert app.button[0].label.startswith("Ask in ")
    assert "at most once a minute" in app.button[0].help
    assert "checked 2 min ago · next check in " in texts(app)


def test_the_built_in_engine_is_asked_all_the_time_by_itself(open_page: OpenPage, bench: Workbench) -> None:
    write_job(bench, JobStatus.SUBMITTED, service=EMBEDDED, key_id="", remote_job_id="r1")
    app = open_page("jobs")
    assert not app.button
    assert "next check" not in texts(app)


def test_a_lost_job_can_be_asked_about_but_is_promised_no_check(open_page: OpenPage, bench: Workbench) -> None:
    now = datetime.now(UTC)
    lost = write_job(bench, JobStatus.LOST, remote_job_id="r1", failure="Silence.", next_check_at=now)
    app = open_page("jobs")
    assert app.button[0].label == "Ask now"
    assert "next check" not in texts(app)
    app.button[0].click().run()
    assert "key for this service is not known" in bench.store.job(lost.id).service_says


def test_somebody_who_asks_second_asks_nobody_and_sees_how_long_to_wait(open_page: OpenPage, bench: Workbench) -> None:
    now = datetime.now(UTC)
    job = write_job(bench, JobStatus.SUBMITTED, remote_job_id="r1", next_check_at=now)
    app = open_page("jobs")
    assert bench.store.claim(job, now, 60)
    app.button[0].click().run()
    assert app.button[0].label.startswith("Ask in ")
    assert bench.store.job(job.id).service_says == ""


def test_the_newest_come_first_and_more_on_demand(open_page: OpenPage, bench: Workbench) -> None:
    now = datetime.now(UTC)
    for age in range(27):
        write_job(bench, JobStatus.FAILED, video_name=f"v{age}.mp4", created_at=now - timedelta(hours=age))
    app = open_page("jobs")
    assert "v0.mp4" in app.markdown[1].value
    assert "v24.mp4" in texts(app)
    assert "v25.mp4" not in texts(app)
    app.button[0].click().run()
    assert "v26.mp4" in texts(app)
    assert not app.button
