"""A CSV of counts: how many objects of a class a frame shows, one line for each frame and class.

    time,class,count        or        frame,class,count
    12.0,bottle,3                     358,bottle,3

Columns are found by name: `time` (`time_s`, `time_offset`; seconds or m:ss), `frame` (`frame_index`, `frame_offset`;
from 0), `class` and `count`. Separated by commas, or by semicolons with decimal commas. If there are both, the frame
counts. A class without a line for a labeled frame is not labeled there, not zero.
"""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from frametally.errors import EvaluationError
from frametally.evaluation.formats.limits import (
    MAX_CELLS,
    MAX_CLASSES,
    MAX_FRAMES,
    MAX_NAME_CHARS,
    MAX_NUMBER,
    read_lines,
)
from frametally.evaluation.formats.numbering import Numbering, frames_of
from frametally.evaluation.truth import Truth

_COLUMNS: Final = {
    "time": ("time", "time_s", "time_offset", "seconds"),
    "frame": ("frame", "frame_index", "frame_offset"),
    "class": ("class", "class_name", "label"),
    "count": ("count", "counts", "number"),
}
_MAX_COUNT: Final = 1_000_000
_GROUPED: Final = re.compile(r"[0-9]{1,3}([.,][0-9]{3})+")


class _Row(NamedTuple):
    place: float
    """A frame, or seconds."""
    name: str
    objects: int


def read_counts(path: Path, numbering: Numbering) -> Truth:
    """The counts in such a file.

    Raises:
        EvaluationError: it cannot be read, or a class is counted twice in a frame.
    """
    lines = list(read_lines(path))
    if not lines:
        raise EvaluationError("The labels contain no frame.", "Check the file and --format.")
    separator = ";" if ";" in lines[0][1] else ","
    column = _columns(next(csv.reader([lines[0][1]], delimiter=separator)))
    by_frame = "frame" in column
    rows = [_row(number, text, separator, column) for number, text in lines[1:]]
    places = sorted({row.place for row in rows})
    names = list(dict.fromkeys(row.name for row in rows))
    if len(places) > MAX_FRAMES or len(names) > MAX_CLASSES or len(places) * len(names) > MAX_CELLS or not rows:
        raise EvaluationError("The labels have no frames, or too many.", "Check the file.")
    frames, notes = frames_of(np.array(places if by_frame else [], dtype=np.int64), 0, numbering)
    return Truth(
        format="CSV of counts",
        classes=tuple(names),
        frames=frames,
        times_s=None if by_frame else np.array(places),
        counts=_table(
            rows, {place: at for at, place in enumerate(places)}, {name: at for at, name in enumerate(names)}
        ),
        boxes=None,
        image_wh=np.full((len(places), 2), np.nan),
        notes=tuple(notes),
    )


def _columns(header: list[str]) -> dict[str, int]:
    names = [name.strip().lower() for name in header]
    found = {
        column: names.index(spelling)
        for column, spellings in _COLUMNS.items()
        for spelling in spellings[::-1]
        if spelling in names
    }
    if not found.keys() >= {"class", "count"} or not found.keys() & {"time", "frame"}:
        raise EvaluationError("The first line does not name the columns.", "Use time,class,count or frame,class,count.")
    return found


def _row(number: int, text: str, separator: str, column: dict[str, int]) -> _Row:
    try:
        cells = next(csv.reader([text], delimiter=separator))
        name = _unescaped(cells[column["class"]].strip())
        count = _ungrouped(cells[column["count"]], separator)
        place = _place(cells, column, separator)
    except (ValueError, IndexError, StopIteration, csv.Error) as error:
        raise EvaluationError(f"Line {number} of the labels cannot be read.", "Use time,class,count.") from error
    if not (name and len(name) <= MAX_NAME_CHARS and 0 <= count <= _MAX_COUNT and count % 1 == 0):
        raise EvaluationError(f"Line {number} of the labels has no class, or no whole count.", "Use time,class,count.")
    return _Row(place, name, int(count))


def _place(cells: list[str], column: dict[str, int], separator: str) -> float:
    if "frame" in column:
        place = _ungrouped(cells[column["frame"]], separator)
        if place % 1:
            raise ValueError("not a frame")
    else:
        *higher, seconds = cells[column["time"]].split(":")
        minutes = sum(int(part) * 60**power for power, part in enumerate(reversed(higher), start=1))
        place = minutes + _number(seconds, separator)
    if not 0 <= place <= MAX_NUMBER:
        raise ValueError("out of range")
    return place


def _ungrouped(text: str, separator: str) -> float:
    """A number that is to be whole; not `1.000`, which spreadsheets also write for a thousand."""
    if _GROUPED.fullmatch(text.strip()):
        raise ValueError("which number it is is not known")
    return _number(text, separator)


def _number(text: str, separator: str) -> float:
    value = float(text.replace(",", ".") if separator == ";" else text)
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


def _unescaped(name: str) -> str:
    """Without the apostrophe that Frametally's own tables put before texts that spreadsheets would evaluate."""
    return name.removeprefix("'")


def _table(rows: list[_Row], places: dict[float, int], names: dict[str, int]) -> np.typing.NDArray[np.float64]:
    table = np.full((len(places), len(names)), np.nan)
    for row in rows:
        cell = places[row.place], names[row.name]
        if not np.isnan(table[cell]):
            raise EvaluationError(f"{row.name} is counted twice at {row.place:g}.", "Keep one of the lines.")
        table[cell] = row.objects
    return table
