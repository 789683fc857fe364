"""Notes callbacks that held the event loop: Python runs this at the start of a process with this folder on its path.

Each line of the file in `WATCHED_LOOP` is a JSON object. `cpu_s` is the processor time of the loop's own thread: unlike
`wall_s`, it does not depend on what else runs on the machine or in other threads. The loop of uvloop cannot be watched,
so that of asyncio takes its place.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

CPU_S = 0.02
WALL_S = 0.05


def watch(report: Path) -> None:
    sys.modules["uvloop"] = None  # type: ignore[assignment]
    run = asyncio.Handle._run

    def watched(handle: Any) -> None:
        name, cpu_s, wall_s = _name(handle), time.thread_time(), time.perf_counter()
        run(handle)
        cpu_s, wall_s = time.thread_time() - cpu_s, time.perf_counter() - wall_s
        if cpu_s >= CPU_S or wall_s >= WALL_S:
            with report.open("a") as file:
                file.write(json.dumps({"what": name, "cpu_s": cpu_s, "wall_s": wall_s, "at_s": time.time()}) + "\n")

    setattr(asyncio.Handle, "_run", watched)  # noqa: B010


def _name(handle: Any) -> str:
    """What runs: the innermost frame of a task, or the function of a callback."""
    callback = handle._callback
    task = getattr(callback, "__self__", None)
    if not isinstance(task, asyncio.Task):
        return str(getattr(callback, "__qualname__", None) or repr(callback))[:200]
    coroutine: Any = task.get_coro()
    name = getattr(coroutine, "__qualname__", repr(coroutine))
    while (inner := getattr(coroutine, "cr_await", None)) is not None and hasattr(inner, "cr_frame"):
        coroutine = inner
    frame = getattr(coroutine, "cr_frame", None)
    return f"{name} at {frame.f_code.co_filename}:{frame.f_lineno}" if frame else name


if "WATCHED_LOOP" in os.environ:
    watch(Path(os.environ["WATCHED_LOOP"]))
