"""Work beside the coordinator: what may wait for what."""

from __future__ import annotations

import threading
from pathlib import Path

from frametally.cluster.side_work import SideWork
from frametally.engine.spool import SpooledJob


def test_results_are_put_together_while_all_downloads_are_slow() -> None:
    work, merged = SideWork(), threading.Event()
    arrived: list[bool] = []
    for number in range(20):
        work.start(SpooledJob(Path(f"slow {number}")), lambda: arrived.append(merged.wait(10)), is_download=True)
    work.start(SpooledJob(Path("short")), merged.set)
    assert merged.wait(10)
    work.close()
    assert arrived
    assert all(arrived)
