"""The number of iterations of a test: its short form, or more in `make soak`."""

from __future__ import annotations

import os


def iterations(short: int) -> int:
    """Return `short`, times `SOAK_FACTOR` if that is set."""
    return short * int(os.environ.get("SOAK_FACTOR", "1"))
