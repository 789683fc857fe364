"""Makes copies on demand: each once, in a separate process, and keeps it for later requests.

    videos/<sha256>/derived/play-<hash>.mp4               finished
                            play-<hash>.mp4.<uuid>.part   being written; locked by the encoder
                            play-<hash>.progress          the encoder's reports; locked by it

A request starts the encoder or joins the one that runs, in this process or another. Encoders are stopped when the
dashboard ends; what killed ones left is removed with the next request for the same video.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from frametally.errors import FrametallyError
from frametally.library.copies.picture import copied_size
from frametally.library.copies.report import NO_ROOM_FOR_REPORT, copy_path, last_report, progress_path
from frametally.library.copies.room import make_room
from frametally.library.quota import QuotaReached
from frametally.library.upload_store import UploadStore
from frametally.library.video_store import StoredVideo
from frametally.processes.environment import child_environment
from frametally.storage.atomic import PART_SUFFIX, is_abandoned
from frametally.storage.cached_files import fetched
from frametally.storage.space import TRY_AGAIN, check_room, explain_disk_full, format_size
from frametally.video.encoding_process import Report

MAX_BYTES: Final = 8 * 1024**3
"""Maximum total size of all copies; the least recently requested are removed first."""
MAX_AT_ONCE: Final = 1
"""Copies that are made at the same time by one dashboard; further requests wait."""
RETRY_AFTER_S: Final = 60.0
_NO_ROOM: Final = Report(what="The server's disk has no room for a copy of this video.", next_step=TRY_AGAIN)
_BITS_PER_PIXEL: Final = 0.15
"""Of the encoder, for the estimate of a copy's size."""
_STOP_TIMEOUT_S: Final = 5.0


class CopyStatus(StrEnum):
    """Status of a copy."""

    WAITING = "waiting"
    """Other copies are made first."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class CopyState(Struct, frozen=True):
    """Status of a copy, with its progress, file or failure."""

    status: CopyStatus
    share: float = 0.0
    """0 to 1."""
    path: Path | None = None
    """The finished file."""
    message: str = ""
    """What failed, and what to do."""


class _Failure(NamedTuple):
    message: str
    at_s: float


class _Running(NamedTuple):
    target: Path
    process: subprocess.Popen[bytes]


class CopyMaker:
    """Starts the encoder and finds the copies of all videos. Thread-safe."""

    def __init__(self, videos_dir: Path, uploads: UploadStore, *, max_bytes: int = MAX_BYTES) -> None:
        self._videos_dir, self._uploads, self._max_bytes = videos_dir, uploads, max_bytes
        self._lock = threading.Lock()
        self._running: dict[Path, _Running] = {}
        self._failed: dict[Path, _Failure] = {}
        self._is_closed = False

    def request(self, video: StoredVideo) -> CopyState:
        """The state of the copy; it is begun if there is none, and again a minute after it has failed."""
        target = fetched(copy_path(video.place), is_optional=True)
        with self._lock:
            self._collect()
            if target.exists():
                os.utime(target)
                return CopyState(CopyStatus.DONE, share=1.0, path=target)
            failure = self._failed.get(target)
            if failure and time.monotonic() - failure.at_s < RETRY_AFTER_S:
                return CopyState(CopyStatus.FAILED, message=failure.message)
            if target in self._running or _is_made_elsewhere(target):
                return CopyState(CopyStatus.RUNNING, share=last_report(target).share)
            if len(self._running) >= MAX_AT_ONCE or self._is_closed:
                return CopyState(CopyStatus.WAITING)
            return self._begin(video, target)

    def close(self) -> None:
        """Stop the encoders; nothing is begun any more."""
        with self._lock:
            self._is_closed = True
            for running in list(self._running.values()):
                self._stop(running)

    def _begin(self, video: StoredVideo, target: Path) -> CopyState:
        try:
            with explain_disk_full("a copy of this video", TRY_AGAIN):
                target.parent.mkdir(exist_ok=True)
            _tidy(target)
            self._check_fits(_estimated_bytes(video), target)
            self._running[target] = _Running(target, _started(video.path, target))
        except FrametallyError as error:
            return CopyState(CopyStatus.FAILED, message=str(error))
        return CopyState(CopyStatus.RUNNING)

    def _check_fits(self, size_bytes: int, target: Path) -> None:
        check_room(target.parent, size_bytes, "a copy of this video", TRY_AGAIN)
        limit_bytes = self._limit_bytes()
        if size_bytes > limit_bytes:
            raise QuotaReached(
                f"There is no room for a copy of about {format_size(size_bytes)}.",
                "The operator of this dashboard can raise FRAMETALLY_MEDIA_QUOTA_BYTES.",
            )
        make_room(self._videos_dir, limit_bytes - size_bytes)

    def _limit_bytes(self) -> int:
        return min(self._max_bytes, self._uploads.free_bytes())

    def _collect(self) -> None:
        """Record the outcome of encoders that have ended."""
        for running in list(self._running.values()):
            if running.process.poll() is None:
                continue
            report = _NO_ROOM if running.process.returncode == NO_ROOM_FOR_REPORT else last_report(running.target)
            if not running.target.exists() and not _is_made_elsewhere(running.target):
                what = report.what or "Preparing a copy was interrupted."
                message = f"{what} {report.next_step}".strip()
                self._failed[running.target] = _Failure(message, time.monotonic())
            self._forget(running)
            make_room(self._videos_dir, self._limit_bytes(), kept=running.target)

    def _stop(self, running: _Running) -> None:
        running.process.terminate()
        try:
            running.process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.wait()
        self._forget(running)
        _tidy(running.target)

    def _forget(self, ended: _Running) -> None:
        del self._running[ended.target]
        if ended.process.stdin:
            ended.process.stdin.close()
        if is_abandoned(progress_path(ended.target)):
            progress_path(ended.target).unlink(missing_ok=True)


def _estimated_bytes(video: StoredVideo) -> int:
    width_px, height_px = copied_size(*video.info.displayed_wh)
    return round(width_px * height_px * video.info.frame_count * _BITS_PER_PIXEL / 8)


def _is_made_elsewhere(target: Path) -> bool:
    progress = progress_path(target)
    return progress.exists() and not is_abandoned(progress)


def _tidy(target: Path) -> None:
    """Remove what killed encoders left behind."""
    for draft in (*target.parent.glob(f"{target.name}.*{PART_SUFFIX}"), progress_path(target)):
        if is_abandoned(draft):
            draft.unlink(missing_ok=True)


def _started(video: Path, target: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "frametally.library.copies.encoder", str(video), str(target)]
    env = child_environment(os.environ)
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=env)
