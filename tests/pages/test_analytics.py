"""The Analytics page: counts, totals and frames of a finished job."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components.session import job_results
from tests.pages.conftest import OpenPage, button
from video_inference.analysis.counts import count, to_csv
from video_inference.jobs import Job, JobStatus, ModelChoice
from video_inference.results import ARCHIVE_NAME, archive
from video_inference.workbench import Workbench

SIZE = {"width": 320, "height": 240}


def box(name: str, confidence: float) -> dict[str, Any]:
    shape = {"x": 60.0, "y": 60.0, "width": 40.0, "height": 40.0}
    return {**shape, "confidence": confidence, "class": name, "class_id": 0}


def entry(*boxes: dict[str, Any]) -> dict[str, Any]:
    return {"time": 0.07, "image": SIZE, "predictions": list(boxes)}


BOXES = [
    entry(),
    entry(box("cup", 0.9), box("person", 0.6)),
    None,
    entry(),
    entry(box("cup", 0.3), box("cup", 0.8), box("person", 0.6), box("person", 0.6), box("*odd*", 0.1)),
]
RESULTS = {
    "frame_offset": [0, 2, 4, 6, 8],
    "time_offset": [0.0, 0.2, 0.4, 0.6, 0.8],
    "kitchen": BOXES,
    "empty": [entry() for _ in BOXES],
    "oracle": [{"foretells": at} for at, _ in enumerate(BOXES)],
}


def finished_job(bench: Workbench, video: Path | None, found: dict[str, Any] | None = None, **values: Any) -> Job:
    """A job whose results have been archived as the workflow does it."""
    now = datetime.now(UTC)
    known = {"id": "job-1", "created_at": now, "next_check_at": now, "video_url": "https://example.com/kitchen.mp4"}
    job = Job(
        **{**known, **values},
        status=JobStatus.SUCCEEDED,
        service="https://api.example.com",
        key_id="0123",
        video_name="kitchen.mp4",
        video_sha256=bench.media.add(video).sha256 if video else None,
        models=(ModelChoice(model_id="kitchen", version="1"),),
        infer_fps=5.0,
    )
    plain = bench.settings.data_dir / "results.json"
    plain.write_text(json.dumps(RESULTS if found is None else found))
    bench.settings.results_dir.mkdir(exist_ok=True)
    archive(plain, bench.settings.results_dir / job.id)
    plain.unlink()
    bench.store.add(job)
    return job


def totals(app: AppTest) -> dict[str, list[Any]]:
    return dict(app.dataframe[0].value.set_index("Class").T.to_dict("list"))


def boxes_in_view(app: AppTest) -> Any:
    return next(table.value["Class"] for table in app.dataframe if "x min" in table.value)


def captions(app: AppTest) -> str:
    return "\n".join(element.value for element in app.caption)


@pytest.fixture
def job(bench: Workbench, small_video: Path) -> Job:
    return finished_job(bench, small_video)


def test_without_a_finished_job_the_page_leads_to_the_first_one(open_page: OpenPage) -> None:
    app = open_page("analytics")
    assert app.info[0].value == "No finished job yet: its counts and frames will be here."
    assert [link.label for link in app.page_link] == ["Run a video"]


def test_totals_leave_out_what_was_not_analysed(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    assert "5 frames planned · 4 analysed · 1 not analysed (null: hatched, not zero)" in captions(app)
    assert totals(app)["cup"] == [0.75, 2, 50.0, "0:00.4", "0:00.2", "0:00.8"]
    assert totals(app)["person"] == [0.75, 2, 50.0, "0:00.4", "0:00.2", "0:00.8"]


def test_what_cannot_be_charted_is_named(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    assert app.info[0].value == "oracle: kept as JSON, of a kind that is not charted."


def test_a_threshold_changes_the_counts_and_not_the_results(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    app.slider(key="confidence").set_value(0.7).run()
    assert totals(app)["cup"] == [0.5, 1, 50.0, "0:00.4", "0:00.2", "0:00.8"]
    assert totals(app)["person"][:3] == [0.0, 0, 0.0]
    app.slider(key="confidence").set_value(0.0).run()
    assert totals(app)["*odd*"][1] == 1


def test_a_class_that_is_taken_out_is_neither_counted_nor_drawn(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    app.multiselect(key="classes").set_value(["person"]).run()
    assert list(totals(app)) == ["person"]
    assert boxes_in_view(app).tolist() == ["person", "person"]
    app.multiselect(key="classes").set_value([]).run()
    assert list(totals(app)) == ["*odd*", "cup", "person"]


def test_another_model_has_counts_of_its_own(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    app.selectbox(key="model").set_value("empty").run()
    assert "5 frames planned · 5 analysed" in captions(app)
    assert not app.exception


def test_the_busiest_frame_is_shown_first(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    assert "Frame 8 at 0:00.8 · 4 detections at confidence ≥ 0.25" in captions(app)
    assert boxes_in_view(app).tolist().count("cup") == 2


def test_one_steps_through_the_frames(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    app.slider(key="frame").set_value(0).run()
    assert button(app, "Previous").disabled
    app.selectbox(key="step_by").set_value("any detection").run()
    button(app, "Next").click().run()
    assert "Frame 2 at 0:00.2 · 2 detections" in captions(app)
    button(app, "Next").click().run()
    assert "Frame 8 at" in captions(app)
    assert button(app, "Next").disabled
    app.selectbox(key="step_by").set_value("frame").run()
    button(app, "Previous").click().run()
    button(app, "Previous").click().run()
    assert app.warning[0].value == "This frame was not analysed (null in the results)."


@pytest.mark.parametrize(("way", "frame"), [("*odd*", 8), ("peak, first and last seen", 2)])
def test_one_steps_by_class_and_by_peak(open_page: OpenPage, job: Job, way: str, frame: int) -> None:
    app = open_page("analytics")
    app.slider(key="confidence").set_value(0.0)
    app.slider(key="frame").set_value(0).run()
    app.selectbox(key="step_by").set_value(way).run()
    button(app, "Next").click().run()
    assert f"Frame {frame} at" in captions(app)


def pick(app: AppTest, **selection: Any) -> None:
    """Hand the page what the browser says of a click or a drawn box."""
    event = {"points": [], "point_indices": [], "box": [], "lasso": [], **selection}
    app.session_state["job-1-kitchen-None-counts"] = {"selection": event}
    app.run()


def test_a_click_into_the_chart_shows_that_frame(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    pick(app, points=[{"customdata": 1}])
    assert "Frame 2 at 0:00.2" in captions(app)


def test_a_box_drawn_in_the_chart_becomes_the_window_and_can_be_undone(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    pick(app, box=[{"x": [0.55, 0.8], "y": [0, 1]}])
    assert app.slider(key="window").value == (0.55, 0.8)
    assert "2 frames planned · 2 analysed" in captions(app)
    button(app, "Whole video").click().run()
    assert "5 frames planned" in captions(app)


def test_merged_classes_are_counted_as_one(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    app.session_state["merge"] = "cup>thing,person>thing"
    app.run()
    assert totals(app)["thing"][:3] == [1.5, 4, 50.0]
    assert boxes_in_view(app).tolist() == ["thing"] * 4


def test_the_raw_entry_is_what_came(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    app.toggle(key="raw_entry").set_value(True).run()
    assert json.loads(app.code[0].value)["oracle"] == {"foretells": 4}


def test_moments_are_shown_with_their_reasons(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    app.session_state["section"] = "Moments"
    app.run()
    assert "0:00.8 · peak of cup\\: 2; cup last seen; peak of person\\: 2; person last seen" in captions(app)


def test_models_are_compared(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    app.session_state["section"] = "Compare models"
    app.run()
    assert "4 frames compared, 1 left out" in captions(app)
    compared = next(table.value for table in app.dataframe if "Both" in table.value).set_index("Class")
    assert compared.loc["cup"].tolist() == [0, 3, 0]


def test_a_table_of_the_view_is_prepared_once(open_page: OpenPage, bench: Workbench, job: Job) -> None:
    app = open_page("analytics")
    app.session_state["section"] = "Take it away"
    app.run()
    button(app, "Prepare").click().run()
    (path,) = (bench.settings.exports_dir / "tables").iterdir()
    lines = path.read_text().splitlines()
    assert lines[0].replace('"', "") == "frame_index,time_s,*odd*,cup,person"
    assert lines[3].startswith("4,0.4,,")
    assert [link.label for link in app.link_button] == ["Download kitchen.counts.csv", "Results (JSON)"]
    assert not any(one.label == "Prepare" for one in app.button)


KINDS = {
    "classification": {
        "top": "a",
        "confidence": 0.9,
        "predictions": [{"class": "a", "class_id": 0, "confidence": 0.9}],
    },
    "multi-label": {"predictions": {"a": {"confidence": 0.7}}, "predicted_classes": ["a"]},
    "clip": {"embeddings": [[0.1, 0.2, 0.3]]},
    "polygons": entry({**box("cup", 0.9), "points": [{"x": 40, "y": 40}, {"x": 80, "y": 40}, {"x": 60, "y": 80}]}),
    "keypoints": entry(
        {**box("person", 0.9), "keypoints": [{"x": 50, "y": 50, "confidence": 0.8, "class_id": 0, "class": "nose"}]}
    ),
    "gaze": {
        "predictions": [{"face": {**box("face", 0.9), "landmarks": [{"x": 1, "y": 2}]}, "yaw": 0.1, "pitch": -0.2}]
    },
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_results_of_every_kind_open(open_page: OpenPage, bench: Workbench, small_video: Path, kind: str) -> None:
    finished_job(bench, small_video, {"frame_offset": [0, 2], "time_offset": [0.0, 0.2], "model": [KINDS[kind], None]})
    app = open_page("analytics")
    assert [*app.exception, *app.error] == []
    assert "2 frames planned · 1 analysed · 1 not analysed" in captions(app)
    assert len(app.image) == 1


def test_the_frame_is_shown_with_its_boxes(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    assert len(app.image) == 1


def test_a_job_whose_video_only_the_service_has_still_shows_its_boxes(open_page: OpenPage, bench: Workbench) -> None:
    finished_job(bench, None)
    app = open_page("analytics")
    assert "There is no copy of this video here, so its frames cannot be shown." in [info.value for info in app.info]
    assert boxes_in_view(app).tolist().count("cup") == 2


def test_a_frame_behind_the_end_of_the_file_is_said_to_be_missing(
    open_page: OpenPage, bench: Workbench, small_video: Path
) -> None:
    far = {**RESULTS, "frame_offset": [0, 2, 4, 6, 4000]}
    finished_job(bench, small_video, far)
    app = open_page("analytics")
    assert any("This frame cannot be decoded" in info.value for info in app.info)


def test_results_without_boxes_leave_the_download(open_page: OpenPage, bench: Workbench) -> None:
    nothing = {name: RESULTS[name] for name in ("frame_offset", "time_offset", "oracle")}
    finished_job(bench, None, nothing)
    app = open_page("analytics")
    assert app.info[-1].value == "These results hold no frame that can be charted."
    assert [link.label for link in app.link_button] == ["Results (JSON)"]


def test_results_with_no_entry_at_all_are_no_error(open_page: OpenPage, bench: Workbench) -> None:
    finished_job(bench, None, {"frame_offset": [], "time_offset": [], "kitchen": []})
    app = open_page("analytics")
    assert not app.exception
    assert not app.error


def test_a_job_with_one_frame_has_no_slider_to_break(open_page: OpenPage, bench: Workbench, small_video: Path) -> None:
    finished_job(bench, small_video, {"frame_offset": [0], "time_offset": [0.0], "kitchen": [entry(box("cup", 0.9))]})
    app = open_page("analytics")
    assert not app.exception
    assert "Frame 0 at 0:00.0 · 1 detection at" in captions(app)


def test_the_counts_as_shown_can_be_taken_away(open_page: OpenPage, job: Job) -> None:
    open_page("analytics")
    lines = to_csv(count(job_results(job.id), "kitchen", 0.25)).splitlines()
    assert lines[0] == 'frame_offset,time_s,"*odd*","cup","person"'
    assert lines[2:4] == ["2,0.2000,0,1,1", "4,0.4000,,,"]


def test_a_link_opens_its_job(open_page: OpenPage, bench: Workbench, job: Job) -> None:
    finished_job(bench, None, id="job-2", created_at=job.created_at + timedelta(hours=1))
    app = open_page("analytics")
    assert app.query_params["job"] == "job-2"
    app.query_params["job"] = "job-1"
    app.run()
    assert app.selectbox[0].value == "job-1"


def test_a_link_to_an_unknown_job_says_so_and_shows_the_newest(open_page: OpenPage, job: Job) -> None:
    app = open_page("analytics")
    app.query_params["job"] = "gone"
    app.run()
    assert app.warning[0].value == "The job of this link is not finished, or is not here. Showing the newest."
    assert app.query_params["job"] == "job-1"


def test_results_that_are_gone_are_a_clear_error(open_page: OpenPage, bench: Workbench, job: Job) -> None:
    for name in ("notes.json", ARCHIVE_NAME):
        (bench.settings.results_dir / job.id / name).unlink()
    app = open_page("analytics")
    assert app.error[0].value.startswith("**The archived results cannot be read.**")
    assert not app.exception
