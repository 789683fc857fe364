"""Statements on the ledger while jobs are submitted, watched and collected.

The numbers of statements are those of the dashboard; `tests/cluster/test_ledger_load.py` counts them.
"""

from __future__ import annotations

from typing import Final

SUBMIT: Final = 16
"""From the click to the accepted job, for an uploaded video."""
CHECK: Final = 5
"""A status call: claim, time of the call, circuit breaker, history, progress."""
END: Final = 9
"""The last status call, the download, and the results."""
WATCH: Final = 3
"""Each second of each dashboard: what is due."""
DASHBOARDS: Final = 2


def statements(submitted: int, ended: int, checked: float) -> float:
    """Of one second: `checked` is the number of status calls."""
    return SUBMIT * submitted + END * ended + CHECK * checked + WATCH * DASHBOARDS


def check_every_s(open_jobs: int) -> float:
    """How often the engine lets dashboards ask for the status of a job."""
    return max(1.0, open_jobs / 25)
