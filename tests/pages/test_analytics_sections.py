"""The tabs of the Analytics page, and its menu of exports."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from frametally.audit.seen import Seen
from frametally.deployment import Deployment
from frametally.ledger.audits.frame_checks import keep_check
from frametally.ledger.tags import add_tags, tags_of
from frametally.storage import space as disk
from tests.support.disks import fill
from tests.support.pages import button, captions, chart, click_chart, dataframe, open_link, pick_range, texts
from tests.support.results_files import BOXES, RESULTS, SIZE, box, entry, finished_job

COMPARISON = "job-1-kitchen-None-comparison"
OTHER = [entry(), entry(box("cup", 0.9)), entry(), entry(box("person", 0.6), box("cup", 0.6)), None]


@pytest.fixture
def app(deployment: Deployment, small_video: Path) -> AppTest:
    finished_job(deployment, small_video, {**RESULTS, "hall": OTHER})
    return open_link(job="job-1", model="kitchen")


def opened(app: AppTest, section: str) -> AppTest:
    app.session_state["section"] = section
    app.run()
    assert not app.exception
    return app


def exports(app: AppTest) -> AppTest:
    """Open the menu of exports."""
    app.session_state["export_menu"] = True
    app.run()
    assert not app.exception
    return app


def test_only_the_open_tab_is_drawn(app: AppTest) -> None:
    assert [tab.label for tab in app.tabs] == ["Moments", "Compare", "Distribution", "Table"]
    assert [bool(tab.children) for tab in app.tabs] == [False, False, False, True]
    opened(app, "Compare")
    assert [bool(tab.children) for tab in app.tabs] == [False, True, False, False]


def test_the_table_has_a_row_for_each_frame(app: AppTest) -> None:
    rows = dataframe(app, "Frame")
    assert rows["Time"].tolist() == ["0:00.0", "0:00.2", "0:00.4", "0:00.6", "0:00.8"]
    assert rows["cup"].fillna(-1).tolist() == [0, 1, -1, 0, 2]  # not analyzed is not zero
    assert "One row for each frame" in captions(app)


def test_the_distribution_marks_the_threshold(app: AppTest) -> None:
    figure = chart(opened(app, "Distribution"), "job-1-kitchen-distribution")
    assert [bar["name"] for bar in figure["data"]] == ["*odd*", "cup", "person"]
    assert figure["layout"]["shapes"][0]["x0"] == app.slider(key="confidence").value


def test_the_bar_names_job_and_facts(app: AppTest, deployment: Deployment) -> None:
    assert " · 4 of 5 frames analyzed · 1 not analyzed (hatched)" in captions(app)
    add_tags(deployment.ledger, ["job-1"], ["site A"], actor=None)
    deployment.ledger.write_notes("job-1", "Camera *moved*", actor=None)
    assert ":gray-badge[site A]  Camera \\*moved\\*" in texts(app.run())


def test_note_and_tags_are_changed_in_the_bar(app: AppTest, deployment: Deployment) -> None:
    assert not app.text_area
    app.session_state["job_notes"] = True
    app.run()
    app.text_area(key="job_note-job-1").set_value(" Night shift ")
    app.multiselect(key="job_tags-job-1").set_value(["dock"])
    app.button(key="job_notes_save").click().run()
    assert not app.exception
    assert deployment.ledger.job("job-1").notes == "Night shift"
    assert tags_of(deployment.ledger, ["job-1"]) == {"job-1": ["dock"]}
    assert "Night shift" in texts(app)


def test_what_was_left_out_of_the_results_is_listed(deployment: Deployment, small_video: Path) -> None:
    odd = {**RESULTS, "kitchen": [entry(box("cup", 0.9, class_id="cup")), *BOXES[1:]]}
    finished_job(deployment, small_video, odd)
    app = open_link(job="job-1", model="kitchen")
    assert [one.label for one in app.expander if "Notes" in one.label] == ["Notes on these results (1)"]
    text = " ".join(one.value for one in app.markdown).replace("\\", "")
    assert "class_id is not a whole number and is ignored (in frame 0 at 0.00 s)" in text


@pytest.mark.soak
def test_a_link_to_the_earlier_tab_of_exports_opens_the_menu(app: AppTest) -> None:
    assert not app.link_button
    app = open_link(job="job-1", section="Export")
    assert [link.label for link in app.link_button] == ["Original results (JSON)"]
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


@pytest.mark.soak
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


def compared(app: AppTest, other: str = "hall") -> AppTest:
    opened(app, "Compare").selectbox(key="compare_with").set_value(other).run()
    assert not app.exception
    return app


def test_two_models_are_compared_in_one_table(app: AppTest) -> None:
    rows = dataframe(compared(app), "Both").set_index("Class")
    assert "**25% agreement** · 3 frames compared, 2 skipped because not both models analyzed them" in texts(app)
    assert list(rows) == [
        *("Mean: kitchen", "Mean: hall", "Peak: kitchen", "Peak: hall"),
        *("Both", "Only kitchen", "Only hall"),
    ]
    assert rows.T.to_dict("list") == {
        "*odd*": [0.0, 0.0, 0, 0, 0, 0, 0],
        "cup": [0.75, 0.5, 2, 1, 1, 0, 1],
        "person": [0.75, 0.25, 2, 1, 0, 1, 1],
    }
    assert "over all frames that it analyzed" in captions(app)
    app.slider(key="window").set_value((0.8, 0.8)).run()
    rows = dataframe(app, "Both").set_index("Class")
    assert rows.loc["cup"].fillna(-1).tolist()[:4] == [2.0, -1.0, 2.0, -1.0]  # not analyzed is not zero


def test_the_difference_of_two_models_is_drawn_per_class(app: AppTest) -> None:
    figure = chart(compared(app), COMPARISON)
    lines = {trace["name"]: trace["y"] for trace in figure["data"]}
    assert lines["cup"] == [0, 0, None, -1, None]
    assert lines["person"] == [0, 1, None, -1, None]
    assert figure["layout"]["yaxis"]["title"]["text"] == "kitchen minus hall"


@pytest.mark.soak
def test_both_models_are_drawn_for_one_class(app: AppTest) -> None:
    compared(app).button_group(key="compare_way").set_value("Both models").run()
    app.selectbox(key="compare_class").set_value("person").run()
    a, b = chart(app, COMPARISON)["data"]
    assert (a["name"], a["line"]["dash"], a["y"]) == ("kitchen", "solid", [0, 1, None, 0, 2])
    assert (b["name"], b["line"]["dash"], b["y"]) == ("hall", "dash", [0, 0, 0, 1, None])


def test_models_without_a_common_frame_are_not_reported_as_agreeing(deployment: Deployment) -> None:
    apart = {"kitchen": [entry(box("cup", 0.9)), None], "hall": [None, entry()]}
    finished_job(deployment, None, {"frame_offset": [0, 2], "time_offset": [0.0, 0.2], **apart})
    app = opened(open_link(job="job-1", model="kitchen"), "Compare")
    assert len(app.success) == 0
    assert "No frame was analyzed by both models." in [info.value for info in app.info]
    assert "0 frames compared, 2 skipped" in texts(app)
    assert dataframe(app, "Peak: hall").set_index("Class").loc["cup"].tolist()[:4] == [1.0, 0.0, 1, 0]


def test_classes_of_the_other_model_have_their_own_colors_in_the_difference(deployment: Deployment) -> None:
    models = {"kitchen": [entry(box("cup", 0.9)), None], "hall": [entry(box("dog", 0.9), box("bird", 0.9)), None]}
    finished_job(deployment, None, {"frame_offset": [0, 2], "time_offset": [0.0, 0.2], **models})
    lines = chart(opened(open_link(job="job-1", model="kitchen"), "Compare"), COMPARISON)["data"]
    known = deployment.class_colors.of(["bird", "cup", "dog"])
    assert {line["name"]: line["line"]["color"] for line in lines} == known
    assert len(set(known.values())) == 3


@pytest.mark.soak
def test_models_that_find_the_same_agree(deployment: Deployment) -> None:
    same = [entry(box("cup", 0.9)), None]
    finished_job(deployment, None, {"frame_offset": [0, 2], "time_offset": [0.0, 0.2], "kitchen": same, "hall": same})
    app = opened(open_link(job="job-1", model="kitchen"), "Compare")
    assert [success.value for success in app.success] == ["The models agree in every frame that both analyzed."]
    assert "100% agreement" in texts(app)


@pytest.mark.soak
def test_a_click_on_the_comparison_shows_the_worst_frame_of_its_point(app: AppTest) -> None:
    click_chart(compared(app), COMPARISON, 0.25)
    assert not app.exception
    assert "Frame 2 at 0:00.2" in captions(app)
    click_chart(app, COMPARISON, 0.45)  # not compared
    assert "Frame 2 at 0:00.2" in captions(app)


@pytest.mark.soak
def test_a_box_over_the_comparison_sets_the_time_range(app: AppTest) -> None:
    pick_range(compared(app), COMPARISON, 0.2, 0.6)
    assert not app.exception
    assert app.slider(key="window").value == (0.2, 0.6)


@pytest.mark.soak
def test_the_second_with_the_most_disagreement_is_one_click_away(app: AppTest) -> None:
    compared(app).button(key="worst_second").click().run()
    assert not app.exception
    assert "Frame 6 at 0:00.6" in captions(app)


@pytest.mark.soak
def test_stepping_by_disagreement(app: AppTest) -> None:
    compared(app).selectbox(key="step_by").set_value("model disagreement").run()
    button(app, "Previous").click().run()
    assert "Frame 6 at 0:00.6" in captions(app)


def test_a_single_model_cannot_be_compared(deployment: Deployment) -> None:
    finished_job(deployment, None, {name: RESULTS[name] for name in ("frame_offset", "time_offset", "kitchen")})
    app = opened(open_link(job="job-1"), "Compare")
    assert "These results have only one model with boxes." in captions(app)


FORMATS = {
    "Counts per frame (CSV)": "counts.csv",
    "Counts per frame (Parquet)": "counts.parquet",
    "Detections (CSV)": "boxes.csv",
    "Detections (Parquet)": "boxes.parquet",
    "Detections (COCO JSON)": "coco.json",
    "Least sure frames (YOLO)": "unsure-yolo.zip",
}


def export(app: AppTest, wanted: str = "Counts per frame (CSV)") -> AppTest:
    return button(exports(app), wanted).click().run()


@pytest.mark.soak
@pytest.mark.parametrize("wanted", FORMATS)
def test_each_table_is_exported_once_and_then_linked(app: AppTest, deployment: Deployment, wanted: str) -> None:
    export(app, wanted)
    assert not app.exception
    (made,) = (deployment.settings.results_dir / "job-1" / "derived").iterdir()
    kind, ending = FORMATS[wanted].split(".")
    assert re.fullmatch(rf"{kind}-[0-9a-f]{{24}}\.{ending}", made.name)
    assert f"Download kitchen.{FORMATS[wanted]}" in [link.label for link in app.link_button]
    assert downloads(app) == [f"kitchen.{FORMATS[wanted]}"]
    app.run()
    assert wanted not in [one.label for one in app.button]
    assert downloads(app) == []  # only the click downloads


def downloads(app: AppTest) -> list[str]:
    """The files whose download the browser starts by itself."""
    protos = [element.proto for element in app.get("bidi_component")]
    return [json.loads(one.json)["name"] for one in protos if one.component_name == "frametally.start_download"]


def test_a_table_follows_the_view_and_is_blank_where_not_analyzed(app: AppTest, deployment: Deployment) -> None:
    app.slider(key="confidence").set_value(0.5).run()
    app.multiselect(key="classes").set_value(["cup", "person"]).run()
    app.slider(key="window").set_value((0.2, 0.8)).run()
    export(app)
    (made,) = (deployment.settings.results_dir / "job-1" / "derived").iterdir()
    with made.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file)) == [
            ["frame_index", "time_s", "cup", "person"],
            ["2", "0.2", "1", "1"],
            ["4", "0.4", "", ""],
            ["6", "0.6", "0", "0"],
            ["8", "0.8", "1", "2"],
        ]


@pytest.mark.soak
@pytest.mark.parametrize("wanted", FORMATS)
def test_a_full_disk_is_reported_and_leaves_no_file(
    app: AppTest, deployment: Deployment, small_disk: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    (deployment.settings.results_dir / "job-1" / "derived").symlink_to(small_disk)
    export(app, wanted)  # 8 MiB is below the reserve
    assert ["disk has no room for" in error.value for error in app.error] == [True]
    monkeypatch.setattr(disk, "DISK_RESERVE_BYTES", -(2**40))
    filler = fill(small_disk)
    button(app, wanted).click().run()
    assert ["disk has no room for" in error.value for error in app.error] == [True]
    assert list(small_disk.iterdir()) == [filler]
    filler.unlink()
    button(app, wanted).click().run()
    assert not app.error
    assert not app.exception


@pytest.mark.soak
def test_another_view_is_exported_again(app: AppTest) -> None:
    export(app)
    app.slider(key="confidence").set_value(0.5).run()
    assert button(app, "Counts per frame (CSV)")


def test_frames_are_exported_for_labeling(app: AppTest, deployment: Deployment) -> None:
    assert "Frames that you check in the tab *Audit*" in captions(exports(app))
    app.number_input(key="least_sure").set_value(2).run()
    export(app, "Least sure frames (COCO)")
    assert downloads(app) == ["kitchen.unsure-coco.zip"]
    (made,) = (deployment.settings.results_dir / "job-1" / "derived").iterdir()
    with zipfile.ZipFile(made) as archive:
        assert len([name for name in archive.namelist() if name.endswith(".jpg")]) == 2
    seen = Seen((("*odd*",), ("cup",), ("person",)))
    keep_check(deployment.ledger, str(deployment.ledger.job("job-1").video_sha256), 0, seen.to_json(), actor=None)
    assert button(app.run(), "Checked frames (YOLO)")


def test_an_annotated_video_is_offered_where_a_copy_was_kept(app: AppTest, deployment: Deployment) -> None:
    assert button(exports(app), "Annotated video")


def test_without_a_copy_no_annotated_video_is_offered(deployment: Deployment) -> None:
    finished_job(deployment, None)
    app = exports(open_link(job="job-1"))
    assert "No copy of this video was kept, so it cannot be annotated." in captions(app)


def test_results_without_boxes_offer_no_tables(deployment: Deployment) -> None:
    label = {"image": SIZE, "predictions": [{"class": "cat", "class_id": 0, "confidence": 0.7}]}
    finished_job(deployment, None, {**RESULTS, "kitchen": [label for _ in BOXES]})
    app = exports(open_link(job="job-1"))
    assert [link.label for link in app.link_button] == ["Original results (JSON)"]
    assert not any(one.label.startswith("Counts") for one in app.button)
