"""What the processes that encode videos share: how they end, and what they report as lines of JSON."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from frametally.errors import FrametallyError

UNFINISHED: Final = 0.999
"""The highest share that is reported before the file is complete."""


class Report(Struct, frozen=True, omit_defaults=True):
    """Progress or outcome of an encoding process."""

    share: float = 0.0
    """0 to 1."""
    what: str = ""
    """What failed; empty without a failure."""
    next_step: str = ""


def yield_and_end_with_parent() -> None:
    """Give way to other processes, and end when the standard input is closed: the parent process has ended."""
    os.nice(10)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def outcome_of(encode: Callable[[], None], failed: str) -> Report:
    """Encode; returns the final report. `failed` says what has failed after an unexpected error."""
    try:
        encode()
    except FrametallyError as error:
        return Report(what=error.what, next_step=error.next_step)
    except Exception:  # the details belong in the log, not on the page
        traceback.print_exc()
        return Report(what=failed, next_step="See the server's log for the reason.")
    return Report(1.0)


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
