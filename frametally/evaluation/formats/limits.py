"""Bounds for files with labels, which come from outside, and reading within them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from frametally.errors import EvaluationError

MAX_BYTES: Final = 256 << 20
"""Of one file, and of all files of a folder."""
MAX_FILES: Final = 200_000
MAX_FRAMES: Final = 2_000_000
"""Labeled frames; more than 18 hours at 30 per second."""
MAX_BOXES: Final = 5_000_000
MAX_FRAME_BOXES: Final = 5_000
"""Of one frame."""
MAX_CLASSES: Final = 2_000
MAX_CELLS: Final = 20_000_000
"""Frames times classes; 2 hours at 30 per second have 17 million with 80 classes."""
MAX_NUMBER: Final = (1 << 31) - 1
"""Of a frame."""
MAX_NAME_CHARS: Final = 1_000


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        EvaluationError: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise EvaluationError(f"{path.name} cannot be read: {error.strerror}.", "Check the path.") from error
    if len(content) > MAX_BYTES:
        raise EvaluationError(f"{path.name} is larger than {MAX_BYTES >> 20} MiB.", "Split the labels.")
    return content


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """(number from 1, text) of each line that is not empty.

    Raises:
        EvaluationError: it cannot be read, is too large, or is no UTF-8 text.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path.name} is not a UTF-8 text.", "Save it as UTF-8.") from error
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, line.strip()


def read_names(path: Path) -> list[str]:
    """The names of classes, one a line: the number of a class is that of its line, so an empty one keeps its place.

    Raises:
        EvaluationError: as `read_lines`, or there are too many.
    """
    names = dict(read_lines(path))
    last = max(names, default=0)
    if last > MAX_CLASSES:
        raise EvaluationError(f"{path.name} has more than {MAX_CLASSES:,} lines.", "Check the file.")
    return [names.get(line, f"class {line - 1}") for line in range(1, last + 1)]
