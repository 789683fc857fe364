"""Writers of classifications and semantic masks: a score for each class and entry."""

from __future__ import annotations

from itertools import chain
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from frametally.results import masks
from frametally.results.entries import MISMATCHED, Kind, LabelsEntry, Mask, MaskEntry
from frametally.results.reading.limits import MAX_NAMES, check_count
from frametally.results.spellings.confidences import ConfidenceRange
from frametally.results.spellings.notes import Issue
from frametally.results.tables import TableWriter, column
from frametally.results.writers.base import Batch, NameCodes, Target, key_columns


class LabelWriter:
    """Writes the probability of each class, for single-label and multi-label classification."""

    def __init__(self, target: Target, kind: Kind) -> None:
        self.kind = kind
        self.classes = NameCodes()
        self.confidences = ConfidenceRange(target.is_percent)
        self._tables, self._model = target.tables, target.model

    def add(self, first: int, batch: Batch) -> None:
        rows = [_labels(entry) for entry in batch]
        pairs = list(chain.from_iterable(rows))
        entry = np.repeat(np.arange(first, first + len(rows), dtype=np.int32), [len(row) for row in rows])
        scores = self.confidences.add(entry, np.array([confidence for _, confidence in pairs], dtype=np.float64))
        _write_scores(self._tables, self._model, entry, [self.classes[name] for name, _ in pairs], scores.tolist())


class MaskWriter:
    """Writes semantic masks; their scores are the share of the image that each class covers."""

    kind = Kind.SEMANTIC

    def __init__(self, target: Target) -> None:
        self.classes = NameCodes()
        self.confidences = ConfidenceRange()
        self._tables, self._model, self._notes = target.tables, target.model, target.notes

    def add(self, first: int, batch: Batch) -> None:
        for at, entry in enumerate(batch):
            if isinstance(entry, MaskEntry):
                try:
                    self._add_one(first + at, entry.predictions)
                except masks.MaskError as error:
                    self._notes.add(first + at, Issue("segmentation_mask", f"cannot be read: {error}"))
                    batch[at] = MISMATCHED

    def _add_one(self, entry: int, mask: Mask) -> None:
        check_count(len(mask.class_map), MAX_NAMES, "names in one class_map")
        png = masks.decode_base64(mask.segmentation_mask)
        shares = masks.area_shares(masks.class_ids(png))
        by_code = dict.fromkeys((self.classes[name] for name in mask.class_map.values()), 0.0)
        for class_id, name in masks.class_names(np.flatnonzero(shares), mask.class_map).items():
            code = self.classes[name]
            by_code[code] = by_code.get(code, 0.0) + float(shares[class_id])
        key = np.array([entry], dtype=np.int32)
        class_map = msgspec.json.encode(mask.class_map).decode()
        self._tables.write(
            "masks", [*key_columns(self._model, key), pa.array([png], pa.binary()), pa.array([class_map])]
        )
        _write_scores(self._tables, self._model, np.repeat(key, len(by_code)), list(by_code), list(by_code.values()))


def _labels(entry: Any) -> list[tuple[str, float]]:
    if not isinstance(entry, LabelsEntry):
        return []
    predictions = entry.predictions
    if isinstance(predictions, dict):
        return [(name, score.confidence) for name, score in predictions.items()]
    return [(label.class_name, label.confidence) for label in predictions]


def _write_scores(
    tables: TableWriter, model: int, entry: npt.NDArray[np.int32], codes: list[int], scores: list[float]
) -> None:
    tables.write(
        "scores",
        [
            *key_columns(model, entry),
            column(np.array(codes, dtype=np.int32)),
            column(np.array(scores, dtype=np.float64)),
        ],
    )
