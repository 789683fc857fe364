"""What stands below the charts of the Analytics page: moments, two models compared, what can be taken away."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from frametally.deployment import Deployment
from frametally.storage import space as disk
from tests.support.disks import fill
from tests.support.pages import button, captions, dataframe, open_link
from tests.support.results_files import BOXES, RESULTS, SIZE, box, entry, finished_job

OTHER = [entry(), entry(box("cup", 0.9)), entry(), entry(box("person", 0.6), box("cup", 0.6)), None]


@pytest.fixture
def app(deployment: Deployment, small_video: Path) -> AppTest:
    finished_job(deployment, small_video, {**RESULTS, "hall": OTHER})
    return open_link(job="job-1", model="kitchen")


def opened(app: AppTest, section: str) -> AppTest:
    app.button_group(key="section").set_value(section).run()
    assert not app.exception
    return app


def test_only_the_section_that_is_open_is_there(app: AppTest) -> None:
    assert len(app.link_button) == 0
    assert [link.label for link in opened(app, "Take it away").link_button] == ["Results (JSON)"]


def test_the_moments_lead_to_their_frames(app: AppTest) -> None:
    opened(app, "Moments")
    assert "First cup, first person · 0:00.2" in captions(app).replace("\\", "")
    assert "Peak of cup: 2" in captions(app).replace("\\", "")
    assert len(app.image) == 3  # two moments, and the frame in view
    app.button(key="gallery-1").click().run()
    assert not app.exception
    assert "Frame 2 at 0:00.2" in captions(app)


def test_moments_come_every_so_many_seconds(app: AppTest) -> None:
    opened(app, "Moments")
    app.button_group(key="gallery_way").set_value("Every n seconds").run()
    app.number_input(key="gallery_every").set_value(0.4).run()
    assert not app.exception
    assert [text.split(" · ")[1] for text in captions(app).splitlines() if text.startswith("Every")] == [
        "0:00.0",
        "0:00.6",
        "0:00.8",
    ]


def test_without_a_moment_the_gallery_says_why(app: AppTest) -> None:
    app.slider(key="confidence").set_value(1.0).run()
    assert "No such moment with these classes" in captions(opened(app, "Moments"))


def test_two_models_are_compared_frame_by_frame(app: AppTest) -> None:
    opened(app, "Compare models")
    app.selectbox(key="compare_with").set_value("hall").run()
    assert "3 frames compared, 2 left out because a model did not analyze them (null)" in captions(app)
    rows = dataframe(app, "Both").set_index("Class").T.to_dict("list")
    assert rows == {"*odd*": [0, 0, 0], "cup": [1, 0, 1], "person": [0, 1, 1]}
    seconds = dataframe(app, "Disagreement")
    assert seconds["Disagreement"].tolist() == [1.0]
    assert seconds["Frames"].tolist() == [3]


def test_the_counts_of_two_models_stand_side_by_side(app: AppTest) -> None:
    opened(app, "Compare models")
    app.selectbox(key="compare_with").set_value("hall").run()
    rows = dataframe(app, "Peak: hall").set_index("Class")
    assert list(rows) == ["Mean: kitchen", "Mean: hall", "Peak: kitchen", "Peak: hall"]
    assert rows.T.to_dict("list") == {
        "*odd*": [0.0, 0.0, 0, 0],
        "cup": [0.75, 0.5, 2, 1],
        "person": [0.75, 0.25, 2, 1],
    }
    assert "Each model over the frames that it analyzed itself" in captions(app)
    app.slider(key="window").set_value((0.8, 0.8)).run()
    rows = dataframe(app, "Peak: hall").set_index("Class")
    assert rows.loc["cup"].fillna(-1).tolist() == [2.0, -1.0, 2.0, -1.0]  # not analyzed is not zero


def test_models_that_share_no_analyzed_frame_are_not_said_to_agree(deployment: Deployment) -> None:
    apart = {"kitchen": [entry(box("cup", 0.9)), None], "hall": [None, entry()]}
    finished_job(deployment, None, {"frame_offset": [0, 2], "time_offset": [0.0, 0.2], **apart})
    app = opened(open_link(job="job-1", model="kitchen"), "Compare models")
    assert len(app.success) == 0
    assert "No frame was analyzed by both models: there is nothing to compare." in [info.value for info in app.info]
    assert "0 frames compared, 2 left out" in captions(app)
    assert dataframe(app, "Peak: hall").set_index("Class").loc["cup"].tolist() == [1.0, 0.0, 1, 0]


def test_models_that_find_the_same_agree(deployment: Deployment) -> None:
    same = [entry(box("cup", 0.9)), None]
    finished_job(deployment, None, {"frame_offset": [0, 2], "time_offset": [0.0, 0.2], "kitchen": same, "hall": same})
    app = opened(open_link(job="job-1", model="kitchen"), "Compare models")
    assert [success.value for success in app.success] == ["The models agree in every frame that both analyzed."]


def test_a_second_of_disagreement_leads_to_its_worst_frame(app: AppTest) -> None:
    opened(app, "Compare models")
    app.selectbox(key="compare_with").set_value("hall").run()
    app.session_state["disagreeing_seconds"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert "Frame 6 at 0:00.6" in captions(app)


def test_one_steps_from_disagreement_to_disagreement(app: AppTest) -> None:
    opened(app, "Compare models")
    app.selectbox(key="compare_with").set_value("hall").run()
    app.selectbox(key="step_by").set_value("disagreement of the models").run()
    button(app, "Previous").click().run()
    assert "Frame 6 at 0:00.6" in captions(app)


def test_one_model_alone_is_not_compared(deployment: Deployment) -> None:
    finished_job(deployment, None, {name: RESULTS[name] for name in ("frame_offset", "time_offset", "kitchen")})
    app = opened(open_link(job="job-1"), "Compare models")
    assert "There is one model with boxes in these results: nothing to compare." in captions(app)


FORMATS = {
    "Counts per frame (CSV)": "counts.csv",
    "Counts per frame (Parquet)": "counts.parquet",
    "Boxes (CSV)": "boxes.csv",
    "Boxes (Parquet)": "boxes.parquet",
    "Boxes (COCO JSON)": "coco.json",
}


@pytest.mark.parametrize("wanted", FORMATS)
def test_each_table_is_prepared_once_and_then_a_link(app: AppTest, deployment: Deployment, wanted: str) -> None:
    opened(app, "Take it away")
    app.selectbox(key="table_format").set_value(wanted).run()
    button(app, "Export").click().run()
    assert not app.exception
    (made,) = (deployment.settings.results_dir / "job-1" / "derived").iterdir()
    kind, ending = FORMATS[wanted].split(".")
    assert re.fullmatch(rf"{kind}-[0-9a-f]{{24}}\.{ending}", made.name)
    assert f"Download kitchen.{FORMATS[wanted]}" in [link.label for link in app.link_button]
    app.run()
    assert "Export" not in [one.label for one in app.button]


def test_a_table_is_of_the_view_and_empty_where_not_analyzed(app: AppTest, deployment: Deployment) -> None:
    app.slider(key="confidence").set_value(0.5).run()
    app.multiselect(key="classes").set_value(["cup", "person"]).run()
    app.slider(key="window").set_value((0.2, 0.8)).run()
    button(opened(app, "Take it away"), "Export").click().run()
    (made,) = (deployment.settings.results_dir / "job-1" / "derived").iterdir()
    with made.open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["frame_index", "time_s", "cup", "person"],
            ["2", "0.2", "1", "1"],
            ["4", "0.4", "", ""],
            ["6", "0.6", "0", "0"],
            ["8", "0.8", "1", "2"],
        ]


@pytest.mark.parametrize("wanted", FORMATS)
def test_a_disk_without_room_for_a_table_is_named_and_nothing_is_left(
    app: AppTest, deployment: Deployment, small_disk: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    (deployment.settings.results_dir / "job-1" / "derived").symlink_to(small_disk)
    opened(app, "Take it away").selectbox(key="table_format").set_value(wanted).run()
    said = "**The server's disk has no room for this table.**  \nFree some disk space, then try again."
    button(app, "Export").click().run()  # 8 MiB is below the reserve
    assert [error.value for error in app.error] == [said]
    monkeypatch.setattr(disk, "DISK_RESERVE_BYTES", -(2**40))
    filler = fill(small_disk)
    button(app, "Export").click().run()
    assert [error.value for error in app.error] == [said]
    assert list(small_disk.iterdir()) == [filler]
    filler.unlink()
    button(app, "Export").click().run()
    assert not app.error
    assert not app.exception


def test_another_view_is_another_table(app: AppTest) -> None:
    button(opened(app, "Take it away"), "Export").click().run()
    app.slider(key="confidence").set_value(0.5).run()
    assert button(app, "Export")


def test_a_video_is_offered_where_there_is_one(app: AppTest, deployment: Deployment) -> None:
    assert button(opened(app, "Take it away"), "Make the video")


def test_without_a_video_there_is_none_to_draw_on(deployment: Deployment) -> None:
    finished_job(deployment, None)
    app = opened(open_link(job="job-1"), "Take it away")
    assert "There is no copy of this video here, so it cannot be drawn on." in captions(app)


def test_results_without_boxes_have_no_tables_of_them(deployment: Deployment) -> None:
    label = {"image": SIZE, "predictions": [{"class": "cat", "class_id": 0, "confidence": 0.7}]}
    finished_job(deployment, None, {**RESULTS, "kitchen": [label for _ in BOXES]})
    app = opened(open_link(job="job-1"), "Take it away")
    assert [link.label for link in app.link_button] == ["Results (JSON)"]
    assert "Export" not in [one.label for one in app.button]
