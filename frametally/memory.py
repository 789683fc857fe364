"""Memory that a long-running process has freed, returned to the system.

glibc keeps freed memory in an arena per thread, up to eight per core, and takes blocks below a growing threshold from
them: after some hundred threads and pictures the process holds several times what it uses. With other C libraries
these functions do nothing.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from contextlib import suppress
from typing import Final

RELEASE_EVERY_S: Final = 15.0
_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
"""Parameters of mallopt(3), from <malloc.h>."""
_MANY_MODULES: Final = 30
_ARENAS: Final = 2
_MAPPED_FROM_BYTES: Final = 256 << 10
"""Larger blocks, as of decoded frames, are mapped one by one and unmapped when they are freed."""


def limit_malloc() -> None:
    """Limit the arenas of this process, and map large blocks; to be called before threads are started."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _MAPPED_FROM_BYTES)


def release_freed_memory() -> None:
    """Return freed memory to the system, also that of pyarrow's pool if pyarrow is loaded; takes milliseconds."""
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None:
        pyarrow.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class GarbageCollector:
    """Collects garbage in full, without looking at modules again and again.

    A full collection stops every thread; with the modules of this app it takes a tenth of a second. Modules live as
    long as the process, so they are left out of it once they are loaded.
    """

    def __init__(self) -> None:
        self._modules = 0

    def collect(self) -> None:
        """Collect now; leave out what has been loaded if that is much since the last time."""
        gc.collect()
        loaded = len(sys.modules)
        if loaded - self._modules >= _MANY_MODULES:  # rarely, as what is left out is kept, even if it dies later
            self._modules = loaded
            gc.freeze()


class MemoryReleaser:
    """A thread that collects garbage and calls `release_freed_memory` every `every_s` seconds."""

    def __init__(self, every_s: float = RELEASE_EVERY_S) -> None:
        self._every_s = every_s
        self._garbage = GarbageCollector()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the thread."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            self._garbage.collect()
            release_freed_memory()
