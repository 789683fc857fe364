"""The tabs of the Analytics page: moments, comparison of two models, export."""

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


def test_only_the_open_tab_is_drawn(app: AppTest) -> None:
    assert len(app.link_button) == 0
    assert [link.label for link in opened(app, "Export").link_button] == ["Results (JSON)"]


def test_what_was_left_out_of_the_results_is_listed(deployment: Deployment, small_video: Path) -> None:
    odd = {**RESULTS, "kitchen": [entry(box("cup", 0.9, class_id="cup")), *BOXES[1:]]}
    finished_job(deployment, small_video, odd)
    app = open_link(job="job-1", model="kitchen")
    assert [one.label for one in app.expander if "Notes" in one.label] == ["Notes on these results (1)"]
    text = " ".join(one.value for one in app.markdown).replace("\\", "")
    assert "class_id is not a whole number and is ignored (in frame 0 at 0.00 s)" in text


def test_a_link_to_a_renamed_tab_opens_none(app: AppTest) -> None:
    assert open_link(job="job-1", section="Export").link_button
    renamed = open_link(job="job-1", section="Take it away")
    assert not renamed.exception
    assert not renamed.link_button


def test_a_moment_leads_to_its_frame(app: AppTest) -> None:
    opened(app, "Moments")
    assert "First cup, first person · 0:00.2" in captions(app).replace("\\", "")
    assert "Peak of cup: 2" in captions(app).replace("\\", "")
    assert len(app.image) == 3  # two moments and the current frame
    app.button(key="gallery-1").click().run()
    assert not app.exception
    assert "Frame 2 at 0:00.2" in captions(app)


def test_moments_can_be_shown_at_an_interval(app: AppTest) -> None:
    opened(app, "Moments")
    app.button_group(key="gallery_way").set_value("Every N seconds").run()
    app.number_input(key="gallery_every").set_value(0.4).run()
    assert not app.exception
    assert [text.split(" · ")[1] for text in captions(app).splitlines() if text.startswith("Every")] == [
        "0:00.0",
        "0:00.6",
        "0:00.8",
    ]


def test_without_moments_the_gallery_shows_a_notice(app: AppTest) -> None:
    app.slider(key="confidence").set_value(1.0).run()
    assert "No moments match" in captions(opened(app, "Moments"))


def test_two_models_are_compared_frame_by_frame(app: AppTest) -> None:
    opened(app, "Compare models")
    app.selectbox(key="compare_with").set_value("hall").run()
    assert "3 frames compared, 2 skipped" in captions(app)
    rows = dataframe(app, "Both").set_index("Class").T.to_dict("list")
    assert rows == {"*odd*": [0, 0, 0], "cup": [1, 0, 1], "person": [0, 1, 1]}
    seconds = dataframe(app, "Disagreement")
    assert seconds["Disagreement"].tolist() == [1.0]
    assert seconds["Frames"].tolist() == [3]


def test_the_counts_of_two_models_are_shown_side_by_side(app: AppTest) -> None:
    opened(app, "Compare models")
    app.selectbox(key="compare_with").set_value("hall").run()
    rows = dataframe(app, "Peak: hall").set_index("Class")
    assert list(rows) == ["Mean: kitchen", "Mean: hall", "Peak: kitchen", "Peak: hall"]
    assert rows.T.to_dict("list") == {
        "*odd*": [0.0, 0.0, 0, 0],
        "cup": [0.75, 0.5, 2, 1],
        "person": [0.75, 0.25, 2, 1],
    }
    assert "Each model over all frames that it analyzed" in captions(app)
    app.slider(key="window").set_value((0.8, 0.8)).run()
    rows = dataframe(app, "Peak: hall").set_index("Class")
    assert rows.loc["cup"].fillna(-1).tolist() == [2.0, -1.0, 2.0, -1.0]  # not analyzed is not zero


def test_models_without_a_common_frame_are_not_reported_as_agreeing(deployment: Deployment) -> None:
    apart = {"kitchen": [entry(box("cup", 0.9)), None], "hall": [None, entry()]}
    finished_job(deployment, None, {"frame_offset": [0, 2], "time_offset": [0.0, 0.2], **apart})
    app = opened(open_link(job="job-1", model="kitchen"), "Compare models")
    assert len(app.success) == 0
    assert "No frame was analyzed by both models." in [info.value for info in app.info]
    assert "0 frames compared, 2 skipped" in captions(app)
    assert dataframe(app, "Peak: hall").set_index("Class").loc["cup"].tolist() == [1.0, 0.0, 1, 0]


def test_models_that_find_the_same_agree(deployment: Deployment) -> None:
    same = [entry(box("cup", 0.9)), None]
    finished_job(deployment, None, {"frame_offset": [0, 2], "time_offset": [0.0, 0.2], "kitchen": same, "hall": same})
    app = opened(open_link(job="job-1", model="kitchen"), "Compare models")
    assert [success.value for success in app.success] == ["The models agree in every frame that both analyzed."]


