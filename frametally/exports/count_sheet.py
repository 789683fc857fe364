"""A sheet in which a person writes what is in each frame of a sample: a CSV file with a column for each class."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from frametally.analysis.view import View
from frametally.errors import ResultsError
from frametally.exports.spreadsheet import escape_formulas, write_csv

_FRAME, _TIME, _SEED = "frame", "time_s", "sample_seed"
MAX_BYTES: Final = 8_000_000
MAX_COUNT: Final = 1_000_000
_UNKNOWN: Final = ("", "?")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CountSheet:
    """A sheet that was filled in."""

    seed: int
    """Of the sample."""
    frames: Ints
    """(n,) index of each frame in the video, in the order in which they were to be checked."""
    counts: npt.NDArray[np.float64]
    """(n, c) by class of the view; NaN where nothing was written, or a question mark."""


def write_sheet(view: View, entries: Sequence[int] | Ints, seed: int, path: Path) -> None:
    """Write an empty sheet for these entries, in the order in which they are to be checked."""
    at = np.asarray(entries, dtype=np.int64)
    columns = {
        _FRAME: pa.array(view.results.frame_index[at], pa.int64()),
        _TIME: pa.array(np.round(view.results.time_s[at], 3), pa.float64()),
        _SEED: pa.array([seed] * len(at), pa.int64()),
    } | {name: pa.array([""] * len(at), pa.string()) for name in _headings(view)}
    table = pa.table(list(columns.values()), names=list(columns))
    write_csv(path, table.schema, [table])


def read_sheet(view: View, path: Path) -> CountSheet:
    """Read a sheet; spreadsheets in other languages may have changed commas to semicolons.

    Raises:
        ResultsError: it is no such sheet, or a value is no count.
    """
    rows = _rows(path)
    names = escape_formulas(_headings(view))
    if missing := [name for name in (_FRAME, _SEED, *names) if name not in rows[0]]:
        raise ResultsError(f"{path.name} has no column {missing[0]}.", "Use a sheet of `frametally audit --plan`.")
    frames = [_whole(path, at, row, _FRAME) for at, row in enumerate(rows)]
    seeds = {_whole(path, at, row, _SEED) for at, row in enumerate(rows)}
    if len(seeds) != 1 or len(set(frames)) != len(frames):
        raise ResultsError(f"{path.name} has frames twice, or of several samples.", "Use one sheet for each sample.")
    counts = [[_count(path, at, row, name) for name in names] for at, row in enumerate(rows)]
    return CountSheet(seeds.pop(), np.array(frames, dtype=np.int64), np.array(counts, dtype=np.float64))


def _headings(view: View) -> list[str]:
    """Of the column of each class; one that is called as another column gets another heading."""
    return [f"{name} (class)" if name in (_FRAME, _TIME, _SEED) else name for name in view.names]


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ResultsError(f"{path.name} is larger than {MAX_BYTES // 1_000_000} MB.", "Use another file.")
        text = path.read_text("utf-8-sig")
        first = text.partition("\n")[0]
        rows = list(csv.DictReader(text.splitlines(), delimiter=";" if first.count(";") > first.count(",") else ","))
    except OSError as error:
        raise ResultsError(f"{path.name} cannot be read: {error.strerror}.", "Check the path.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ResultsError(f"{path.name} is not a CSV file in UTF-8.", "Save it as CSV UTF-8.") from error
    if not rows:
        raise ResultsError(f"{path.name} has no rows.", "Use a sheet of `frametally audit --plan`.")
    return rows


def _count(path: Path, at: int, row: dict[str, str], name: str) -> float:
    count = float("nan") if (row.get(name) or "").strip() in _UNKNOWN else _whole(path, at, row, name)
    if count > MAX_COUNT:
        raise ResultsError(f"{path.name}, row {at + 2}: {count} in {name}.", f"At most {MAX_COUNT:,} can be counted.")
    return count


def _whole(path: Path, at: int, row: dict[str, str], name: str) -> int:
    text = (row.get(name) or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ResultsError(f"{path.name}, row {at + 2}: {text or 'nothing'} in {name}.", "Write a whole number.")
    return int(text)
