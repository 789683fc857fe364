"""Each kind of results on the Analytics page: its charts and their definitions."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from frametally.deployment import Deployment
from tests.support.pages import OpenPage, captions, chart, click_chart, open_link
from tests.support.results_files import SIZE, box, entry, finished_job, offsets


def semantic(share: float) -> dict[str, Any]:
    """A mask in which this share of the columns, from the left, is a cat."""
    ids = np.zeros((10, 10), dtype=np.uint8)
    ids[:, : round(share * 10)] = 1
    file = io.BytesIO()
    Image.fromarray(ids).save(file, "PNG")
    mask = base64.b64encode(file.getvalue()).decode()
    return {"image": SIZE, "predictions": {"segmentation_mask": mask, "class_map": {"0": "background", "1": "cat"}}}


def face(yaw: float) -> dict[str, Any]:
    return {"face": box("face", 0.9, landmarks=[]), "yaw": yaw, "pitch": -0.1}


CORNERS = [{"x": x, "y": y} for x, y in ((40, 40), (80, 40), (60, 80))]
POINTS = [{"x": 50, "y": 50, "confidence": 0.9, "class": "nose"}, {"x": 60, "y": 55, "confidence": 0.8, "class": "ear"}]
KINDS: dict[str, tuple[list[Any], str, str, str]] = {
    "classification": (
        [entry({"class": "cat", "class_id": 0, "confidence": 0.7}, {"class": "dog", "class_id": 1, "confidence": 0.3})],
        "Probability",
        "Probability (share, 0 to 1)",
        "probability of each class",
    ),
    "multi-label": (
        [{"image": SIZE, "predictions": {"cat": {"confidence": 0.7, "class_id": 0}}, "predicted_classes": ["cat"]}],
        "Probability of each label",
        "Probability of each label (share, 0 to 1)",
        "probability of each label",
    ),
    "semantic": (
        [semantic(0.5), semantic(0.2)],
        "Area share",
        "Area share (share, 0 to 1)",
        "pixels of a class as a share of all pixels of the mask",
    ),
    "keypoints": ([entry(box("cat", 0.9, keypoints=POINTS))], "counts", "Detections per frame", ""),
    "segmentation": ([entry(box("cat", 0.9, points=CORNERS))], "counts", "Detections per frame", ""),
    "gaze": (
        [entry(face(0.5), face(-0.5)), entry()],
        "Gaze direction",
        "Gaze direction (°)",
        "gaze direction of the face with the highest confidence",
    ),
    "clip": (
        [{"embeddings": [[1.0, 0.0]]}, {"embeddings": [[0.0, 1.0]]}],
        "similarity",
        "Similarity to this frame (cosine)",
        "cosine similarity of the embeddings",
    ),
}
"""By kind: entries, title of the chart, title of its y axis, and part of its definition."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_chart_and_definition(
    open_page: OpenPage, deployment: Deployment, small_video: Path, kind: str
) -> None:
    some, title, y_title, definition = KINDS[kind]
    entries = [*some, None, *some]
    finished_job(deployment, small_video, {**offsets(len(entries)), "m": entries})
    app = open_page("analytics")
    assert not app.exception
    assert not app.error
    figure = chart(app, f"job-1-m-None-{title}")
    assert figure["layout"]["yaxis"]["title"]["text"] == y_title
    assert any(trace.get("name") == "not analyzed" for trace in figure["data"])
    assert definition in captions(app)
    assert f"{len(entries) - 1} of {len(entries)} frames analyzed · 1 not analyzed" in captions(app)
    assert len(app.image) == 1
    click_chart(app, f"job-1-m-None-{title}", 1000.0)
    assert app.slider(key="frame").value == len(entries) - 1
    app.slider(key="frame").set_value(len(some)).run()
    assert not app.exception
    assert "This frame was not analyzed." in [warning.value for warning in app.warning]


def test_scene_changes_of_embeddings_are_counted(open_page: OpenPage, deployment: Deployment) -> None:
    one, other = {"embeddings": [[1.0, 0.0]]}, {"embeddings": [[0.0, 1.0]]}
    finished_job(deployment, None, {**offsets(8), "m": [one] * 5 + [other] * 3})
    app = open_page("analytics")
    assert "1 scene change (orange lines): " in captions(app)


def test_scene_changes_follow_the_time_range_and_at_most_100_are_drawn(deployment: Deployment) -> None:
    one, other = {"embeddings": [[1.0, 0.0]]}, {"embeddings": [[0.0, 1.0]]}
    finished_job(deployment, None, {**offsets(1200), "m": ([one] * 5 + [other] * 5) * 120})
    app = open_link(job="job-1")
    assert "239 scene changes (orange lines, the first 100 shown)" in captions(app)
    lines = chart(app, "job-1-m-None-similarity")["layout"]["shapes"]
    assert len(lines) == 100 + 1
    app.slider(key="window").set_value((1.0, 1.9)).run()
    assert "1 scene change (orange lines)" in captions(app)
    (line, _) = chart(app, "job-1-m-(1.0, 1.9)-similarity")["layout"]["shapes"]
    assert line["x0"] == 1.0
    app.slider(key="window").set_value((1.2, 1.8)).run()
    assert "0 scene changes (orange lines)" in captions(app)


def test_of_many_curves_only_the_highest_are_drawn(open_page: OpenPage, deployment: Deployment) -> None:
    names = [f"c{at:02d}" for at in range(12)]
    scores = {name: {"confidence": at / 12, "class_id": at} for at, name in enumerate(names)}
    finished_job(deployment, None, {**offsets(2), "m": [{"predictions": scores, "predicted_classes": []}] * 2})
    app = open_page("analytics")
    assert "The top 8 of 12 classes." in captions(app)
    drawn = [trace["name"] for trace in chart(app, "job-1-m-None-Probability of each label")["data"]]
    assert drawn == names[4:]


@pytest.mark.parametrize("kind", KINDS)
def test_a_time_range_without_frames_is_empty_for_every_kind(deployment: Deployment, kind: str) -> None:
    entries = KINDS[kind][0] * 3
    finished_job(deployment, None, {**offsets(len(entries)), "m": entries})
    app = open_link(job="job-1", window=["0.05", "0.05"])
    assert not app.exception
    assert not app.error
    assert "0 of 0 frames analyzed" in captions(app)
