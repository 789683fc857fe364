"""Progress bars of commands; they appear on a terminal only, after one second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tqdm import tqdm

_SHARES: Final = 100


@contextmanager
def byte_progress(total_bytes: int) -> Iterator[Callable[[int], object]]:
    """A callback that adds bytes."""
    with tqdm(total=total_bytes, unit="B", unit_scale=True, delay=1, disable=None) as bar:
        yield bar.update


@contextmanager
def share_progress() -> Iterator[Callable[[float], None]]:
    """A callback that receives the share done, 0 to 1."""
    with tqdm(total=_SHARES, unit="%", delay=1, disable=None, bar_format="{l_bar}{bar}| {elapsed}") as bar:

        def show(share: float) -> None:
            bar.update(round(share * _SHARES) - bar.n)

        yield show
