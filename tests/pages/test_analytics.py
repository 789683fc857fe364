"""The Analytics page: counts, totals and frames of a finished job, and stepping through them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from frametally.analysis.view_spec import DEFAULT_CONFIDENCE
from frametally.deployment import Deployment
from frametally.job import Job, JobStatus
from frametally.jobs.deletion import delete
from frametally.rendering.class_colors import ClassColors
from tests.support.pages import (
    OpenPage,
    button,
    captions,
    chart,
    click_chart,
    dataframe,
    open_link,
    pick_range,
    texts,
    write_job,
)
from tests.support.results_files import BOXES, RESULTS, box, entry, finished_job, offsets

CHART = "job-1-kitchen-None-counts"


def totals(app: AppTest) -> dict[str, list[Any]]:
    return dict(dataframe(app, "Peak").set_index("Class").T.to_dict("list"))


def detected(app: AppTest) -> list[str]:
    """The classes of the detections in the current frame."""
    return list(dataframe(app, "x min")["Class"])


def step(app: AppTest, way: str, label: str) -> str:
    """Step once; returns the caption of the new frame."""
    app.selectbox(key="step_by").set_value(way).run()
    button(app, label).click().run()
    assert not app.exception
    return next(text for text in captions(app).splitlines() if text.startswith("Frame "))


@pytest.fixture
def job(deployment: Deployment, small_video: Path) -> Job:
    return finished_job(deployment, small_video)


@pytest.fixture
def app(job: Job, open_page: OpenPage) -> AppTest:
    return open_page("analytics")


def test_without_a_finished_job_the_page_links_to_upload(open_page: OpenPage) -> None:
    app = open_page("analytics")
    assert "No finished jobs yet" in app.info[0].value
    assert [link.label for link in app.page_link] == ["Jobs", "Run a video"]


def test_totals_exclude_frames_that_were_not_analyzed(app: AppTest) -> None:
    assert "4 of 5 frames analyzed · 1 not analyzed (hatched)" in captions(app)
    assert totals(app)["cup"] == [0.75, 2, 50.0, "0:00.4", "0:00.2", "0:00.8"]
    assert totals(app)["person"] == [0.75, 2, 50.0, "0:00.4", "0:00.2", "0:00.8"]


def test_each_metric_has_a_definition(app: AppTest) -> None:
    assert any("- **Peak**: " in text.value for text in app.markdown)


def test_results_that_cannot_be_charted_are_named(app: AppTest) -> None:
    assert app.info[0].value.startswith("note: results of this type cannot be charted")


def test_a_threshold_changes_the_counts_and_not_the_results(app: AppTest) -> None:
    app.slider(key="confidence").set_value(0.7).run()
    assert totals(app)["cup"] == [0.5, 1, 50.0, "0:00.4", "0:00.2", "0:00.8"]
    assert totals(app)["person"][:4] == [0.0, 0, 0.0, "0:00.0"]
    assert all(math.isnan(each) for each in totals(app)["person"][4:])
    assert "1 detection · min. confidence 0.70" in captions(app)
    app.slider(key="confidence").set_value(0.0).run()
    assert totals(app)["*odd*"][1] == 1


def test_the_sensitivity_is_drawn_as_a_band(app: AppTest) -> None:
    lines = len(chart(app, CHART)["data"])
    app.toggle(key="band").set_value(True).run()
    assert len(chart(app, CHART)["data"]) == lines + 2 * 3


def test_a_class_that_is_filtered_out_is_neither_counted_nor_drawn(app: AppTest) -> None:
    app.multiselect(key="classes").set_value(["person"]).run()
    assert list(totals(app)) == ["person"]
    assert detected(app) == ["person", "person"]
    app.multiselect(key="classes").set_value([]).run()
    assert list(totals(app)) == ["*odd*", "cup", "person"]


def test_another_model_has_counts_of_its_own(job: Job) -> None:
    app = open_link(job="job-1", classes=["person"], merge="cup>mug")
    app.selectbox(key="model").set_value("empty").run()
    assert "5 of 5 frames analyzed" in captions(app)
    assert app.multiselect(key="classes").value == []
    assert not app.exception


def test_a_time_range_contains_only_its_frames(app: AppTest) -> None:
    app.slider(key="window").set_value((0.2, 0.6)).run()
    assert "2 of 3 frames analyzed · 1 not analyzed" in captions(app)
    assert totals(app)["cup"] == [0.5, 1, 50.0, "0:00.2", "0:00.2", "0:00.2"]
    button(app, "Whole video").click().run()
    assert app.slider(key="window").value == (0.0, 0.8)
    assert "4 of 5 frames analyzed" in captions(app)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("drawn", "time_range_s"),
    [
        ((0.15, 0.452), (0.15, 0.45)),
        ((0.6, 0.2), (0.2, 0.6)),
        ((-0.4, 0.5), (0.0, 0.5)),
        ((0.1, 7.0), (0.1, 0.8)),
        ((2.0, 3.0), (0.8, 0.8)),
        ((0.3951, 0.4049), (0.39, 0.41)),
        ((0.6, 0.6004), (0.6, 0.61)),
    ],
)
def test_a_box_selection_in_the_chart_sets_the_time_range(
    app: AppTest, drawn: tuple[float, float], time_range_s: tuple[float, float]
) -> None:
    pick_range(app, CHART, *drawn)
    assert not app.exception
    assert app.slider(key="window").value == time_range_s


def test_a_time_range_of_zero_length_is_not_the_whole_video(app: AppTest) -> None:
    app.slider(key="window").set_value((0.8, 0.8)).run()
    assert "1 of 1 frame analyzed" in captions(app)
    assert totals(app)["cup"] == [2.0, 2, 100.0, "0:00.2", "0:00.8", "0:00.8"]
    app.slider(key="window").set_value((0.7, 0.7)).run()
    assert not app.exception
    assert "0 of 0 frames analyzed" in captions(app)
    button(app, "Whole video").click().run()
    assert "4 of 5 frames analyzed" in captions(app)


@pytest.mark.soak
def test_a_link_may_hold_a_time_range_of_zero_length(job: Job) -> None:
    app = open_link(job="job-1", window=["0.2", "0.2"])
    assert app.slider(key="window").value == (0.2, 0.2)
    assert "1 of 1 frame analyzed" in captions(app)


def test_a_time_range_without_frames_is_empty_and_no_error(app: AppTest) -> None:
    pick_range(app, CHART, 0.31, 0.35)
    assert not app.exception
    assert "0 of 0 frames analyzed" in captions(app)
    assert totals(app)["cup"] == [None] * 6


def test_classes_with_the_same_name_are_counted_as_one(app: AppTest) -> None:
    app.multiselect(key="classes").set_value(["cup"]).run()
    app.session_state["merge"] = "cup>thing,person>thing"
    app.run()
    assert list(totals(app)) == ["*odd*", "thing"]
    assert totals(app)["thing"] == [1.5, 4, 50.0, "0:00.4", "0:00.2", "0:00.8"]
    assert app.multiselect(key="classes").options == ["*odd*", "thing"]
    assert detected(app) == ["thing"] * 4
    app.multiselect(key="classes").set_value(["thing"]).run()
    app.session_state["rename"] = True
    app.run()
    button(app, "Reset").click().run()
    assert not app.exception
    assert app.query_params.get("merge", "") == ""
    assert list(totals(app)) == ["*odd*", "cup", "person"]


def test_the_busiest_frame_is_shown_first(app: AppTest) -> None:
    assert "Frame 8 at 0:00.8 · 4 detections · min. confidence 0.25" in captions(app)
    assert sorted(detected(app)) == ["cup", "cup", "person", "person"]
    assert len(app.image) == 1


def test_stepping_by_frame_detection_class_and_peak(app: AppTest) -> None:
    app.slider(key="frame").set_value(0).run()
    assert button(app, "Previous").disabled
    assert step(app, "detection", "Next").startswith("Frame 2 at 0:00.2 · 2 detections")
    assert step(app, "frame", "Next").startswith("Frame 4 at")
    assert app.warning[0].value == "This frame was not analyzed."
    assert step(app, "person", "Next").startswith("Frame 8 at")
    assert button(app, "Next").disabled
    assert step(app, "peak, first or last appearance", "Previous").startswith("Frame 2 at")
    assert button(app, "Previous").disabled


@pytest.mark.soak
def test_stepping_by_a_merged_class(app: AppTest) -> None:
    app.session_state["merge"] = "cup>thing,person>thing"
    app.session_state["frame"] = 0
    app.run()
    assert step(app, "thing", "Next").startswith("Frame 2 at")


@pytest.mark.soak
def test_a_click_shows_the_analyzed_frame_nearest_in_time(app: AppTest) -> None:
    click_chart(app, CHART, 0.24)
    assert "Frame 2 at 0:00.2" in captions(app)
    app.slider(key="frame").set_value(3).run()
    assert "Frame 6 at" in captions(app)  # the click is not repeated
    click_chart(app, CHART, 0.24)
    assert "Frame 2 at 0:00.2" in captions(app)
    click_chart(app, CHART, -1.0)
    assert "Frame 0 at" in captions(app)


@pytest.mark.soak
def test_a_click_on_a_point_of_several_frames_shows_the_one_nearest_in_time(
    open_page: OpenPage, deployment: Deployment
) -> None:
    some = [None, *[entry()] * 8, entry(box("cup", 0.9)), entry(box("mug", 0.9), box("mug", 0.8)), *[entry()] * 5]
    finished_job(deployment, None, {**offsets(6000), "kitchen": some * 375})
    app = open_page("analytics")
    assert "Frame 20 at 0:02.0 · 2 detections" in captions(app)
    assert "Each point is the mean of up to 16 frames" in captions(app)
    click_chart(app, CHART, 321.0)
    assert "Frame 3210 at 5:21.0 · 0 detections" in captions(app).replace(",", "")
    click_chart(app, CHART, 321.75)
    assert "Frame 3218 at 5:21.8 · 1 detection ·" in captions(app).replace(",", "")
    click_chart(app, CHART, 319.95)  # the first frame of this point was not analyzed
    assert "Frame 3198 at 5:19.8" in captions(app).replace(",", "")
    pick_range(app, CHART, 322.0, 1000.0)
    click_chart(app, CHART.replace("None", "(322.0, 1000.0)"), 321.8)
    assert "Frame 3220 at 5:22.0" in captions(app).replace(",", "")


@pytest.mark.soak
def test_the_first_frame_shown_is_an_analyzed_one(open_page: OpenPage, deployment: Deployment) -> None:
    finished_job(deployment, None, {**offsets(3), "kitchen": [None, entry(), entry()]})
    assert "Frame 2 at 0:00.2 · 0 detections" in captions(open_page("analytics"))


def test_the_raw_json_of_the_frame_is_shown_on_request(app: AppTest) -> None:
    assert len(app.code) == 0
    app.toggle(key="raw_entry").set_value(True).run()
    assert '"confidence": 0.3' in app.code[0].value
    app.slider(key="frame").set_value(2).run()
    assert '"kitchen": null' in app.code[0].value


def test_a_job_without_a_copy_of_its_video_still_shows_its_detections(
    open_page: OpenPage, deployment: Deployment
) -> None:
    finished_job(deployment, None)
    app = open_page("analytics")
    assert any("No copy of this video" in info.value for info in app.info)
    assert detected(app).count("cup") == 2


def test_a_frame_beyond_the_end_of_the_file_shows_a_notice(
    open_page: OpenPage, deployment: Deployment, small_video: Path
) -> None:
    finished_job(deployment, small_video, {**RESULTS, "frame_offset": [0, 2, 4, 6, 4000]})
    app = open_page("analytics")
    assert any("cannot be decoded" in info.value for info in app.info)


@pytest.mark.parametrize(
    "found", [{**offsets(), "note": 3}, {"frame_offset": [], "time_offset": [], "kitchen": []}, offsets()]
)
def test_results_with_nothing_to_chart_can_still_be_downloaded(
    open_page: OpenPage, deployment: Deployment, found: dict[str, Any]
) -> None:
    finished_job(deployment, None, found)
    app = open_page("analytics")
    assert "no frames that can be charted" in app.info[-1].value
    app.session_state["export_menu"] = True
    app.run()
    assert [link.label for link in app.link_button] == ["Original results (JSON)"]
    assert not app.exception
    assert not app.error


def test_results_without_an_analyzed_frame_are_no_error(open_page: OpenPage, deployment: Deployment) -> None:
    finished_job(deployment, None, {**offsets(2), "kitchen": [None, None]})
    app = open_page("analytics")
    assert not app.exception
    assert "0 of 2 frames analyzed · 2 not analyzed" in captions(app)


@pytest.mark.soak
def test_a_job_with_one_frame_has_no_slider(open_page: OpenPage, deployment: Deployment, small_video: Path) -> None:
    finished_job(deployment, small_video, {**offsets(1), "kitchen": [entry(box("cup", 0.9))]})
    app = open_page("analytics")
    assert not app.exception
    assert "Frame 0 at 0:00.0 · 1 detection ·" in captions(app)


@pytest.mark.soak
def test_many_classes_get_a_heat_strip(open_page: OpenPage, deployment: Deployment) -> None:
    finished_job(deployment, None, {**offsets(2), "kitchen": [entry(*(box(f"c{at}", 0.9) for at in range(9))), None]})
    app = open_page("analytics")
    assert not app.exception
    *lines, strip, gap = chart(app, "job-1-kitchen-None-counts")["data"]
    assert [line["name"] for line in lines] == strip["y"] == [f"c{at}" for at in range(9)]
    assert strip["z"] == [[1.0, None]] * 9
    assert gap["name"] == "not analyzed"
    assert "Darker = more detections (0-1 per frame)" in captions(app)


def test_a_class_has_one_color_in_every_job_and_after_a_restart(deployment: Deployment, data_dir: Path) -> None:
    finished_job(deployment, None, {**offsets(1), "m": [entry(box("tube", 0.9))]})
    finished_job(deployment, None, {**offsets(1), "m": [entry(box("envelope", 0.9), box("tube", 0.9))]}, id="job-2")
    (alone,) = chart(open_link(job="job-1"), "job-1-m-None-counts")["data"]
    both = {
        line["name"]: line["line"]["color"] for line in chart(open_link(job="job-2"), "job-2-m-None-counts")["data"]
    }
    assert both["tube"] == alone["line"]["color"] != both["envelope"]
    assert ClassColors(data_dir / "colors.json").of(["a", "tube"])["tube"] == both["tube"]
    (merged,) = chart(open_link(job="job-2", merge="envelope>post,tube>post"), "job-2-m-None-counts")["data"]
    assert ClassColors(data_dir / "colors.json").of(["aa", "ab", "post"])["post"] == merged["line"]["color"]


def test_a_link_opens_its_job(open_page: OpenPage, deployment: Deployment, job: Job) -> None:
    finished_job(deployment, None, id="job-2", created_at=job.created_at + timedelta(hours=1))
    assert open_page("analytics").query_params["job"] == "job-2"
    assert open_link(job="job-1").selectbox[0].value == "job-1"


@pytest.mark.soak
def test_a_link_opens_its_job_among_others_of_the_same_name(deployment: Deployment, job: Job) -> None:
    finished_job(deployment, None, id="job-2", created_at=job.created_at)
    app = open_link(job="job-1")
    for job_id in ("job-1", "job-2", "job-1"):
        app.selectbox[0].set_value(job_id).run()
        assert (app.selectbox[0].value, app.query_params["job"]) == (job_id, job_id)
    assert len(set(app.selectbox[0].options)) == 2


@pytest.mark.soak
def test_another_job_starts_with_its_own_view(open_page: OpenPage, deployment: Deployment, job: Job) -> None:
    finished_job(
        deployment,
        None,
        {**offsets(3), "kitchen": BOXES[:3]},
        id="job-2",
        created_at=job.created_at - timedelta(hours=1),
    )
    app = open_link(job="job-1", model="kitchen", classes=["mug"], frame="4", window=["0.2", "0.8"], merge="cup>mug")
    assert list(totals(app)) == ["mug"]
    app.selectbox[0].set_value("job-2").run()
    assert not app.exception
    assert app.slider(key="window").value == (0.0, 0.4)
    assert "Frame 2 at 0:00.2" in captions(app)
    assert list(totals(app)) == ["cup", "person"]


def test_a_link_opens_the_same_view(job: Job) -> None:
    app = open_link(job="job-1", model="kitchen", confidence="0.7", window=["0.2", "0.8"], frame="1", merge="cup>mug")
    assert app.slider(key="window").value == (0.2, 0.8)
    assert totals(app)["mug"] == [2 / 3, 1, pytest.approx(200 / 3), "0:00.4", "0:00.2", "0:00.8"]
    assert "Frame 2 at 0:00.2 · 1 detection · min. confidence 0.70" in captions(app)
    shown = open_link(job="job-1", model="kitchen", classes=["person"], confidence="0.5")
    assert list(totals(shown)) == ["person"]
    assert open_link(job="job-1", model="empty").selectbox(key="model").value == "empty"


def test_a_link_with_invalid_values_opens_the_page(job: Job) -> None:
    wild = {"window": ["-3", "90"], "frame": "9999", "confidence": "7", "model": "gone", "classes": ["nope"]}
    for params in (wild, {"window": "x", "frame": "-1", "confidence": "x", "merge": ">>,,\\", "section": "none"}):
        app = open_link(job="job-1", **params)
        assert not app.exception
        assert not app.error
        assert "invalid value" in app.warning[0].value
        assert app.slider(key="window").value == (0.0, 0.8)


def test_a_link_of_an_unknown_version_warns_and_opens_the_page(job: Job) -> None:
    app = open_link(job="job-1", version="9", model="kitchen")
    assert not app.exception
    assert "version 9" in app.warning[0].value


def test_a_link_opens_a_job_older_than_the_list_but_not_a_deleted_one(job: Job, deployment: Deployment) -> None:
    for number in range(201):
        deployment.ledger.add(replace(job, id=f"newer-{number}", created_at=job.created_at + timedelta(hours=1)))
    app = open_link(job=job.id)
    assert (app.selectbox[0].value, len(app.warning)) == (job.id, 0)
    delete(deployment.ledger, [job.id], job.created_at, actor=None)
    assert open_link(job=job.id).warning[0].value == "**kitchen.mp4**: this job was deleted."


def test_a_link_to_an_unknown_job_says_so_and_stops(job: Job) -> None:
    app = open_link(job="gone", confidence="0.9")
    assert "does not exist" in app.warning[0].value
    assert not app.selectbox
    assert app.query_params["job"] == "gone"
    app.button(key="open_newest").click().run()
    assert app.selectbox[0].value == job.id
    assert (app.query_params["job"], app.slider(key="confidence").value) == (job.id, DEFAULT_CONFIDENCE)
    assert not app.warning


def test_a_link_to_a_running_job_shows_its_progress_and_opens_it_when_it_is_done(
    job: Job, deployment: Deployment
) -> None:
    waiting = replace(job, id="job-2", status=JobStatus.SUBMITTED, remote_job_id="r2", progress=0.4)
    deployment.ledger.add(waiting)
    app = open_link(job="job-2")
    assert not app.warning
    assert "Its counts and frames open here when it is done." in captions(app)
    assert [bar.proto.text for bar in app.get("progress")] == ["40%"]
    deployment.ledger.transition(waiting, JobStatus.FAILED, failure="No such model.")
    assert open_link(job="job-2").warning[0].value == "**kitchen.mp4**: this job has failed. No such model."


def test_while_the_first_job_runs_the_page_shows_its_progress(open_page: OpenPage, deployment: Deployment) -> None:
    write_job(deployment, JobStatus.SUBMITTED, remote_job_id="r1", progress=0.1)
    app = open_page("analytics")
    assert not app.info
    assert "**dock.mp4** · forklifts/7 · Running" in texts(app).replace("\\", "")


def test_without_any_finished_job_a_link_to_an_unknown_one_says_so(open_page: OpenPage, deployment: Deployment) -> None:
    app = open_link(job="gone")
    assert "does not exist" in app.warning[0].value
    assert not app.button


def test_missing_results_are_a_clear_error(open_page: OpenPage, deployment: Deployment, job: Job) -> None:
    for path in (deployment.settings.results_dir / job.id).iterdir():
        path.unlink()
    app = open_page("analytics")
    assert "results are damaged" in app.error[0].value
    assert not app.exception
