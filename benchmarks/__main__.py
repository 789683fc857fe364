"""Run all benchmarks or those named: `python -m benchmarks [ingest] [counts] [page] [jobs] …`.

Each prints its measurements, then one line per figure: `figure NAME VALUE`. A name ends with its unit or is a ratio:
each module documents its figures.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from datetime import UTC, datetime

MODULES = (
    "ingest",
    "counts",
    "page",
    "player",
    "jobs",
    "frames",
    "export",
    "regions",
    "engine",
    "upload",
    "tracking",
    "cluster",
    "cluster_simulation",
)


def main(names: list[str]) -> None:
    """Run the named benchmarks one after the other."""
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}")
    for name in names:
        for figure, value in importlib.import_module(f"benchmarks.{name}").figures():
            print(f"figure {figure} {value:.3f}", flush=True)


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(MODULES)
    if unknown:
        sys.exit(f"Unknown benchmark {', '.join(sorted(unknown))}. Available: {', '.join(MODULES)}.")
    main(sys.argv[1:] or list(MODULES))
