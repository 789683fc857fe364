"""Per-class counts over time and their totals, each with its definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from video_inference.results import ModelResults, Results

DEFINITIONS: Final = {
    "Mean": "detections per analysed frame, averaged over all analysed frames, those with none included",
    "Peak": "most detections in one analysed frame",
    "Present": "share of analysed frames with at least one detection",
    "First seen": "time of the first analysed frame with a detection",
    "Last seen": "time of the last analysed frame with a detection",
}
"""What each total means; shown beside the numbers."""


@dataclass(frozen=True)
class Counts:
    """Detections of one model per entry and class, at one confidence threshold."""

    model: str
    classes: tuple[str, ...]
    time_s: npt.NDArray[np.float64]
    """(n,) seconds after the first frame."""
    frame_index: npt.NDArray[np.int64]
    """(n,) index of the native frame."""
    analysed: npt.NDArray[np.bool_]
    """(n,) False where the file holds `null`: not zero, unknown."""
    values: npt.NDArray[np.int64]
    """(n, len(classes)) detections at or above the threshold; 0 where not analysed, so ask `analysed` first."""


@dataclass(frozen=True)
class Totals:
    """What one class comes to; DEFINITIONS says how. All None where no frame was analysed."""

    class_name: str
    mean: float | None
    peak: int | None
    present: float | None
    first_seen_s: float | None
    last_seen_s: float | None


def count(results: Results, model: str, confidence: float, classes: tuple[str, ...] | None = None) -> Counts:
    """Count the boxes with at least this confidence, per entry and class, of one model."""
    part = results.by_model[model]
    names = part.classes if classes is None else tuple(name for name in classes if name in part.classes)
    column = np.full(len(part.classes), -1, dtype=np.int64)
    column[[part.classes.index(name) for name in names]] = np.arange(len(names))
    kept = (part.confidence >= confidence) & (column[part.class_code] >= 0)
    key = part.entry[kept].astype(np.int64) * len(names) + column[part.class_code[kept]]
    size = len(results.time_s) * len(names)
    return Counts(
        model=model,
        classes=names,
        time_s=results.time_s,
        frame_index=results.frame_index,
        analysed=part.analysed,
        values=np.bincount(key, minlength=size).reshape(len(results.time_s), len(names)),
    )


def totals(counts: Counts) -> list[Totals]:
    """One row per class, over the analysed frames only."""
    return [_totals_of(counts, column) for column in range(len(counts.classes))]


def boxes_at(part: ModelResults, entry: int, confidence: float, classes: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """(k,) positions of the boxes of one entry that the threshold and the classes let through."""
    start, end = np.searchsorted(part.entry, [entry, entry + 1])
    chosen = [code for code, name in enumerate(part.classes) if name in classes]
    kept = (part.confidence[start:end] >= confidence) & np.isin(part.class_code[start:end], chosen)
    return np.asarray(start + np.flatnonzero(kept), dtype=np.int64)


def next_with_detections(counts: Counts, entry: int) -> int | None:
    """The first entry after this one in which something is counted."""
    later = np.flatnonzero(counts.values[entry + 1 :].any(axis=1))
    return int(entry + 1 + later[0]) if len(later) else None


def to_csv(counts: Counts) -> str:
    """A row per entry; a cell is empty, not 0, where the frame was not analysed."""
    head = ",".join(["frame_offset", "time_s", *(_quoted(name) for name in counts.classes)])
    rows = [
        ",".join([str(frame), f"{time:.4f}", *(str(value) if known else "" for value in row)])
        for frame, time, known, row in zip(
            counts.frame_index, counts.time_s, counts.analysed, counts.values.tolist(), strict=True
        )
    ]
    return "\n".join([head, *rows, ""])


def _totals_of(counts: Counts, column: int) -> Totals:
    values = counts.values[counts.analysed, column]
    if not len(values):
        return Totals(counts.classes[column], None, None, None, None, None)
    seen_s = counts.time_s[counts.analysed][values > 0]
    return Totals(
        class_name=counts.classes[column],
        mean=float(values.mean()),
        peak=int(values.max()),
        present=float((values > 0).mean()),
        first_seen_s=float(seen_s[0]) if len(seen_s) else None,
        last_seen_s=float(seen_s[-1]) if len(seen_s) else None,
    )


def _quoted(name: str) -> str:
    # A spreadsheet would run a class name that starts like a formula.
    safe = f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name
    return '"' + safe.replace('"', '""') + '"'
