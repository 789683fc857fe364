"""Figures of a running dashboard, and their text in the format of Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.ledger.search import count_by_status


class Figures(Struct, frozen=True):
    """What the dashboard reports about itself."""

    sessions: int
    starting_sessions: int
    runs: int
    waiting_runs: int
    memory_bytes: int
    jobs: dict[str, int]
    """By status; empty while the ledger cannot be read."""


def jobs_by_status(ledger: Ledger) -> dict[str, int]:
    """The number of jobs with each status, zeros included."""
    counts = count_by_status(ledger)
    return {status.value: counts.get(status, 0) for status in JobStatus}


def memory_bytes() -> int:
    """Resident memory of this process; 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)


def metrics_text(figures: Figures, beat_age_s: float) -> str:
    """The figures in the text format of Prometheus (version 0.0.4)."""
    is_open = [JobStatus(status).is_open for status in figures.jobs]
    queue = sum(count for count, waits in zip(figures.jobs.values(), is_open, strict=True) if waits)
    gauges: dict[str, tuple[str, Mapping[str, float]]] = {
        "jobs": ("Jobs by status.", {f'{{status="{name}"}}': count for name, count in figures.jobs.items()}),
        "queue": ("Jobs that have not ended.", {"": queue}),
        "sessions": ("Open tabs.", {"": figures.sessions}),
        "sessions_starting": ("Open tabs whose first run has not ended.", {"": figures.starting_sessions}),
        "runs": ("Runs of scripts.", {'{state="running"}': figures.runs, '{state="waiting"}': figures.waiting_runs}),
        "memory_bytes": ("Resident memory of the dashboard.", {"": figures.memory_bytes}),
        "beat_age_seconds": ("Seconds since the event loop of the dashboard last ran.", {"": round(beat_age_s, 1)}),
    }
    lines = []
    for name, (meaning, samples) in gauges.items():
        lines += [f"# HELP frametally_{name} {meaning}", f"# TYPE frametally_{name} gauge"]
        lines += [f"frametally_{name}{labels} {value}" for labels, value in samples.items()]
    return "\n".join([*lines, ""])
