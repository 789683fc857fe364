"""Curves of every kind of results, compared with plain loops."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
from PIL import Image

from frametally.analysis import view as view_module
from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.counts import count
from frametally.analysis.series import DEFINITIONS, Series, series_of, similarity_series
from frametally.analysis.view import View
from frametally.results import Kind
from tests.support.opened_results import Entry, box, entry, opened

NAN = math.nan


def single(**scores: float) -> Entry:
    found = [{"class": name, "class_id": at, "confidence": score} for at, (name, score) in enumerate(scores.items())]
    return {**(entry(*found) or {}), "top": found[0]["class"], "confidence": found[0]["confidence"]}


def several(**scores: float) -> Entry:
    found = {name: {"confidence": score, "class_id": at} for at, (name, score) in enumerate(scores.items())}
    return {"image": {"width": 10, "height": 10}, "predictions": found, "predicted_classes": list(found)}


def semantic(pixels: list[list[int]], **names: str) -> Entry:
    file = io.BytesIO()
    Image.fromarray(np.array(pixels, dtype=np.uint8)).save(file, "PNG")
    class_map = {number[1:]: name for number, name in names.items()}
    mask = base64.b64encode(file.getvalue()).decode()
    return {"image": {"width": 4, "height": 1}, "predictions": {"segmentation_mask": mask, "class_map": class_map}}


def face(confidence: float, size: float, yaw: float, pitch: float) -> dict[str, Any]:
    return {"face": box("face", confidence, (100, 100, size, size), landmarks=[]), "yaw": yaw, "pitch": pitch}


def only(found: list[Series]) -> Series:
    assert len(found) == 1
    return found[0]


def test_probabilities_become_curves(tmp_path: Path) -> None:
    results = opened(tmp_path, m=[single(cat=0.7, dog=0.2, fox=0.1), None, single(dog=0.9, cat=0.1)])
    assert results.models["m"].kind is Kind.CLASSIFICATION
    series = only(series_of(View(results, "m")))
    assert series.names == ("cat", "dog", "fox")
    np.testing.assert_allclose(series.values, [[0.7, 0.2, 0.1], [NAN] * 3, [0.1, 0.9, NAN]])
    np.testing.assert_allclose(series.time_s, [0, 0.2, 0.4])
    assert series.definition == DEFINITIONS["Probability"]


def test_merged_classes_add_up(tmp_path: Path) -> None:
    results = opened(tmp_path, m=[single(cat=0.7, dog=0.2, fox=0.1), None, single(dog=0.9, cat=0.1)])
    series = only(series_of(View(results, "m", classes=ClassMapping.parse("cat>pet,dog>pet"))))
    assert series.names == ("pet", "fox")
    np.testing.assert_allclose(series.values, [[0.9, 0.1], [NAN, NAN], [1.0, NAN]])


def test_merged_labels_have_the_highest_probability(tmp_path: Path) -> None:
    results = opened(tmp_path, m=[several(cat=0.7, dog=0.9, fox=0.1), None, several(dog=0.3, cat=0.5, fox=0)])
    series = only(series_of(View(results, "m", classes=ClassMapping.parse("cat>pet,dog>pet"))))
    assert series.title == "Probability of each label"
    np.testing.assert_allclose(series.values, [[0.9, 0.1], [NAN, NAN], [0.5, 0]])


def test_masks_become_area_shares(tmp_path: Path) -> None:
    names = {"_0": "soil", "_1": "crop", "_2": "weed"}
    results = opened(tmp_path, m=[semantic([[0, 0, 1, 2]], **names), None, semantic([[1, 1, 1, 1]], **names)])
    series = only(series_of(View(results, "m", classes=ClassMapping.parse("crop>plant,weed>plant"))))
    assert dict(zip(series.names, series.values[0], strict=True)) == {"soil": 0.5, "plant": 0.5}
    assert np.isnan(series.values[1]).all()
    assert dict(zip(series.names, series.values[2], strict=True)) == {"soil": 0.0, "plant": 1.0}


def test_gaze_is_that_of_the_most_confident_then_largest_face(tmp_path: Path) -> None:
    frames = [
        entry(face(0.9, 20, 0.1, 0.2), face(0.95, 10, -0.5, 0.3)),
        entry(face(0.9, 20, 0.1, 0.2), face(0.9, 30, 1.0, -1.0)),
        None,
        entry(),
        entry(face(0.2, 20, 0.1, 0.2)),
    ]
    results = opened(tmp_path, gaze=frames)
    direction, faces = series_of(View(results, "gaze", confidence=0.4))
    nan = [NAN, NAN]
    expected = [[math.degrees(-0.5), math.degrees(0.3)], [math.degrees(1), math.degrees(-1)], nan, nan, nan]
    np.testing.assert_allclose(direction.values, expected)
    assert (direction.names, direction.unit) == (("yaw", "pitch"), "°")
    np.testing.assert_array_equal(faces.values[:, 0], [2, 2, NAN, 0, 0])


def test_similarity_to_a_frame_is_a_curve(tmp_path: Path) -> None:
    results = opened(tmp_path, clip=[{"embeddings": [vector]} for vector in ([1, 0], [1, 1], [0, 1])])
    series = similarity_series(View(results, "clip", time_range_s=(0.2, 9)), entry=0)
    assert series.starts.tolist() == [1, 2]
    np.testing.assert_allclose(series.values[:, 0], [math.sqrt(0.5), 0], atol=1e-7)
    assert series_of(View(results, "clip")) == []


def test_boxes_have_no_curves(tmp_path: Path) -> None:
    assert series_of(View(opened(tmp_path, m=[entry(box("car"))]), "m")) == []


@pytest.mark.parametrize("max_points", [1, 7, 10, 50, 101])
@pytest.mark.parametrize("time_range_s", [None, (3.0, 15.0)])
def test_points_are_means_of_known_values(
    tmp_path: Path, max_points: int, time_range_s: tuple[float, float] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view_module, "CHUNK_ENTRIES", 9)
    scores = [None if at % 3 == 0 or 40 <= at < 60 else at / 200 for at in range(101)]
    results = opened(tmp_path, m=[None if score is None else single(cat=score, dog=1 - score) for score in scores])
    series = only(series_of(View(results, "m", time_range_s=time_range_s), max_points))
    counts = count(View(results, "m", 0.5, time_range_s=time_range_s), max_points)
    size = int(counts.planned.max())
    expected = []
    for start in counts.starts.tolist():
        known = [score for score in scores[start : start + size] if score is not None]
        expected.append(fmean(known) if known else NAN)
    assert len(series.time_s) <= max_points + 1
    assert series.starts.tolist() == counts.starts.tolist()
    np.testing.assert_allclose(series.values[:, 0], expected)
    np.testing.assert_allclose(series.time_s, series.starts / 5)


def test_strongest_keeps_the_highest_curves(tmp_path: Path) -> None:
    results = opened(tmp_path, m=[single(a=0.1, b=0.5, c=0.4), single(a=0.9, b=0.05, c=0.05)])
    series = only(series_of(View(results, "m"))).strongest(2)
    assert series.names == ("a", "b")
    np.testing.assert_allclose(series.values, [[0.1, 0.5], [0.9, 0.05]])


def test_an_empty_time_range_has_no_points(tmp_path: Path) -> None:
    results = opened(tmp_path, m=[single(cat=1.0)], gaze=[entry(face(0.9, 20, 0.1, 0.2))])
    assert only(series_of(View(results, "m", time_range_s=(5, 6)))).values.shape == (0, 1)
    assert [series.values.shape for series in series_of(View(results, "gaze", time_range_s=(5, 6)))] == [(0, 2), (0, 1)]
