"""Limits of results: what a service sends must neither fill this machine nor the pages.

They are far above what models return: a day at 10 frames per second, the classes of Open Images and LVIS together.
"""

from __future__ import annotations

from typing import Final

from frametally.errors import ResultsError

MAX_KEYS: Final = 1_000
"""Keys of the JSON object, repeated ones included."""
MAX_MODELS: Final = 100
MAX_ENTRIES: Final = 2_000_000
MAX_CELLS: Final = 5_000_000
"""Entries of all models together; each takes about 10 bytes of the memory of a process that opens the results."""
MAX_NAMES: Final = 5_000
"""Class names of one model; keypoint names likewise."""
MAX_NAME_CHARS: Final = 300
"""Of a model, a class, a keypoint or another key."""
MAX_PREDICTIONS: Final = 20_000
"""Boxes of one entry."""
MAX_DAMAGED_FRAMES: Final = 200_000
MAX_VALUE_BYTES: Final = 64 << 20
"""Length of one value of the JSON: of an entry, or of the offsets."""
MAX_SHOWN_BYTES: Final = 1 << 20
"""Length of the original JSON of an entry that is shown; a longer one is cut."""
MAX_MEMORY_BYTES: Final = 2 << 30
"""Of the process that reads results."""

KEPT: Final = "The original file is kept."
_QUOTED_CHARS: Final = 60


def max_cpu_s(size_bytes: int) -> float:
    """The processor time that reading a file of this size may take; usual results take a hundredth of it."""
    return 60.0 + size_bytes / (1 << 20)


def max_wall_s(size_bytes: int) -> float:
    """The time that it may take on a machine with other work."""
    return 600.0 + 4.0 * max_cpu_s(size_bytes)


def check_count(count: int, limit: int, what: str) -> None:
    """Raise ResultsError where there are more than `limit` of these."""
    if count > limit:
        raise ResultsError(f"The results have more than {limit:,} {what}.", KEPT)


def check_name(name: str, what: str) -> None:
    """Raise ResultsError for a name that is too long."""
    if len(name) > MAX_NAME_CHARS:
        quoted = f"{name[:_QUOTED_CHARS]}…"
        raise ResultsError(f"{what} has more than {MAX_NAME_CHARS} characters: {quoted}", KEPT)


def too_long_value() -> ResultsError:
    """The error for a value that does not fit into the memory allowed for one."""
    return ResultsError(f"The results have a value of more than {MAX_VALUE_BYTES >> 20} MiB.", KEPT)
