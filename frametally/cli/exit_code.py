"""Exit codes of the command `frametally`."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the command returns to the shell; argparse itself exits with 2 for wrong arguments."""

    OK = 0
    BELOW_MINIMUM = 1
    """The results are worse than --min-f1 asks."""
    BAD_INPUT = 3
    """A file, a model, a setting or a backup cannot be used."""
    SERVICE_FAILED = 4
    """The inference service returned an error or did not respond."""
    JOB_FAILED = 5
    INTERRUPTED = 130
    """128 + SIGINT, as shells report it."""
