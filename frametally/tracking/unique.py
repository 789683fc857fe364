"""Unique objects per class, with the range in which the number moves with the settings of the tracker."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from frametally.analysis.view import Progress, View
from frametally.results import Results
from frametally.results.tables import column, values_of
from frametally.storage.atomic import atomic_path
from frametally.storage.derived import derived_path, make_derived_folder
from frametally.tracking.settings import VERSION, TrackerSettings
from frametally.tracking.spans import Spans, spans_of
from frametally.tracking.tracker import track

KIND: Final = "track_spans"
FACTOR: Final = 2.0
"""Buffer, overlap and shortest length are divided and multiplied by this."""
_VARIANT: Final = "variant"
_VARIANTS: Final = b"variants"
_COLUMNS: Final = tuple(field.name for field in fields(Spans))
_UNREADABLE: Final = (OSError, ValueError, KeyError, pa.ArrowException)


@dataclass(frozen=True)
class UniqueObjects:
    """How many objects of a class were seen."""

    class_name: str
    count: int
    low: int
    high: int
    """The smallest and the largest number with another buffer, overlap or shortest length."""


def unique_objects(
    view: View, settings: TrackerSettings | None = None, progress: Progress | None = None
) -> list[UniqueObjects]:
    """A row for each class of the view. The first call for a model and settings tracks five times; given tracks once.

    Raises:
        ResultsError: the results are damaged, or no longer exist.
        DiskFull: the disk would lose its reserve.
    """
    settings = settings or TrackerSettings()
    return _counted(view, settings, _kept_spans(view.results, view.model, settings, progress))


def find_unique_objects(view: View, settings: TrackerSettings | None = None) -> list[UniqueObjects] | None:
    """The same if the tracks have been made before with all settings; None if not, or if they cannot be read."""
    settings = settings or TrackerSettings()
    try:
        return _counted(view, settings, _read(_path(view.results, view.model, settings)))
    except _UNREADABLE:
        return None


def has_ranges(results: Results, model: str, settings: TrackerSettings) -> bool:
    """Whether the tracks have been made with all settings."""
    return _path(results, model, settings).exists()


def _counted(view: View, settings: TrackerSettings, spans: list[Spans]) -> list[UniqueObjects]:
    base, *others = spans
    if not others:  # given by the results: whatever the settings, and however short
        counts = base.counts(view).tolist()
        return [UniqueObjects(name, count, count, count) for name, count in zip(view.names, counts, strict=True)]
    lengths_s = [settings.min_length_s * factor for factor in (1, 1 / FACTOR, FACTOR)]
    numbers = [base.longer_than(length_s).counts(view) for length_s in lengths_s]
    numbers += [one.longer_than(settings.min_length_s).counts(view) for one in others]
    low, high = np.min(numbers, axis=0), np.max(numbers, axis=0)
    return [UniqueObjects(name, int(numbers[0][at]), int(low[at]), int(high[at])) for at, name in enumerate(view.names)]


def _variants(settings: TrackerSettings) -> list[TrackerSettings]:
    """The settings first; all keep tracks that are shorter, as longer ones can be picked from their spans."""
    base = msgspec.structs.replace(settings, min_length_s=settings.min_length_s / FACTOR)
    return [
        base,
        msgspec.structs.replace(base, buffer_s=base.buffer_s / FACTOR),
        msgspec.structs.replace(base, buffer_s=base.buffer_s * FACTOR),
        msgspec.structs.replace(base, min_iou=base.min_iou / FACTOR),
        msgspec.structs.replace(base, min_iou=base.min_iou * FACTOR),
    ]


def _kept_spans(results: Results, model: str, settings: TrackerSettings, progress: Progress | None) -> list[Spans]:
    path = _path(results, model, settings)
    try:
        return _read(path)
    except _UNREADABLE:
        variants = _variants(settings)
    spans = []
    for number, variant in enumerate(variants):
        tracks = track(results, model, variant, _part(progress, number, len(variants)))
        spans.append(spans_of(tracks))
        if tracks.joined.by_ids:
            break
    make_derived_folder(results.folder)
    with atomic_path(path, sync=False) as part:
        _write(part, spans)
    return spans


def _path(results: Results, model: str, settings: TrackerSettings) -> Path:
    content = {"version": VERSION, "model": model, "written_ns": results.written_ns, "settings": settings}
    return derived_path(results.folder, KIND, content, "parquet")


def _part(progress: Progress | None, number: int, parts: int) -> Progress | None:
    return (lambda share: progress((number + share) / parts)) if progress else None


def _write(path: Path, spans: list[Spans]) -> None:
    variant = np.repeat(np.arange(len(spans)), [len(one.first_s) for one in spans])
    columns = {name: column(np.concatenate([getattr(one, name) for one in spans])) for name in _COLUMNS}
    table = pa.table({_VARIANT: column(variant), **columns}).replace_schema_metadata({_VARIANTS: str(len(spans))})
    pq.write_table(table, path, compression="lz4", use_dictionary=False, write_page_checksum=True)


def _read(path: Path) -> list[Spans]:
    with pq.ParquetFile(path, memory_map=True, page_checksum_verification=True) as file:
        table = file.read(use_threads=False)
    variant = values_of(table[_VARIANT])
    columns = [values_of(table[name]) for name in _COLUMNS]
    variants = int((table.schema.metadata or {})[_VARIANTS])
    return [Spans(*(values[variant == number] for values in columns)) for number in range(variants)]
