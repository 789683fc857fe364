"""Progress bar of a command that processes bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def byte_progress(total_bytes: int) -> Iterator[Callable[[int], object]]:
    """A callback that adds to a progress bar; the bar appears on a terminal only, after one second."""
    with tqdm(total=total_bytes, unit="B", unit_scale=True, delay=1, disable=None) as bar:
        yield bar.update
