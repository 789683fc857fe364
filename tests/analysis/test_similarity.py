"""Similarity and scene changes, compared with plain loops."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from frametally.analysis import view as view_module
from frametally.analysis.similarity import scene_changes, similarity_to
from frametally.errors import ResultsError
from frametally.results import Results
from tests.support.opened_results import opened

Vector = list[float] | None


def clip(folder: Path, *vectors: Vector) -> Results:
    return opened(
        folder, clip=[None if vector is None else {"time": 0.1, "embeddings": [vector]} for vector in vectors]
    )


def cosine(a: Vector, b: Vector) -> float:
    if a is None or b is None:
        return math.nan
    length = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
    return sum(x * y for x, y in zip(a, b, strict=True)) / length if length else math.nan


def scenes(seed: int, lengths: list[int], noise: float) -> list[Vector]:
    """Embeddings of scenes: a random direction per scene, with noise per frame."""
    chance = random.Random(seed)
    found: list[Vector] = []
    for length in lengths:
        around = [chance.gauss(0, 1) for _ in range(32)]
        found += [[value + chance.gauss(0, noise) for value in around] for _ in range(length)]
    return found


def test_similarity_is_the_cosine(tmp_path: Path) -> None:
    results = clip(tmp_path, [1, 0], [0, 2], None, [-3, 0], [1, 1], [0, 0])
    np.testing.assert_allclose(similarity_to(results, "clip", 0), [1, 0, np.nan, -1, math.sqrt(0.5), np.nan], atol=1e-7)


@pytest.mark.parametrize("chunk", [3, 4096])
def test_similarity_equals_a_plain_loop(tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "CHUNK_ENTRIES", chunk)
    vectors = scenes(1, [9, 8], 0.3)
    vectors[4] = None
    shares: list[float] = []
    found = similarity_to(clip(tmp_path, *vectors), "clip", 2, shares.append)
    np.testing.assert_allclose(found, [cosine(vector, vectors[2]) for vector in vectors], atol=1e-6)
    assert shares[-1] == 1
    assert np.nanmax(found) <= 1


@pytest.mark.parametrize("entry", [1, 2])
def test_similarity_to_a_frame_without_embedding_is_an_error(tmp_path: Path, entry: int) -> None:
    with pytest.raises(ResultsError, match="Choose another frame"):
        similarity_to(clip(tmp_path, [1, 0], None, [0, 0]), "clip", entry)


@pytest.mark.parametrize("chunk", [1, 5, 4096])
def test_scene_changes_are_found(tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "CHUNK_ENTRIES", chunk)
    vectors = scenes(2, [12, 20, 15], 0.05)
    for unknown in (0, 12, 13, 20):
        vectors[unknown] = None
    changes = scene_changes(clip(tmp_path, *vectors), "clip")
    # Entries 12 and 13 are unknown, so that the second scene starts at entry 14.
    assert changes.entries.tolist() == [14, 32]
    assert changes.distance[0] == pytest.approx(1 - cosine(vectors[11], vectors[14]), abs=1e-6)
    assert (changes.distance > changes.threshold).all()


def test_the_threshold_is_the_median_plus_six_deviations(tmp_path: Path) -> None:
    vectors = scenes(3, [40], 0.5)
    steps = sorted(1 - cosine(a, b) for a, b in pairwise(vectors))
    median = steps[19]
    deviation = sorted(abs(step - median) for step in steps)[19]
    found = scene_changes(clip(tmp_path, *vectors), "clip")
    assert found.threshold == pytest.approx(median + 6 * 1.4826 * deviation, abs=1e-6)
    assert found.entries.tolist() == []


def test_a_still_video_has_no_scene_changes(tmp_path: Path) -> None:
    vectors: list[Vector] = [[1, 0, 0], [1, 0.01, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]]
    found = scene_changes(clip(tmp_path, *vectors), "clip")
    assert (found.entries.tolist(), found.threshold) == ([], 0.05)


def test_one_frame_has_no_scene_change(tmp_path: Path) -> None:
    found = scene_changes(clip(tmp_path, [1, 0], None), "clip")
    assert (len(found.entries), math.isnan(found.threshold)) == (0, True)
