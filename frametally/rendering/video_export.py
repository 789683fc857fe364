"""Annotated videos: each made once, in a process of its own, and kept for the next who asks for the same.

    exports/<key>.mp4           finished; the key is the job's id and a hash of everything that it shows
            <key>.mp4.….part    on its way; locked by the process that writes it
            <key>.spec.json, <key>.log    what was asked for, locked by who asks, and what the process says

One is made at a time by each process of the dashboard, and ends with it. Nothing of this is only in memory: after a
restart, what is finished is found by its key, and what was left behind is removed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import threading
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec
from msgspec import Struct

from frametally.errors import MediaError
from frametally.rendering.video_specs import Report, VideoSpec
from frametally.storage.atomic import is_abandoned
from frametally.storage.space import TRY_AGAIN, check_room, explain_disk_full

MAX_BYTES: Final = 4 * 1024**3
"""What finished videos may take together; the ones that were asked for longest ago go first."""
_FORMAT = 1
"""Part of every key; another number makes all videos anew."""
_PATIENCE_S = 5.0


class ExportBusy(MediaError):
    """Another video is being made."""


class ExportStatus(StrEnum):
    """Where a video stands."""

    ABSENT = "absent"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ExportState(Struct, frozen=True):
    """Where a video stands, and what there is of it."""

    status: ExportStatus
    share: float = 0.0
    """0 to 1."""
    path: Path | None = None
    """The finished file."""
    what: str = ""
    """What failed."""
    next_step: str = ""


class _Running(NamedTuple):
    key: str
    process: subprocess.Popen[bytes]
    spec: BinaryIO
    """Locked: who cannot lock it knows that somebody waits for the video."""


class VideoExporter:
    """All annotated videos below one folder. Any thread may ask."""

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._most_bytes = max_bytes
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._failed: dict[str, ExportState] = {}
        self._tidy()

    def state(self, spec: VideoSpec) -> ExportState:
        """Where the video of this spec stands; finished ones of earlier processes count."""
        key = key_of(spec)
        with self._lock:
            self._look_after_the_process()
            if self._running and self._running.key == key:
                return ExportState(ExportStatus.RUNNING, share=self._last_report(key).share)
            path = self._folder / f"{key}.mp4"
            if path.exists():
                os.utime(path)
                return ExportState(ExportStatus.DONE, share=1.0, path=path)
            return self._failed.get(key, ExportState(ExportStatus.ABSENT))

    def start(self, spec: VideoSpec) -> ExportState:
        """Have the video made, if it is not there or on its way already.

        Raises:
            ExportBusy: another one is being made.
            DiskFull: the disk has no room for it.
        """
        state = self.state(spec)
        if state.status in (ExportStatus.RUNNING, ExportStatus.DONE):
            return state
        with self._lock:
            if self._running:
                raise ExportBusy("Another video is being made.", "Wait for it, or cancel it.")
            check_room(self._folder, Path(spec.video).stat().st_size, next_step=TRY_AGAIN)
            self._tidy()
            key = key_of(spec)
            self._failed.pop(key, None)
            with explain_disk_full(next_step=TRY_AGAIN):
                self._running = self._process(key, spec)
        return self.state(spec)

    def cancel(self, spec: VideoSpec) -> None:
        """Stop making the video of this spec; nothing of it is left. Nothing happens where it is not being made."""
        with self._lock:
            if self._running and self._running.key == key_of(spec):
                self._stop()

    def close(self) -> None:
        """Stop what is being made."""
        with self._lock:
            if self._running:
                self._stop()

    def _process(self, key: str, spec: VideoSpec) -> _Running:
        path = self._folder / f"{key}.spec.json"
        asked = path.open("wb", buffering=0)
        fcntl.flock(asked, fcntl.LOCK_EX)
        asked.write(msgspec.json.encode(spec))
        command = [
            sys.executable,
            "-m",
            "frametally.rendering.video_encoder",
            str(path),
            str(self._folder / f"{key}.mp4"),
        ]
        root = Path(__file__).parents[2]
        found = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        with (self._folder / f"{key}.log").open("wb") as log:
            process = subprocess.Popen(
                command, stdout=log, stdin=subprocess.PIPE, env={**os.environ, "PYTHONPATH": found}
            )
        return _Running(key, process, asked)

    def _look_after_the_process(self) -> None:
        if self._running is None:
            return
        key = self._running.key
        if self._running.process.poll() is None:
            return
        if not (self._folder / f"{key}.mp4").exists():
            report = self._last_report(key)
            what = report.what or "The process that made the video was stopped."
            self._failed[key] = ExportState(ExportStatus.FAILED, what=what, next_step=report.next_step or "Try again.")
        self._forget(self._running)
        self._make_room()

    def _stop(self) -> None:
        if self._running is None:
            return
        process = self._running.process
        process.terminate()
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._forget(self._running)
        self._tidy()

    def _last_report(self, key: str) -> Report:
        try:
            lines = (self._folder / f"{key}.log").read_bytes().splitlines()
            return msgspec.json.decode(lines[-1], type=Report) if lines else Report()
        except (FileNotFoundError, msgspec.DecodeError):  # the last line is on its way
            return Report()

    def _forget(self, ended: _Running) -> None:
        self._running = None
        if ended.process.stdin:
            ended.process.stdin.close()
        self._remove_words(ended.key)
        ended.spec.close()

    def _tidy(self) -> None:
        """Remove what killed processes left."""
        for draft in self._folder.glob("*.part"):
            if is_abandoned(draft):
                draft.unlink(missing_ok=True)
        for asked in self._folder.glob("*.spec.json"):
            if is_abandoned(asked):
                self._remove_words(asked.name.removesuffix(".spec.json"))

    def _remove_words(self, key: str) -> None:
        for name in (f"{key}.log", f"{key}.spec.json"):
            (self._folder / name).unlink(missing_ok=True)

    def _make_room(self) -> None:
        kept = sorted(self._folder.glob("*.mp4"), key=lambda path: path.stat().st_mtime, reverse=True)
        total = 0
        for path in kept:
            total += path.stat().st_size
            if total > self._most_bytes and path != kept[0]:
                path.unlink()


def key_of(spec: VideoSpec) -> str:
    """The same for specs that show the same, in every process."""
    digest = hashlib.sha256(msgspec.json.encode([_FORMAT, spec], order="sorted")).hexdigest()[:32]
    return f"{Path(spec.results).name}-{digest}"
