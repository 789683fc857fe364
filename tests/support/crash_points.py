"""The points at which a dashboard kills itself: a name, and the function that installs the kill.

The product is unchanged: the functions that it calls are wrapped in the process that is to be killed. Points that the
service sees (half a PUT, a missing answer) are in `crash_service`; the point in the browser is in the test.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import pyarrow.parquet as pq

from frametally.client.client import VideoInferenceClient
from frametally.engine.spool import Spool
from frametally.job import JobStatus
from frametally.jobs import collect
from frametally.ledger.ledger import Ledger
from frametally.results import archive_results
from frametally.storage.objects.cloud import CloudObjects

KEPT_VIDEO = "/media/videos/[0-9a-f]{64}$"


def die(*_: Any, **__: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable after SIGKILL")


def _before(owner: Any, name: str) -> Callable[[], None]:
    return lambda: setattr(owner, name, die)


def _after(owner: Any, name: str) -> Callable[[], None]:
    original = getattr(owner, name)

    @wraps(original)
    def last(*arguments: Any, **options: Any) -> None:
        original(*arguments, **options)
        die()

    return lambda: setattr(owner, name, last)


def _at_transition(target: JobStatus, *, written: bool) -> Callable[[], None]:
    transition = Ledger.transition

    def dying(ledger: Ledger, job: Any, to: JobStatus, *cause: Any, **values: Any) -> bool:
        if to is not target:
            return transition(ledger, job, to, *cause, **values)
        if written:
            transition(ledger, job, to, *cause, **values)
        die()

    return lambda: setattr(Ledger, "transition", dying)


def _at_rename(into: str, *, done: bool) -> Callable[[], None]:
    """Kill before, or with `done` after, a file or folder is moved to a path that matches the pattern `into`."""

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


def _at_object(method: str, key: str, *, done: bool) -> Callable[[], None]:
    """Kill before, or with `done` after, an object whose key matches is written or removed."""
    call = getattr(CloudObjects, method)

    def dying(objects: CloudObjects, at: str, *content: Any) -> Any:
        if not re.fullmatch(key, at):
            return call(objects, at, *content)
        if done:
            call(objects, at, *content)
        die()

    return lambda: setattr(CloudObjects, method, dying)


def _while_reading(install: Callable[[], None]) -> Callable[[], None]:
    """A point while results are read, with the reader in the process that is killed, as in a machine that fails."""

    def read(json_path: Path, folder: Path, max_bytes: int) -> None:
        archive_results(json_path, folder, max_bytes=max_bytes)

    def both() -> None:
        setattr(collect, "archive_in_subprocess", read)  # noqa: B010
        install()

    return both


FROM_WITHIN: dict[str, Callable[[], None]] = {
    "video received, not stored": _at_rename(KEPT_VIDEO, done=False),
    "video stored, not answered": _at_rename(KEPT_VIDEO, done=True),
    "job recorded": _after(Ledger, "add"),
    "link received": _before(VideoInferenceClient, "upload"),
    "PUT answered, not recorded": _at_transition(JobStatus.UPLOADED, written=False),
    "upload recorded": _at_transition(JobStatus.UPLOADED, written=True),
    "start answered, not recorded": _at_transition(JobStatus.SUBMITTED, written=False),
    "start recorded": _at_transition(JobStatus.SUBMITTED, written=True),
    "status answered, not recorded": _before(Ledger, "log_call"),
    "results ready": _before(VideoInferenceClient, "download_results"),
    "results complete, not kept": _at_rename(r"/results/[0-9a-f-]+\.json$", done=False),
    "results kept, not read": _before(collect, "archive_in_subprocess"),
    "tables half written": _while_reading(_before(pq, "write_table")),
    "tables written, not moved into place": _while_reading(_at_rename(r"/results/[0-9a-f-]+$", done=False)),
    "tables in place, not recorded": _at_transition(JobStatus.SUCCEEDED, written=False),
    "success recorded": _at_transition(JobStatus.SUCCEEDED, written=True),
    "engine accepted the start, not answered": _after(Spool, "accept"),
}

FROM_STORE: dict[str, Callable[[], None]] = {
    "upload begun, not answered": _at_object("put_new", r"uploads/\w+/meta", done=True),
    "piece received, not stored": _at_object("put_new", r"uploads/\w+/\d+", done=False),
    "piece stored, not answered": _at_object("put_new", r"uploads/\w+/\d+", done=True),
    "video named, not stored": _at_object("put", r"uploads/\w+/video", done=True),
    "video half stored": _at_object("put", r"media/videos/\w+/facts\.json", done=False),
    "video in the store, not here": _at_object("put", r"media/videos/\w+/facts\.json", done=True),
    "pieces not removed": _at_object("delete", r"uploads/\w+/\d+", done=False),
    "results half stored": _at_object("put", r"results/[\w-]+/notes\.json", done=False),
    "results in the store, not recorded": _at_object("put", r"results/[\w-]+/notes\.json", done=True),
}
"""Points that there are with object storage only."""

KILLS = FROM_WITHIN | FROM_STORE
