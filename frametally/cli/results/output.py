"""The files that a command writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from frametally.errors import SettingsError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """The file is written in this block.

    Raises:
        SettingsError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        what = f"{path.name} cannot be written: {error.strerror or error}."
        raise SettingsError(what, "Check its folder, and the room on its disk.") from error
