"""Writer of embeddings."""

from __future__ import annotations

import numpy as np

from frametally.results.entries import MISMATCHED, ClipEntry, Kind
from frametally.results.spellings.confidences import ConfidenceRange
from frametally.results.spellings.notes import Issue
from frametally.results.tables import lists
from frametally.results.writers.base import Batch, NameCodes, Target, float32, key_columns


class EmbeddingWriter:
    """Writes an embedding for each frame, all of the same length."""

    kind = Kind.CLIP

    def __init__(self, target: Target) -> None:
        self.classes = NameCodes()
        self.confidences = ConfidenceRange()
        self._length: int | None = None
        self._tables, self._model, self._notes = target.tables, target.model, target.notes

    def add(self, first: int, batch: Batch) -> None:
        for at, entry in enumerate(batch):
            if isinstance(entry, ClipEntry):
                vector = entry.embeddings[0] if entry.embeddings else []
                self._length = self._length or len(vector)
                if not vector or len(vector) != self._length:
                    self._notes.add(first + at, Issue("embeddings", "have another length than before; not analyzed"))
                    batch[at] = MISMATCHED
        analyzed = [at for at, entry in enumerate(batch) if isinstance(entry, ClipEntry)]
        vectors = float32(np.array([batch[at].embeddings[0] for at in analyzed], dtype=np.float64).reshape(-1))
        key = key_columns(self._model, np.array(analyzed, dtype=np.int32) + np.int32(first))
        self._tables.write("embeddings", [*key, lists(vectors, [self._length or 0] * len(analyzed))])
