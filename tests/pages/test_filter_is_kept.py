"""The filter of the Jobs page is kept while another page is open."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from frametally.deployment import Deployment
from frametally.job import JobStatus
from tests.support.pages import OpenPage, open_tab, write_job


@pytest.fixture
def app(open_page: OpenPage, deployment: Deployment) -> AppTest:
    """The Jobs page, filtered to one of two jobs."""
    for status, name in ((JobStatus.FAILED, "north.mp4"), (JobStatus.SUCCEEDED, "gate.mp4")):
        write_job(deployment, status, video_name=name)
    app = open_page("jobs")
    app.text_input(key="q").set_value("north").run()
    app.pills(key="state").set_value(["Failed"]).run()
    assert found(app) == "**1** job"
    return app


def found(app: AppTest) -> str:
    return next(element.value for element in app.markdown if element.value.endswith(("job", "jobs")))


def go(app: AppTest, name: str) -> None:
    app.switch_page(f"../pages/{name}.py").run()
    assert not app.exception


def test_the_filter_is_kept_on_the_way_to_another_page_and_back(app: AppTest) -> None:
    go(app, "configuration")
    app.query_params.clear()  # a link of the navigation has no parameters
    go(app, "jobs")
    assert app.text_input(key="q").value == "north"
    assert found(app) == "**1** job"
    app.text_input(key="q").set_value("").run()
    app.pills(key="state").set_value([]).run()
    go(app, "configuration")
    app.query_params.clear()
    go(app, "jobs")
    assert found(app) == "**2** jobs"


def test_a_link_with_a_filter_has_exactly_that_filter(app: AppTest) -> None:
    go(app, "configuration")
    app.query_params.clear()
    app.query_params["q"] = "gate"
    go(app, "jobs")
    assert app.text_input(key="q").value == "gate"
    assert found(app) == "**1** job"


def test_a_new_tab_starts_without_a_filter(app: AppTest) -> None:
    assert found(open_tab("jobs")) == "**2** jobs"
