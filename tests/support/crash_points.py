"""Where a dashboard is killed from within: each name, and how its process comes to kill itself there.

The product knows nothing of this: what it calls is wrapped in the process that is to die. Points that the service can
see (half a PUT, an answer that never comes) are in `service`, those of the browser in the test.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import pyarrow.parquet as pq

from frametally.client.client import VideoInferenceClient
from frametally.engine.spool import Spool
from frametally.job import JobStatus
from frametally.jobs import collect as archiving
from frametally.ledger.ledger import Ledger

KEPT_VIDEO = "/media/videos/[0-9a-f]{64}$"


def die(*_: Any, **__: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives this")


def _before(owner: Any, name: str) -> Callable[[], None]:
    return lambda: setattr(owner, name, die)


def _after(owner: Any, name: str) -> Callable[[], None]:
    original = getattr(owner, name)

    @wraps(original)
    def last(*arguments: Any, **options: Any) -> None:
        original(*arguments, **options)
        die()

    return lambda: setattr(owner, name, last)


def _at_move(target: JobStatus, *, written: bool) -> Callable[[], None]:
    transition = Ledger.transition

    def dying(ledger: Ledger, job: Any, to: JobStatus, *cause: Any, **values: Any) -> bool:
        if to is not target:
            return transition(ledger, job, to, *cause, **values)
        if written:
            transition(ledger, job, to, *cause, **values)
        die()

    return lambda: setattr(Ledger, "transition", dying)


def _at_rename(into: str, *, done: bool) -> Callable[[], None]:
    """Around the move of a file or folder to such a path."""

    def install() -> None:
        for name in ("rename", "replace"):
            setattr(os, name, _dying_rename(getattr(os, name), into, done=done))

    return install


def _dying_rename(move: Callable[..., None], into: str, *, done: bool) -> Callable[..., None]:
    def dying(source: Any, target: Any, **options: Any) -> None:
        if not re.search(into, str(target)):
            move(source, target, **options)
            return
        if done:
            move(source, target, **options)
        die()

    return dying


FROM_WITHIN: dict[str, Callable[[], None]] = {
    "video here, not kept yet": _at_rename(KEPT_VIDEO, done=False),
    "video kept, browser not told": _at_rename(KEPT_VIDEO, done=True),
    "job written": _after(Ledger, "add"),
    "link got": _before(VideoInferenceClient, "upload"),
    "PUT answered, not noted": _at_move(JobStatus.UPLOADED, written=False),
    "upload noted": _at_move(JobStatus.UPLOADED, written=True),
    "start answered, not noted": _at_move(JobStatus.SUBMITTED, written=False),
    "start noted": _at_move(JobStatus.SUBMITTED, written=True),
    "status answered, not noted": _before(Ledger, "log_call"),
    "results are there": _before(VideoInferenceClient, "download_results"),
    "results whole, not kept": _at_rename(r"/results/[0-9a-f-]+\.json$", done=False),
    "results here, not read": _before(archiving, "archive_in_subprocess"),
    "tables half written": _before(pq, "write_table"),
    "tables written, not in their place": _at_rename(r"/results/[0-9a-f-]+$", done=False),
    "tables there, not noted": _at_move(JobStatus.SUCCEEDED, written=False),
    "success noted": _at_move(JobStatus.SUCCEEDED, written=True),
    "engine has the start, not answered": _after(Spool, "accept"),
}
