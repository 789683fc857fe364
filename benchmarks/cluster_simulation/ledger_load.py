"""Statements on the ledger while jobs are submitted, watched and collected by dashboards.

In each second, a dashboard takes as many jobs of a service as it has slots for, and makes one step with each: it
submits the job, asks for its status, or collects its results. The numbers of statements are those of the dashboard;
`tests/cluster/test_ledger_load.py` counts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from frametally.client.slots import SERVICE_SLOTS

DASHBOARDS: Final = 4
STEPS_PER_S: Final = SERVICE_SLOTS * DASHBOARDS
SUBMIT: Final = 16
"""From the click to the accepted job, for an uploaded video."""
CHECK: Final = 5
"""A status call: claim, time of the call, circuit breaker, history, progress."""
END: Final = 9
"""The last status call, and the results."""
WATCH: Final = 3
"""Each second of each dashboard: what is due."""


def statements_each_second(seconds: Iterable[tuple[int, int, int]]) -> Iterator[int]:
    """`seconds`: in each, how many jobs came, how many ended, and how many have not ended."""
    to_submit = to_end = 0
    for came, ended, still_open in seconds:
        to_submit, to_end = to_submit + came, to_end + ended
        ends = min(to_end, STEPS_PER_S)
        submits = min(to_submit, STEPS_PER_S - ends)
        checks = min(still_open, STEPS_PER_S - ends - submits)
        to_submit, to_end = to_submit - submits, to_end - ends
        yield SUBMIT * submits + END * ends + CHECK * checks + WATCH * DASHBOARDS