def test_a_second_with_disagreement_leads_to_its_worst_frame(app: AppTest) -> None:
    opened(app, "Compare models")
    app.selectbox(key="compare_with").set_value("hall").run()
    app.session_state["disagreeing_seconds"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert "Frame 6 at 0:00.6" in captions(app)


def test_stepping_by_disagreement(app: AppTest) -> None:
    opened(app, "Compare models")
    app.selectbox(key="compare_with").set_value("hall").run()
    app.selectbox(key="step_by").set_value("model disagreement").run()
    button(app, "Previous").click().run()
    assert "Frame 6 at 0:00.6" in captions(app)


def test_a_single_model_cannot_be_compared(deployment: Deployment) -> None:
    finished_job(deployment, None, {name: RESULTS[name] for name in ("frame_offset", "time_offset", "kitchen")})
    app = opened(open_link(job="job-1"), "Compare models")
    assert "These results have only one model with boxes." in captions(app)


FORMATS = {
    "Counts per frame (CSV)": "counts.csv",
    "Counts per frame (Parquet)": "counts.parquet",
    "Boxes (CSV)": "boxes.csv",
    "Boxes (Parquet)": "boxes.parquet",
    "Boxes (COCO JSON)": "coco.json",
}


@pytest.mark.parametrize("wanted", FORMATS)
def test_each_table_is_exported_once_and_then_linked(app: AppTest, deployment: Deployment, wanted: str) -> None:
    opened(app, "Export")
    app.selectbox(key="table_format").set_value(wanted).run()
    app.button(key="export_table").click().run()
    assert not app.exception
    (made,) = (deployment.settings.results_dir / "job-1" / "derived").iterdir()
    kind, ending = FORMATS[wanted].split(".")
    assert re.fullmatch(rf"{kind}-[0-9a-f]{{24}}\.{ending}", made.name)
    assert f"Download kitchen.{FORMATS[wanted]}" in [link.label for link in app.link_button]
    app.run()
    assert "Export" not in [one.label for one in app.button]


def test_a_table_follows_the_view_and_is_blank_where_not_analyzed(app: AppTest, deployment: Deployment) -> None:
    app.slider(key="confidence").set_value(0.5).run()
    app.multiselect(key="classes").set_value(["cup", "person"]).run()
    app.slider(key="window").set_value((0.2, 0.8)).run()
    opened(app, "Export").button(key="export_table").click().run()
    (made,) = (deployment.settings.results_dir / "job-1" / "derived").iterdir()
    with made.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            ["frame_index", "time_s", "cup", "person"],
            ["2", "0.2", "1", "1"],
            ["4", "0.4", "", ""],
            ["6", "0.6", "0", "0"],
            ["8", "0.8", "1", "2"],
        ]


@pytest.mark.parametrize("wanted", FORMATS)
def test_a_full_disk_is_reported_and_leaves_no_file(
    app: AppTest, deployment: Deployment, small_disk: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    (deployment.settings.results_dir / "job-1" / "derived").symlink_to(small_disk)
    opened(app, "Export").selectbox(key="table_format").set_value(wanted).run()
    app.button(key="export_table").click().run()  # 8 MiB is below the reserve
    assert ["disk has no room for" in error.value for error in app.error] == [True]
    monkeypatch.setattr(disk, "DISK_RESERVE_BYTES", -(2**40))
    filler = fill(small_disk)
    app.button(key="export_table").click().run()
    assert ["disk has no room for" in error.value for error in app.error] == [True]
    assert list(small_disk.iterdir()) == [filler]
    filler.unlink()
    app.button(key="export_table").click().run()
    assert not app.error
    assert not app.exception


def test_another_view_is_exported_again(app: AppTest) -> None:
    opened(app, "Export").button(key="export_table").click().run()
    app.slider(key="confidence").set_value(0.5).run()
    assert app.button(key="export_table")


def test_an_annotated_video_is_offered_where_a_copy_was_kept(app: AppTest, deployment: Deployment) -> None:
    assert button(opened(app, "Export"), "Render video")


def test_without_a_copy_no_annotated_video_is_offered(deployment: Deployment) -> None:
    finished_job(deployment, None)
    app = opened(open_link(job="job-1"), "Export")
    assert "No copy of this video was kept, so it cannot be annotated." in captions(app)


def test_results_without_boxes_offer_no_tables(deployment: Deployment) -> None:
    label = {"image": SIZE, "predictions": [{"class": "cat", "class_id": 0, "confidence": 0.7}]}
    finished_job(deployment, None, {**RESULTS, "kitchen": [label for _ in BOXES]})
    app = opened(open_link(job="job-1"), "Export")
    assert [link.label for link in app.link_button] == ["Results (JSON)"]
    assert "Export" not in [one.label for one in app.button]
