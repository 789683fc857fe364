"""The sample's truth and what a model found in it, as counts per frame, also for models made worse."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from demo.evaluate import CLIP, MODEL, MODELS
from frametally.analysis.matching import match
from frametally.analysis.view import picked
from frametally.audit import Checks
from frametally.engine.detectors import InferenceParams, open_detector
from frametally.engine.runner import planned_frames
from frametally.results import Boxes, Results, open_results
from frametally.video.frame_index import build_index, plan_frames
from tests.support.archives import archive_cached
from tests.support.demo_boxes import perfect_results

CONFIDENCE: Final = 0.25
RATE: Final = 5.0
_SHARE: Final = 1 / 3
"""Of the boxes that a worse model drops, doubles or gives another class."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Audited:
    """Counts of a model and of the truth, (N, c + 1) each; the last column is of all classes."""

    found: Ints
    true: Ints
    matched: Ints

    def checks(self, entries: Ints, column: int) -> Checks:
        """These entries checked, of the class of this column."""
        found, true, matched = (table[entries, column] for table in (self.found, self.true, self.matched))
        return Checks(self.found[:, column], found, true, matched)

    @property
    def everything(self) -> Ints:
        return np.arange(len(self.true))


def model_results(folder: Path) -> Results:
    """What the model of the sample finds, at five frames per second."""
    index, detector = build_index(CLIP), open_detector(MODELS, *MODEL, InferenceParams())
    frames = plan_frames(index, RATE)
    entries = [msgspec.to_builtins(detector.infer(picture)) for _, picture in planned_frames(CLIP, index, frames)]
    return _opened(folder / "model", [*map(int, frames)], [float(index.times_s[frame]) for frame in frames], entries)


def audited(results: Results, folder: Path, worse: Callable[[Boxes, int, np.random.Generator], Boxes]) -> Audited:
    """The results beside the truth of the same frames."""
    truth = perfect_results(folder, results.frame_index.tolist())
    (name,) = results.models
    classes = sorted({*results.models[name].classes, *truth.models["truth"].classes})
    found = _recoded(results.boxes(name), results.models[name].classes, classes)
    found = worse(picked(found, np.flatnonzero(found.confidence >= CONFIDENCE)), len(classes), np.random.default_rng(0))
    true = _recoded(truth.boxes("truth"), truth.models["truth"].classes, classes)
    tables = [
        _counts(boxes, len(results.time_s), len(classes))
        for boxes in (found, true, picked(found, match(found, true)[0]))
    ]
    return Audited(*tables)


def unchanged(boxes: Boxes, _classes: int, _rng: np.random.Generator) -> Boxes:
    """The model as it is."""
    return boxes


def dropped(boxes: Boxes, _classes: int, rng: np.random.Generator) -> Boxes:
    """A third of the boxes is missing."""
    return picked(boxes, np.flatnonzero(rng.random(len(boxes)) >= _SHARE))


def doubled(boxes: Boxes, _classes: int, rng: np.random.Generator) -> Boxes:
    """A third of the boxes is there twice."""
    twice = np.flatnonzero(rng.random(len(boxes)) < _SHARE)
    return picked(boxes, np.sort(np.concatenate([np.arange(len(boxes)), twice])))


def shifted(boxes: Boxes, classes: int, rng: np.random.Generator) -> Boxes:
    """A third of the boxes has the next class."""
    code = boxes.class_code.copy()
    is_wrong = rng.random(len(boxes)) < _SHARE
    code[is_wrong] = (code[is_wrong] + 1) % classes
    return replace(boxes, class_code=code)


WORSE: Final = (unchanged, dropped, doubled, shifted)


def _opened(folder: Path, frames: list[int], times_s: list[float], entries: list[Any]) -> Results:
    folder.mkdir()
    path = folder / "results.json"
    path.write_text(json.dumps({"frame_offset": frames, "time_offset": times_s, "parcels": entries}))
    archive_cached(path, folder / "archive")
    return open_results(folder / "archive")


def _recoded(boxes: Boxes, names: tuple[str, ...], classes: list[str]) -> Boxes:
    codes = np.array([classes.index(name) for name in names], dtype=np.int32)
    return replace(boxes, class_code=codes[boxes.class_code])


def _counts(boxes: Boxes, entries: int, classes: int) -> Ints:
    key = boxes.entry.astype(np.int64) * classes + boxes.class_code
    counts = np.bincount(key, minlength=entries * classes).reshape(entries, classes)
    return np.column_stack([counts, counts.sum(axis=1)])
