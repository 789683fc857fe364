"""Freed memory goes back to the system."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from frametally.memory import GarbageCollector, MemoryReleaser

_FILL = """
import sys, threading
from pathlib import Path
from frametally.memory import limit_malloc, release_freed_memory
if "limited" in sys.argv:
    limit_malloc()
def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
before = resident_mb()
def fill(kept):
    blocks = [bytearray(40_000) for _ in range(250)]
    kept.append(bytearray(blocks[-1]))
kept, threads = [], []
for _ in range(40):
    threads.append(threading.Thread(target=fill, args=(kept,)))
    threads[-1].start()
for thread in threads:
    thread.join()
if "limited" in sys.argv:
    release_freed_memory()
print(resident_mb() - before)
"""


def _growth_mb(*arguments: str) -> float:
    """How much a process grows by 40 threads with 10 MB each, of which one block of each stays in use."""
    command = [sys.executable, "-c", _FILL, *arguments]
    return float(subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, check=True).stdout)


def test_memory_of_ended_threads_is_returned() -> None:
    assert _growth_mb("limited") < _growth_mb() / 2


def test_the_releaser_calls_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    called = threading.Semaphore(0)
    monkeypatch.setattr("frametally.memory.release_freed_memory", called.release)
    releaser = MemoryReleaser(0.01)
    releaser.start()
    assert all(called.acquire(timeout=5) for _ in range(3))
    releaser.stop()
    assert not any(thread.name == "memory" for thread in threading.enumerate())


def test_modules_are_left_out_of_collections_once_they_are_loaded() -> None:
    collector = GarbageCollector()
    try:
        collector.collect()
        frozen = gc.get_freeze_count()
        assert frozen > 10_000
        kept = [[number] for number in range(1000)]
        collector.collect()
        assert gc.get_freeze_count() <= frozen
        assert len(kept) == 1000
    finally:
        gc.unfreeze()
