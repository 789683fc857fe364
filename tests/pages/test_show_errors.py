"""Errors inside fragments and dialogs, and jobs that were deleted permanently."""

from __future__ import annotations

import ast

import pytest

from frametally.deployment import Deployment
from frametally.job import JobStatus
from tests.support.job_list import choose
from tests.support.pages import ROOT, OpenPage, button, write_job


def break_ledger(deployment: Deployment) -> None:
    """Make the ledger fail under an open page."""
    with deployment.ledger._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE job")


def test_a_ledger_that_fails_under_an_open_page_is_explained_there(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    write_job(deployment, JobStatus.FAILED)
    app = open_page("jobs")
    break_ledger(deployment)
    app.run()
    assert not app.exception
    assert "ledger does not respond" in app.error[0].value


@pytest.mark.parametrize("what", ["Note and tags…", "Re-run with other models…"])
def test_a_dialog_of_a_deleted_job_shows_an_error(
    engine: str, open_page: OpenPage, deployment: Deployment, what: str
) -> None:
    job = write_job(deployment, JobStatus.FAILED)
    write_job(deployment, JobStatus.FAILED)
    app = choose(open_page("jobs"), job, what)
    assert not app.error
    assert deployment.ledger.remove(job.id)
    app.run()
    assert not app.exception
    assert "may have been removed" in app.error[0].value
    assert app.get("dialog")


def test_a_permanently_deleted_submission_leaves_the_page_intact(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    app = open_page("upload")
    job = write_job(deployment, JobStatus.FAILED)
    app.session_state["submitted_job"] = job.id
    assert deployment.ledger.remove(job.id)
    app.run()
    assert not app.exception
    assert not app.error
    assert [control.key for control in app.segmented_control] == ["upload_way"]
    assert "submitted_job" not in app.session_state


def test_the_sample_can_be_run_again_after_its_job_was_deleted(
    engine: str, open_page: OpenPage, deployment: Deployment
) -> None:
    app = button(open_page("upload"), "Try the sample").click().run()
    (job,) = deployment.ledger.jobs()
    assert deployment.ledger.transition(job, JobStatus.FAILED, failure="The worker stopped.")
    assert deployment.ledger.remove(job.id)
    app.run()
    assert not app.exception
    assert not app.error
    assert not button(app, "Try the sample").disabled


SHOWS_NO_ERRORS = {"components/ended_jobs/__init__.py"}
"""Its fragment only adds notices: an error there must not cover the page."""


def test_every_fragment_and_dialog_shows_its_errors() -> None:
    missing = []
    for path in (*ROOT.glob("components/**/*.py"), *ROOT.glob("pages/*.py")):
        functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
        decorated = [[ast.unparse(decorator) for decorator in function.decorator_list] for function in functions]
        alone = [names for names in decorated if any(name.startswith(("st.fragment", "st.dialog")) for name in names)]
        if str(path.relative_to(ROOT)) not in SHOWS_NO_ERRORS:
            missing += [(path.name, names) for names in alone if names[-1] != "show_errors()"]
    assert missing == []
