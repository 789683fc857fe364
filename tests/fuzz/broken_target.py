"""A target with every kind of finding, by the number of the input."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random


@contextmanager
def opened(folder: Path) -> Iterator[None]:
    yield None


def make_input(opened: None, random: Random) -> bytes:
    """The number of the input, found by its first random value."""
    value = random.random()
    return bytes([next(number for number in range(256) if Random(number).random() == value)])


def attempt(opened: None, data: bytes, random: Random) -> str:
    match data[0]:
        case 0:
            os.kill(os.getpid(), signal.SIGSEGV)
        case 1:
            time.sleep(60)
        case 2:
            raise KeyError("a bug")
        case 3:
            bytearray(2 << 30)
    return "fine"
