"""Similarity of frames by their CLIP embeddings: to one frame, and to the analyzed frame before (scene changes)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import Progress, chunks_of
from frametally.errors import ResultsError
from frametally.results import Results

OUTLIER_DEVIATIONS: Final = 6.0
MIN_DISTANCE: Final = 0.05

DEFINITIONS: Final = {
    "Similarity": "cosine similarity of the embeddings of two frames: 1 for the same picture, about 0 for unrelated "
    "ones",
    "Scene change": "an analyzed frame whose distance (1 - similarity) to the analyzed frame before it is above "
    f"{MIN_DISTANCE}, and above the median of the video plus {OUTLIER_DEVIATIONS:g} standard deviations (estimated as "
    "1.4826 times the median absolute deviation, which outliers hardly change)",
}
"""What each number means; shown with the numbers."""


@dataclass(frozen=True)
class SceneChanges:
    """Abrupt changes of the picture, in order of time."""

    entries: npt.NDArray[np.int64]
    """(k,) the first analyzed entry of each new scene."""
    distance: npt.NDArray[np.float64]
    """(k,) 1 - similarity to the analyzed entry before."""
    threshold: float
    """Distances above it are scene changes; NaN if fewer than two frames were analyzed."""


def similarity_to(
    results: Results, model: str, entry: int, progress: Progress | None = None
) -> npt.NDArray[np.float64]:
    """(n,) cosine similarity of every entry to this one, -1 to 1; NaN for entries without an embedding.

    Raises:
        ResultsError: the entry itself has none.
    """
    known, chosen = _directions(results, model, entry, entry + 1)
    if not len(known):
        raise ResultsError("This frame was not analyzed, so it has no similarity.", "Choose another frame.")
    similarity = np.full(len(results.time_s), np.nan)
    for start, stop in chunks_of(range(len(similarity)), progress):
        known, directions = _directions(results, model, start, stop)
        if len(known):
            similarity[known] = directions @ chosen[0]
    return np.asarray(np.clip(similarity, -1, 1))


def scene_changes(results: Results, model: str, progress: Progress | None = None) -> SceneChanges:
    """Outliers among the distances of consecutive frames, by the median absolute deviation (Hampel 1974)."""
    entries, distance = _steps(results, model, progress)
    if not len(distance):
        return SceneChanges(entries, distance, np.nan)
    median = np.median(distance)
    deviation = 1.4826 * np.median(np.abs(distance - median))
    threshold = max(float(median + OUTLIER_DEVIATIONS * deviation), MIN_DISTANCE)
    over = distance > threshold
    return SceneChanges(entries[over], distance[over], threshold)


def _steps(
    results: Results, model: str, progress: Progress | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Every entry with an embedding except the first one, and its distance to the one before."""
    found: list[npt.NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
    distance: list[npt.NDArray[np.float64]] = [np.empty(0)]
    last = np.empty((0, 0))
    for start, stop in chunks_of(range(len(results.time_s)), progress):
        known, directions = _directions(results, model, start, stop)
        if len(known):
            row = np.vstack([last, directions]) if len(last) else directions
            distance.append(1 - np.einsum("ij,ij->i", row[1:], row[:-1]))
            found.append(known[len(directions) - len(row) + 1 :])
            last = row[-1:]
    return np.concatenate(found), np.clip(np.concatenate(distance), 0, 2)


def _directions(
    results: Results, model: str, start: int, stop: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """(k,) the entries with an embedding, and (k, d) these embeddings scaled to length 1."""
    vectors = results.embeddings(model, start, stop).astype(np.float64)
    length = np.linalg.norm(vectors, axis=1)
    known = np.flatnonzero(length > 0)
    return start + known, vectors[known] / length[known, None]
