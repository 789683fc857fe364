"""The tab of lines and zones: which set is in use, and what the page passes to the browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components.session import announce_routes
from frametally.deployment import Deployment
from frametally.job import Job
from frametally.ledger import region_sets
from frametally.regions.shapes import Line, RegionSet
from frametally.team.regions import choose_camera, save_regions
from tests.support.pages import open_link
from tests.support.results_files import finished_job

TAB = "Lines & zones"
GATE = Line(id="l1", name="Gate", start=(0.2, 0.5), end=(0.8, 0.5))


@pytest.fixture
def job(deployment: Deployment, small_video: Path) -> Job:
    announce_routes()
    for camera in ("dock 3", "yard"):
        regions = RegionSet(camera=camera, size=(320, 240), lines=(GATE,))
        save_regions(deployment.ledger, regions, based_on=region_sets.NEW, actor=None)
    return finished_job(deployment, small_video)


def regions_data(app: AppTest) -> dict[str, Any] | None:
    """What the page passes to the tab; None if the tab is not drawn."""
    assert not app.exception
    protos = [element.proto for element in app.get("bidi_component")]
    found = [json.loads(proto.json) for proto in protos if proto.component_name == "frametally.regions"]
    return dict(found[0]) if found else None


def test_the_tab_costs_nothing_until_it_is_opened(job: Job) -> None:
    assert regions_data(open_link(job=job.id)) is None


def test_the_address_holds_the_set_in_use(job: Job) -> None:
    data = regions_data(open_link(section=TAB, job=job.id, camera="yard"))
    assert data is not None
    assert (data["camera"], sorted(data["sets"])) == ("yard", ["dock 3", "yard"])
    assert data["sets"]["yard"]["set"]["lines"][0]["name"] == "Gate"
    assert data["sets"]["yard"]["revision"] == 1
    assert data["url"].startswith("./frametally/views/")


def test_the_camera_of_a_job_is_the_default(deployment: Deployment, job: Job) -> None:
    data = regions_data(open_link(section=TAB, job=job.id))
    assert data is not None
    assert data["camera"] == ""
    choose_camera(deployment.ledger, job.id, "dock 3", actor=None)
    app = open_link(section=TAB, job=job.id)
    assert (regions_data(app) or {})["camera"] == "dock 3"
    assert app.query_params["camera"] in ("dock 3", ["dock 3"])
    assert (regions_data(open_link(section=TAB, job=job.id, camera="")) or {})["camera"] == "", "another choice stays"


def test_jobs_on_the_same_video_or_of_the_same_camera_can_be_compared(
    deployment: Deployment, job: Job, small_video: Path
) -> None:
    finished_job(deployment, small_video, id="job-2")
    finished_job(deployment, None, id="job-3")
    finished_job(deployment, None, id="job-4")
    choose_camera(deployment.ledger, "job-3", "yard", actor=None)
    data = regions_data(open_link(section=TAB, job=job.id, camera="yard"))
    assert data is not None
    assert (sorted(data["jobs"]), data["compared"]) == (["job-2", "job-3"], [])


def test_events_are_exported_where_there_is_a_set_in_use(deployment: Deployment, job: Job) -> None:
    app = open_link(job=job.id, section="Export")
    assert not [one for one in app.button if "Events" in one.label]
    app = open_link(job=job.id, section="Export", camera="yard")
    assert [one.label for one in app.button if "Events" in one.label] == [
        "Events at lines and zones (CSV)",
        "Events at lines and zones (Parquet)",
    ]


def test_a_video_that_was_not_kept_has_no_picture_to_draw_on(deployment: Deployment) -> None:
    announce_routes()
    job = finished_job(deployment, None)
    app = open_link(section=TAB, job=job.id)
    assert regions_data(app) is None
    assert any("no picture to draw on" in one.value for one in app.info)
