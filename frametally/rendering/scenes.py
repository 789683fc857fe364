"""Scenes of a view: of one entry, or of all entries in order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View, ViewedBoxes
from frametally.rendering.scene import Scene
from frametally.results import Kind

MAX_LABELS: Final = 5
"""Classes in the banner of a classification."""
CHUNK_ENTRIES: Final = 256
"""Entries that are read together; bounds the memory for polygons."""


def scene_of(view: View, entry: int) -> Scene:
    """What to draw for one entry.

    Raises:
        ResultsError: the results are damaged.
    """
    return next(iter(_chunk(view, entry, entry + 1)))


def scenes(view: View, first: int = 0) -> Iterator[tuple[int, Scene]]:
    """(entry, scene) from this entry to the last of the results; empty scenes for entries that were not analyzed."""
    for start in range(first, len(view.results.time_s), CHUNK_ENTRIES):
        stop = min(start + CHUNK_ENTRIES, len(view.results.time_s))
        yield from enumerate(_chunk(view, start, stop), start)


def _chunk(view: View, start: int, stop: int) -> Iterator[Scene]:
    kind = view.table.kind
    if kind.has_boxes:
        yield from _box_scenes(view, start, stop)
    elif kind is Kind.SEMANTIC:
        for entry in range(start, stop):
            yield _mask_scene(view, entry)
    elif kind in (Kind.CLASSIFICATION, Kind.MULTI_LABEL):
        codes = view.codes
        for scores in view.results.scores(view.model, start, stop):
            yield _banner_scene(view, codes, scores)
    else:
        for _ in range(start, stop):
            yield Scene.empty()


def _box_scenes(view: View, start: int, stop: int) -> Iterator[Scene]:
    results, model, kind = view.results, view.model, view.table.kind
    viewed = view.chunk(start, stop)
    at = viewed.position
    polygons = results.polygons(model, start, stop) if kind is Kind.SEGMENTATION else None
    keypoints = results.keypoints(model, start, stop)[at] if kind is Kind.KEYPOINTS else None
    gaze = results.gaze(model, start, stop)[at] if kind is Kind.GAZE else None
    names = view.names
    for entry, rows in _by_entry(viewed):
        yield Scene(
            wh=_size_of(view, entry),
            xyxy=viewed.boxes.xyxy[rows],
            class_names=[names[code] for code in viewed.boxes.class_code[rows]],
            confidence=viewed.boxes.confidence[rows],
            polygons=() if polygons is None else [polygons[box] for box in at[rows]],
            keypoints=None if keypoints is None else keypoints[rows],
            gaze=None if gaze is None else gaze[rows],
        )


def _by_entry(viewed: ViewedBoxes) -> Iterator[tuple[int, slice]]:
    ends = np.searchsorted(viewed.boxes.entry, np.arange(viewed.start, viewed.stop + 1))
    for entry, first, last in zip(range(viewed.start, viewed.stop), ends[:-1], ends[1:], strict=True):
        yield entry, slice(first, last)


def _size_of(view: View, entry: int) -> tuple[float, float] | None:
    width, height = view.table.image_wh[entry].tolist()
    return (width, height) if 0 < width < np.inf and 0 < height < np.inf else None


def _mask_scene(view: View, entry: int) -> Scene:
    found = view.results.mask(view.model, entry)
    if found is None:
        return Scene.empty()
    ids, names = found
    shown = {number: view.classes.name_of(name) for number, name in names.items()}
    return Scene(
        xyxy=np.zeros((0, 4), np.float32),
        class_names=(),
        confidence=np.zeros(0),
        mask=ids,
        mask_names={number: name for number, name in shown.items() if name in view.names},
    )


def _banner_scene(view: View, codes: npt.NDArray[np.int32], scores: npt.NDArray[np.float64]) -> Scene:
    best: dict[str, float] = {}
    for code, score in zip(codes, scores, strict=True):
        if code >= 0 and score >= view.confidence:
            name = view.names[code]
            best[name] = max(best.get(name, 0.0), float(score))
    rows = sorted(best.items(), key=lambda row: -row[1])[:MAX_LABELS]
    return Scene(xyxy=np.zeros((0, 4), np.float32), class_names=(), confidence=np.zeros(0), banner=rows)
