"""The Analytics page with the player: what it passes to the browser, and what it takes over from it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from components.analytics.chart_and_frame import WITHOUT_ROUTES
from components.session import announce_routes
from frametally.deployment import Deployment
from frametally.job import Job
from tests.support.packed import unpacked
from tests.support.pages import captions, click_chart, dataframe, open_link
from tests.support.results_files import box, entry, finished_job, offsets

STATE = {
    "seq": 0,
    "command": 0,
    "entry": 4,
    "confidence": 0.25,
    "classes": None,
    "window": None,
    "chart": "",
    "bucket_s": None,
    "clock": False,
    "start": "",
}


@pytest.fixture
def job(deployment: Deployment, small_video: Path) -> Job:
    announce_routes()
    return finished_job(deployment, small_video)


def player_data(app: AppTest) -> dict[str, Any]:
    """What the page passes to the player."""
    assert not app.exception
    protos = [element.proto for element in app.get("bidi_component")]
    return dict(json.loads(next(proto.json for proto in protos if proto.component_name == "frametally.player")))


def codes_of(figure: dict[str, Any]) -> list[int]:
    return [trace["meta"]["code"] for trace in figure["data"] if trace["type"] == "scatter" and "meta" in trace]


def test_without_our_routes_the_page_shows_chart_and_frame_and_says_why(
    deployment: Deployment, small_video: Path
) -> None:
    finished_job(deployment, small_video)
    app = open_link(job="job-1")
    assert WITHOUT_ROUTES in [caption.value for caption in app.caption]
    assert app.get("plotly_chart")
    assert "Frame 8 at 0:00.8" in captions(app)
    assert not app.get("bidi_component") or all(
        element.proto.component_name != "frametally.player" for element in app.get("bidi_component")
    )


def test_the_player_gets_classes_with_colors_figure_and_state(job: Job) -> None:
    app = open_link(job="job-1")
    data = player_data(app)
    assert [one["name"] for one in data["classes"]] == ["*odd*", "cup", "person"]
    assert len({one["color"] for one in data["classes"]}) == 3
    assert data["video"]["size"] == [320, 240]
    assert data["targets"] == ["peak", "disagreement"]
    times = unpacked(base64.b64decode(data["times"]))
    assert (times["frame"].tolist(), times["frames"]) == ([0, 2, 4, 6, 8], 40)
    figure = json.loads(data["figure"])
    assert codes_of(figure) == [0, 1, 2]
    assert data["state"] == STATE
    assert not app.get("plotly_chart")
    assert "4 of 5 frames analyzed · 1 not analyzed (hatched)" in captions(app)


def test_a_link_sets_the_state(job: Job) -> None:
    app = open_link(job="job-1", frame="1", confidence="0.7", classes=["cup"], window=["0.2", "0.6"])
    changed = {"entry": 1, "confidence": 0.7, "classes": ["cup"], "window": [0.2, 0.6]}
    assert player_data(app)["state"] == STATE | changed
    app.session_state["section"] = "Table"
    assert list(dataframe(app.run(), "Peak")["Class"]) == ["cup"]


def test_a_link_sets_the_kind_of_chart_its_buckets_and_the_clock(job: Job) -> None:
    app = open_link(job="job-1", chart="heat", bucket="10", clock="true", start="2026-11-27T14:20:00+01:00")
    data = player_data(app)
    chosen = {"chart": "heat", "bucket_s": 10.0, "clock": True, "start": "2026-11-27T14:20:00+01:00"}
    assert data["state"] == STATE | chosen
    meta = json.loads(data["figure"])["layout"]["meta"]
    assert meta["bucket"] is None  # longer than the video
    assert meta["clock"]["source"].endswith("as typed.")
    refused = player_data(open_link(job="job-1", chart="pie", bucket="-1", start="noon"))
    assert refused["state"] == STATE
    assert json.loads(refused["figure"])["layout"]["meta"]["clock"] is None


def test_a_hidden_class_stays_in_the_chart_for_the_browser_to_show(job: Job) -> None:
    app = open_link(job="job-1", classes=["cup"])
    figure = json.loads(player_data(app)["figure"])
    assert codes_of(figure) == [0, 1, 2]


@pytest.mark.parametrize(
    "query", [{"frame": "999"}, {"frame": "-1"}, {"frame": "9" * 40}, {"confidence": "much"}, {"window": ["9", "1"]}]
)
def test_a_link_with_invalid_values_opens_the_page(job: Job, query: dict[str, Any]) -> None:
    assert player_data(open_link(job="job-1", **query))["state"]["entry"] in range(5)


def test_the_job_keeps_its_view_while_the_state_changes(job: Job) -> None:
    app = open_link(job="job-1")
    before = player_data(app)
    app.query_params["frame"] = "1"
    app.query_params["confidence"] = "0.5"
    after = player_data(app.run())
    assert (after["id"], after["view"], after["video"]) == (before["id"], before["view"], before["video"])
    assert after["state"]["entry"] == 1


def test_renamed_classes_are_another_view(job: Job) -> None:
    before, after = (player_data(open_link(job="job-1", **query)) for query in ({}, {"merge": "cup>mug"}))
    assert before["id"] != after["id"]
    assert [one["name"] for one in after["classes"]] == ["*odd*", "mug", "person"]


def moments_data(app: AppTest) -> dict[str, Any]:
    protos = [element.proto for element in app.get("bidi_component")]
    return dict(json.loads(next(proto.json for proto in protos if proto.component_name == "frametally.moments")))


def test_the_browser_asks_for_the_moments_of_the_view(job: Job) -> None:
    app = open_link(job="job-1", confidence="0.7", classes=["cup"], window=["0.2", "0.6"])
    data = moments_data(app)
    assert data["url"] == player_data(app)["view"]
    assert data["query"] == "confidence=0.7&class=cup&window=0.2&window=0.6"
    assert data["other"] == "empty"
    assert (data["has_pictures"], data["kinds"]) == (True, ["peak", "disagreement", "interval"])
    assert not app.dataframe  # nothing else of the tabs is computed


def test_a_chosen_frame_is_a_command_to_the_player(job: Job) -> None:
    app = open_link(job="job-1", frame="1", section="Compare", compare_with="empty")
    click_chart(app, "job-1-kitchen-None-comparison", 0.8)
    assert (player_data(app)["state"]["entry"], player_data(app)["state"]["command"]) == (4, 0)
    frames = [element.proto.body for element in app.get("html") if "both-frames" in element.proto.body]
    assert [text.count("frames/4.jpg?confidence=0.25") for text in frames] == [2]


def test_the_details_of_the_frame_are_drawn_on_request(job: Job) -> None:
    app = open_link(job="job-1", frame="1")
    assert "Frame 2 at " not in captions(app)


def test_without_a_copy_of_the_video_there_is_a_timeline(deployment: Deployment) -> None:
    announce_routes()
    finished_job(deployment, None)
    data = player_data(open_link(job="job-1"))
    assert data["video"] is None
    assert json.loads(data["figure"])["data"]


@pytest.mark.parametrize("kind", ["classification", "clip"])
def test_results_without_boxes_have_their_own_timeline(deployment: Deployment, small_video: Path, kind: str) -> None:
    announce_routes()
    classified = {"predictions": [{"class": "cat", "class_id": 0, "confidence": 0.9}], "top": "cat", "confidence": 0.9}
    found: dict[str, Any] = {
        "classification": [classified] * 5,
        "clip": [{"embeddings": [[float(at == place) for place in range(512)]]} for at in range(5)],
    }
    finished_job(deployment, small_video, {**offsets(), kind: found[kind]})
    data = player_data(open_link(job="job-1"))
    assert not data["has_boxes"]
    assert data["targets"] == []
    assert json.loads(data["figure"])["data"]


def test_a_single_model_has_no_disagreements(deployment: Deployment, small_video: Path) -> None:
    announce_routes()
    finished_job(deployment, small_video, {**offsets(), "kitchen": [entry(box("cup", 0.9)) for _ in range(5)]})
    assert player_data(open_link(job="job-1"))["targets"] == ["peak"]
