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


def acting(asked: str) -> None:
    """A page on which the browser has asked for something; it writes why that has failed."""
    import streamlit as st

    from components.analytics.regions.saved_sets import KEY, act
    from components.session import get_deployment, placed_results
    from frametally.analysis.view import View

    deployment = get_deployment()
    (job,) = deployment.ledger.jobs()
    video = deployment.library.get(job.video_sha256 or "")
    assert video
    results = placed_results(job, video)
    st.session_state[KEY] = {"act": asked}
    st.text(act(deployment, View(results, next(iter(results.models)), 0.25), video) or "done")


def asked_for(name: str, camera: str, **more: Any) -> AppTest:
    asked = json.dumps({"name": name, "camera": camera, **more})
    return AppTest.from_function(acting, args=(asked,), default_timeout=30).run()


def test_a_set_is_saved_for_the_camera_of_the_job_unless_another_person_has_changed_it(
    deployment: Deployment, job: Job
) -> None:
    gate = {"id": "l1", "name": "Gate", "start": [0.1, 0.1], "end": [0.9, 0.9]}
    mine = {"camera": "gate", "size": [320, 240], "lines": [gate]}
    app = asked_for("save", "gate", set=mine)
    assert [one.value for one in app.text] == ["done"]
    assert region_sets.camera_of(deployment.ledger, job.id) == "gate"
    app = asked_for("save", "gate", set=mine)
    assert "changed by another person" in app.text[0].value
    app = asked_for("save", "gate", set={**mine, "lines": []}, based_on=1)
    assert [one.value for one in app.text] == ["done"]
    stored = region_sets.set_of(deployment.ledger, "gate")
    assert stored
    assert (stored.revision, json.loads(stored.content)["lines"]) == (2, [])


def test_a_set_is_opened_and_deleted(deployment: Deployment, job: Job) -> None:
    app = asked_for("open", "yard")
    assert (app.text[0].value, region_sets.camera_of(deployment.ledger, job.id)) == ("done", "yard")
    app = asked_for("delete", "yard")
    assert (app.text[0].value, region_sets.camera_of(deployment.ledger, job.id)) == ("done", None)
    assert [one.camera for one in region_sets.sets(deployment.ledger)] == ["dock 3"]


@pytest.mark.parametrize(("name", "more"), [("burn", {}), ("save", {"set": {"camera": "x"}}), ("open", {"camera": 3})])
def test_what_the_browser_cannot_ask_for_is_refused(deployment: Deployment, job: Job, name: str, more: Any) -> None:
    app = asked_for(name, **{"camera": "yard", **more})
    assert not app.exception
    assert app.text[0].value != "done"
    assert len(region_sets.sets(deployment.ledger)) == 2


def test_a_clip_says_that_it_begins_earlier(deployment: Deployment, job: Job) -> None:
    def script(deployment, job):  # type: ignore[no-untyped-def]  # names of annotations do not exist where it runs
        from components.analytics.regions.moment_files import moment_file
        from frametally.analysis.view import View
        from frametally.results import open_results

        results = open_results(deployment.settings.results_dir / job.id)
        view, video = View(results, next(iter(results.models))), deployment.library.get(job.video_sha256)
        for end_s in (1, 900):
            moment_file(deployment, view, video, f'{{"kind": "clip", "start_s": 0.5, "end_s": {end_s}}}')

    app = AppTest.from_function(script, kwargs={"deployment": deployment, "job": job}).run()
    assert not app.exception
    assert [toast.value for toast in app.toast] == ["The clip begins 0.5 s earlier, with a keyframe."]
    assert "A clip has at most 10 minutes." in app.error[0].value
    (clip,) = (deployment.settings.results_dir / job.id / "derived").glob("clip-*")
    assert clip.suffix == ".mp4"
