"""MOT text (Leal-Taixé et al. 2015; motchallenge.net/instructions): a file, or a folder with `gt/gt.txt`.

    frame, id, left, top, width, height, considered, class, visibility

Frames are counted from 1. Boxes that are not to be considered (0 in the seventh column) are ignored. Lines with ten
columns have a place in the world instead of a class. Classes are numbers, named by a `labels.txt` beside the file as
CVAT writes it; `seqinfo.ini` gives the length of the sequence, of which then all frames are labeled.
"""

from __future__ import annotations

import configparser
import math
from pathlib import Path
from typing import Final, NamedTuple

from frametally.errors import EvaluationError
from frametally.evaluation.formats.builder import TruthBuilder
from frametally.evaluation.formats.limits import MAX_FRAMES, MAX_NUMBER, read_bytes, read_lines, read_names
from frametally.evaluation.formats.numbering import Numbering
from frametally.evaluation.truth import Truth

_WORLD_COLUMNS: Final = 10


class _Sequence(NamedTuple):
    length: int = 0
    """0: not known."""
    wh: tuple[float, float] = (math.nan, math.nan)


def mot_file(folder: Path) -> Path | None:
    """The labels in a folder of a sequence; None if it is not one."""
    return next((path for path in (folder / "gt" / "gt.txt", folder / "gt.txt") if path.is_file()), None)


def read_mot(path: Path, numbering: Numbering) -> Truth:
    """The labels in a MOT text, or of a sequence.

    Raises:
        EvaluationError: they cannot be read.
    """
    file = mot_file(path) if path.is_dir() else path
    if file is None:
        raise EvaluationError(f"{path.name} has no gt/gt.txt.", "Name the file itself.")
    builder = TruthBuilder("MOT text")
    names = _names(file.parent / "labels.txt")
    for name in names:
        builder.class_code(name)
    sequence = _sequence(file.parent / "seqinfo.ini") or _sequence(file.parent.parent / "seqinfo.ini") or _Sequence()
    rows = [_columns(file.name, line, text) for line, text in read_lines(file)]
    first = 0 if any(row[0] == 0 for row in rows) else 1
    for number in range(first, sequence.length + first):
        builder.frame(number, f"frame {number}", sequence.wh)
    for row in rows:
        _add(builder, names, sequence, row)
    if not sequence.length:
        builder.note("Without a seqinfo.ini, only the frames that have boxes are taken as labeled.")
    return builder.build(1, numbering)


def _columns(name: str, line: int, text: str) -> list[float]:
    try:
        columns = [float(part) for part in text.split(",")]
    except ValueError:
        columns = []
    if not 6 <= len(columns) <= _WORLD_COLUMNS or not 0 <= columns[0] <= MAX_NUMBER or columns[0] % 1:
        raise EvaluationError(f"{name}, line {line} is not a line of MOT text.", "Check the file and --format.")
    return columns


def _add(builder: TruthBuilder, names: list[str], sequence: _Sequence, columns: list[float]) -> None:
    number, _, left, top, width, height, *rest = columns
    frame = int(number)
    if not builder.has_frame(frame):
        if sequence.length:
            builder.note(f"seqinfo.ini has {sequence.length} frames, and the labels more.")
        builder.frame(frame, f"frame {frame}", sequence.wh)
    name = _class_name(builder, names, rest[1] if len(rest) in (2, 3) else None)
    builder.box(frame, name, (left, top, left + width, top + height), ignored=bool(rest) and rest[0] == 0)


def _class_name(builder: TruthBuilder, names: list[str], number: float | None) -> str:
    if number is None or number < 0:
        builder.note(
            "The lines have no class: it is called object. Name it with --map, as in person=object, or Rename classes."
        )
        return "object"
    if number % 1 == 0 and 1 <= number <= len(names):
        return names[int(number) - 1]
    builder.note(
        "Classes without a line in labels.txt are named by their number: use --map, as in person=1, or Rename classes."
    )
    return f"{number:g}"


def _names(path: Path) -> list[str]:
    return read_names(path) if path.is_file() else []


def _sequence(path: Path) -> _Sequence | None:
    if not path.is_file():
        return None
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(read_bytes(path).decode())
        part = parser["Sequence"]
        length = part.getint("seqLength", 0)
        wh = (part.getfloat("imWidth", math.nan), part.getfloat("imHeight", math.nan))
    except (configparser.Error, KeyError, ValueError) as error:
        raise EvaluationError("seqinfo.ini cannot be read.", "Check the file, or remove it.") from error
    if not 0 <= length <= MAX_FRAMES:
        raise EvaluationError(f"seqinfo.ini has a length of {length}.", f"At most {MAX_FRAMES:,} frames are read.")
    return _Sequence(length, wh)
