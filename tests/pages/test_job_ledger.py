"""Commands on the Jobs page: search, history, notes, tags, retry, other models, import, delete, bulk actions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from frametally.deployment import Deployment
from frametally.job import EMBEDDED, Job, JobStatus, ModelChoice
from frametally.ledger.presets import Preset
from frametally.ledger.tags import add_tags, all_tags, tags_of
from tests.support.job_list import choose, labels, names, row, send
from tests.support.pages import HOSTED, ROOT, OpenPage, button, captions, dataframe, texts, write_job

NOW = datetime.now(UTC)
BIRDS = (ModelChoice(model_id="birds", version="1"),)


def open_jobs(**params: str | list[str]) -> AppTest:
    """Open the Jobs page by a link with these parameters."""
    app = AppTest.from_file(str(ROOT / "components/shell.py"), default_timeout=30)
    for name, value in params.items():
        app.query_params[name] = value
    return app.switch_page("../pages/jobs.py").run()


def select_rows(app: AppTest, *jobs: Job) -> None:
    app.toggle(key="jobs_selecting").set_value(True).run()
    send(app, "selected", [job.id for job in jobs])


def bulk(app: AppTest, what: str) -> AppTest:
    return app.menu_button(key="bulk_action").click(what).run()


@pytest.fixture
def three(deployment: Deployment) -> list[Job]:
    """Three jobs, newest first, with the statuses failed, done and no response."""
    known: list[dict[str, Any]] = [
        {"status": JobStatus.FAILED, "video_name": "north.mp4", "failure": "It broke."},
        {"status": JobStatus.SUCCEEDED, "video_name": "south.mp4", "models": BIRDS},
        {"status": JobStatus.LOST, "video_name": "gate.mp4", "remote_job_id": "r1", "service": "https://other"},
    ]
    made = [write_job(deployment, created_at=NOW - timedelta(hours=age), **values) for age, values in enumerate(known)]
    add_tags(deployment.ledger, [made[1].id, made[2].id], ["night"], actor=None)
    return made


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["north", "south", "gate"]),
        ({"q": "OUT"}, ["south"]),
        ({"q": "forklifts/7"}, ["north", "gate"]),
        ({"state": ["Failed", "No response"]}, ["north", "gate"]),
        ({"tag": "night", "state": "Done"}, ["south"]),
        ({"ran": "birds/1"}, ["south"]),
        ({"at": "other"}, ["gate"]),
        ({"since": f"{NOW - timedelta(days=1):%Y-%m-%d}"}, ["north", "south", "gate"]),
        ({"until": f"{NOW - timedelta(days=2):%Y-%m-%d}"}, []),
        ({"state": "Deleted"}, []),
        ({"state": "In progress"}, []),
        ({"state": "Lost"}, ["north", "south", "gate"]),  # an option of an earlier version, which is ignored
        ({"state": ["Lost", "Done"]}, ["south"]),
    ],
)
def test_a_link_holds_the_filter(three: list[Job], params: dict[str, Any], found: list[str]) -> None:
    app = open_jobs(**params)
    assert [name.removesuffix(".mp4") for name in names(app)] == found
    assert bool(app.info) is (found == [])


def test_a_changed_filter_starts_at_the_first_page(open_page: OpenPage, deployment: Deployment) -> None:
    for number in range(45):
        write_job(deployment, JobStatus.FAILED, video_name=f"v{number}", created_at=NOW - timedelta(hours=number))
    app = open_page("jobs")
    app.pagination[0].set_value(3).run()
    assert names(app) == [f"v{number}" for number in range(40, 45)]
    app.text_input(key="q").set_value("v1").run()
    assert names(app) == ["v1", *(f"v{number}" for number in range(10, 20))]


def test_the_history_is_shown_where_it_is_opened(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r`1")
    for seconds in (0, 60, 125):
        deployment.ledger.log_call(job.id, NOW + timedelta(seconds=seconds), "running *fast*")
    deployment.ledger.transition(job, JobStatus.FAILED, failure="It *broke*.")
    app = open_page("jobs")
    assert job.id not in captions(app)
    choose(app, job, "History")
    assert f"`{job.id}` · ID at the service: `r'1`" in captions(app)
    assert r"**Failed** · It \*broke\*." in texts(app)
    assert "3 checks, at least 1 min apart" in captions(app)
    calls = dataframe(app, "Response")
    assert calls["Interval"].tolist() == ["65 s", "60 s", ""]


def test_no_interval_is_shown_across_a_clock_that_was_set_back(open_page: OpenPage, deployment: Deployment) -> None:
    created_at = NOW - timedelta(seconds=5)
    job = write_job(
        deployment,
        JobStatus.SUCCEEDED,
        remote_job_id="r1",
        created_at=created_at,
        run_started_at=created_at,
        ended_at=created_at - timedelta(minutes=50),
    )
    for seconds in (0, 60, 60 - 3600):
        deployment.ledger.log_call(job.id, NOW + timedelta(seconds=seconds), "running")
    app = open_page("jobs")
    assert "·" not in row(app, job)["times"]  # only its age
    choose(app, job, "History")
    assert "3 checks, at least 1 min apart" in captions(app)
    assert dataframe(app, "Response")["Interval"].tolist() == ["", "60 s", ""]


def test_the_history_shows_checks_below_the_polling_floor(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1")
    for seconds in (0, 12):
        deployment.ledger.log_call(job.id, NOW + timedelta(seconds=seconds), "running")
    app = choose(open_page("jobs"), job, "History")
    assert "at least 12 s apart, as the service allowed" in captions(app)


def test_a_note_and_tags_are_saved_and_shown(open_page: OpenPage, deployment: Deployment, three: list[Job]) -> None:
    app = choose(open_page("jobs"), three[1], "Note and tags…")
    assert app.multiselect(key="edit_tags").value == ["night"]
    app.multiselect(key="edit_tags").set_value(["night"])
    app.text_area(key="edit_notes").set_value(" Rain *all* day. ")
    app.button(key="edit_save").click().run()
    assert deployment.ledger.job(three[1].id).notes == "Rain *all* day."
    assert tags_of(deployment.ledger, [three[1].id]) == {three[1].id: ["night"]}
    assert row(app, three[1])["note"] == "Rain *all* day."


def test_a_failed_job_is_retried_with_one_click(open_page: OpenPage, deployment: Deployment, three: list[Job]) -> None:
    app = open_page("jobs")
    choose(app, three[0], "Retry")
    assert names(app)[0] == "north.mp4"
    (new,) = deployment.ledger.jobs(statuses=[JobStatus.CREATED])
    assert (new.video_url, new.models) == (three[0].video_url, three[0].models)
    assert "Retry" not in labels(app, three[1])


def test_a_retry_without_the_video_shows_the_reason(open_page: OpenPage, deployment: Deployment) -> None:
    gone = write_job(deployment, JobStatus.FAILED, video_url=None, video_sha256="0" * 64)
    app = open_page("jobs")
    choose(app, gone, "Retry")
    assert "no longer stored" in app.toast[0].value


def test_other_models_run_over_the_video_of_a_job(
    engine: str, open_page: OpenPage, deployment: Deployment, small_video: Path
) -> None:
    sha256 = deployment.library.add(small_video, actor=None).sha256
    job = write_job(deployment, JobStatus.SUCCEEDED, service=EMBEDDED, key_id="", video_url=None, video_sha256=sha256)
    app = choose(open_page("jobs"), job, "Re-run with other models…")
    assert app.multiselect(key="other_models").value[0].startswith("motion/1")
    app.button(key="other_run").click().run()
    (new,) = deployment.ledger.jobs(statuses=[JobStatus.CREATED])
    assert ([model.label for model in new.models], new.video_sha256) == (["motion/1"], sha256)


def run_twice(job_id: str) -> None:
    """Both clicks of a double click on Run in the dialog of other models."""
    from dataclasses import replace

    from components.jobs.job_commands import JobCommand, request_dialog
    from components.jobs.job_dialogs import run_once
    from components.session import get_deployment

    deployment, command = get_deployment(), JobCommand("other_models", (job_id,))
    request = replace(deployment.ledger.job(job_id).request, infer_fps=2.0)
    request_dialog(command)
    run_once(deployment, command, request)
    run_once(deployment, command, request)


def test_a_double_click_on_run_with_other_models_creates_one_job(deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.SUCCEEDED)
    assert not AppTest.from_function(run_twice, args=(job.id,), default_timeout=30).run().exception
    assert [job.infer_fps for job in deployment.ledger.jobs(statuses=[JobStatus.CREATED])] == [2.0]


def test_a_job_started_elsewhere_is_imported_once(open_page: OpenPage, deployment: Deployment) -> None:
    app = open_page("jobs")
    button(app, "Import job").click().run()
    app.text_input(key="import_id").set_value("0f3c-77").run()
    app.button(key="import").click().run()
    (job,) = deployment.ledger.jobs()
    assert (job.status, job.remote_job_id, job.service) == (JobStatus.SUBMITTED, "0f3c-77", EMBEDDED)
    app = open_page("jobs")
    assert row(app, job)["model"] == "models unknown"
    assert row(app, job)["facts"] == "frame rate unknown · Built-in engine"
    button(app, "Import job").click().run()
    app.text_input(key="import_id").set_value(" 0f3c-77 ").run()
    app.button(key="import").click().run()
    assert "already in the list" in app.error[0].value
    assert len(deployment.ledger.jobs()) == 1
    app.button(key="import_show").click().run()
    assert app.text_input(key="q").value == job.id


def test_an_id_that_the_service_does_not_know_is_reported_in_the_dialog(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    app = open_page("jobs")
    button(app, "Import job").click().run()
    app.text_input(key="import_id").set_value("0f3c-77").run()
    for _ in range(2):  # the second answer is the remembered one
        app.button(key="import").click().run()
        assert "does not know a job with this ID" in app.error[0].value
    assert deployment.ledger.jobs() == []


def test_a_row_that_the_engine_will_never_answer_can_be_deleted(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    job = write_job(deployment, JobStatus.SUBMITTED, service=EMBEDDED, key_id="", remote_job_id="gone")
    deployment.ledger.update(job, next_check_at=job.created_at)
    deployment.workflow.refresh(job.id, actor=None)
    app = open_page("jobs")
    assert "no longer has this job" in row(app, job)["problems"][0]["text"]
    choose(app, job, "Delete")
    assert deployment.ledger.jobs() == []


def test_an_imported_job_that_was_deleted_is_shown_among_the_deleted(
    open_page: OpenPage, deployment: Deployment
) -> None:
    job = write_job(deployment, JobStatus.FAILED, service=EMBEDDED, key_id="", remote_job_id="r1")
    app = choose(open_page("jobs"), job, "Delete")
    button(app, "Import job").click().run()
    app.text_input(key="import_id").set_value("r1").run()
    app.button(key="import").click().run()
    assert "among the deleted jobs" in app.error[0].value
    app.button(key="import_show").click().run()
    assert names(app) == ["dock.mp4"]
    choose(app, job, "Restore")
    assert deployment.ledger.job(job.id).deleted_at is None


def test_undo_restores_a_deleted_job(open_page: OpenPage, deployment: Deployment, three: list[Job]) -> None:
    app = choose(open_page("jobs"), three[0], "Delete")
    assert names(app) == ["south.mp4", "gate.mp4"]
    assert "1 job deleted. You can undo for 1 hour." in texts(app)
    app.button(key="undo_delete").click().run()
    assert names(app)[0] == "north.mp4"
    assert "deleted" not in texts(app)


def test_a_deleted_job_can_be_found_and_restored_later(deployment: Deployment, three: list[Job]) -> None:
    choose(open_jobs(), three[0], "Delete")
    app = open_jobs(state="Deleted")
    assert names(app) == ["north.mp4"]
    choose(app, three[0], "Restore")
    assert deployment.ledger.job(three[0].id).deleted_at is None


def test_a_job_that_is_uploading_cannot_be_deleted(open_page: OpenPage, deployment: Deployment) -> None:
    uploading = write_job(deployment, JobStatus.CREATED)
    assert "Delete" not in labels(open_page("jobs"), uploading)


def test_selected_jobs_are_tagged_together(open_page: OpenPage, deployment: Deployment, three: list[Job]) -> None:
    app = open_page("jobs")
    select_rows(app, three[0], three[1])
    bulk(app, "Edit tags…")
    assert app.multiselect(key="edit_tags").value == []
    assert not [area for area in app.text_area if area.key == "edit_notes"]
    app.multiselect(key="edit_tags").set_value(["night"])
    app.button(key="edit_save").click().run()
    assert set(all_tags(deployment.ledger)) == {job.id for job in three}


def test_several_jobs_are_retried_only_after_a_confirmation(
    open_page: OpenPage, deployment: Deployment, three: list[Job]
) -> None:
    app = open_page("jobs")
    select_rows(app, three[0], three[2])
    bulk(app, "Retry")
    assert deployment.ledger.jobs(statuses=[JobStatus.CREATED]) == []
    assert "Retry 2 jobs?" in texts(app)
    app.button(key="confirm").click().run()
    assert len(deployment.ledger.jobs(statuses=[JobStatus.CREATED])) == 2


def test_select_all_deletes_the_jobs_of_all_pages(open_page: OpenPage, deployment: Deployment) -> None:
    made = [write_job(deployment, JobStatus.FAILED, created_at=NOW - timedelta(hours=age)) for age in range(22)]
    write_job(deployment, JobStatus.SUCCEEDED, service=HOSTED)
    app = open_jobs(state="Failed")
    app.toggle(key="jobs_selecting").set_value(True).run()
    app.button(key="select_page").click().run()
    assert app.menu_button(key="bulk_action").label == "20 selected"
    app.checkbox(key="select_matching").check().run()
    bulk(app, "Delete")
    assert [job.status for job in deployment.ledger.jobs()] == [JobStatus.SUCCEEDED]
    app.button(key="undo_delete").click().run()
    assert len(deployment.ledger.jobs()) == len(made) + 1


def test_a_bulk_action_that_applies_to_no_selected_job_does_nothing(
    open_page: OpenPage, deployment: Deployment, three: list[Job]
) -> None:
    app = open_page("jobs")
    select_rows(app, three[1])
    bulk(app, "Retry")
    assert "can be retried" in app.toast[0].value
    assert len(deployment.ledger.jobs()) == 3


ENDED = "https://host/v.mp4?Expires=1700000000&Signature=s3cret"


def test_a_job_with_an_expired_link_is_not_retried(open_page: OpenPage, deployment: Deployment) -> None:
    job = write_job(deployment, JobStatus.FAILED, video_url=ENDED)
    app = open_page("jobs")
    choose(app, job, "Retry")
    assert "link to the video expired" in app.toast[0].value
    assert "s3cret" not in app.toast[0].value
    assert len(deployment.ledger.jobs()) == 1


def test_other_models_cannot_be_run_where_they_would_fail(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    deployment.ledger.presets.save(Preset(name="Dock", model=BIRDS[0], service=EMBEDDED))
    job = write_job(deployment, JobStatus.SUCCEEDED, service=EMBEDDED, key_id="", video_url=ENDED)
    app = choose(open_page("jobs"), job, "Re-run with other models…")
    errors = "\n".join(error.value for error in app.error)
    assert "birds/1 is not installed" in errors
    assert "link to the video expired" in errors
    assert app.button(key="other_run").disabled
