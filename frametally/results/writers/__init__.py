"""Writers that convert the entries of one model to table rows, a batch at a time: one class per shape of entry."""

from __future__ import annotations

from frametally.results.entries import Kind
from frametally.results.writers.base import Batch, EntryWriter, FrameColumns, NameCodes, Target
from frametally.results.writers.boxes import BoxWriter
from frametally.results.writers.embeddings import EmbeddingWriter
from frametally.results.writers.scores import LabelWriter, MaskWriter

__all__ = ["Batch", "BoxWriter", "EntryWriter", "FrameColumns", "NameCodes", "Target", "entry_writer"]


def entry_writer(kind: Kind, target: Target) -> BoxWriter | LabelWriter | MaskWriter | EmbeddingWriter:
    """The writer for a model of this kind."""
    if kind.has_boxes:
        return BoxWriter(target, kind)
    if kind is Kind.SEMANTIC:
        return MaskWriter(target)
    return EmbeddingWriter(target) if kind is Kind.CLIP else LabelWriter(target, kind)
