"""The tracks of results: each are computed once, in a separate process, and kept with the derived files of the job.

Thread-safe; a process of another dashboard may compute the same, which is harmless: both write the same bytes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec
from msgspec import Struct

from frametally.errors import ResultsError
from frametally.library.video_store import StoredVideo
from frametally.processes.environment import child_environment
from frametally.rendering.playback.sources import orientation_of_info
from frametally.results import Results
from frametally.tracking.kept import find_tracks
from frametally.tracking.settings import TrackerSettings
from frametally.tracking.tracks import Tracks
from frametally.tracking.unique import has_ranges
from frametally.tracking.upright import upright_tracks
from frametally.video.encoding_process import Report

_MAX_OPEN: Final = 6
_MAX_AT_ONCE: Final = 2
_RETRY_AFTER_S: Final = 30.0
_STOP_TIMEOUT_S: Final = 5.0


class TrackingSpec(Struct, frozen=True):
    """What the process tracks."""

    results: str
    """Folder of the results."""
    model: str
    video: str
    """Path of the stored video, by which the results are placed."""


class Tracking(Struct, frozen=True):
    """The tracks are being computed."""

    state: str = "running"
    share: float = 0.0


class _Key(NamedTuple):
    folder: Path
    model: str
    written_ns: int
    video_sha256: str
    """On whose picture the tracks are; empty without a video."""


@dataclass
class _Running:
    process: subprocess.Popen[bytes]
    log: BinaryIO


class TrackingRuns:
    """Starts the processes and keeps the most recently used tracks in memory."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self._settings = settings or TrackerSettings()
        self._lock = threading.Lock()
        self._open: OrderedDict[_Key, Tracks] = OrderedDict()
        self._running: dict[_Key, _Running] = {}
        self._failed: dict[_Key, tuple[float, ResultsError]] = {}
        self._without_ranges: set[_Key] = set()
        """Tracks that others made, or whose process ended early."""

    def get(self, results: Results, model: str, video: StoredVideo | None) -> Tracks | Tracking:
        """The tracks of a model on the upright picture, or how far they are; they are begun if they are not kept.

        Raises:
            ResultsError: they cannot be computed.
        """
        key = _Key(results.folder, model, results.written_ns, video.sha256 if video else "")
        with self._lock:
            self._collect()
            if key in self._open:
                self._open.move_to_end(key)
                self._find_ranges(key, video)
                return self._open[key]
            share = _last_report(self._running[key].log).share if key in self._running else 1.0
            if share < 1:
                return Tracking(share=share)
        found = find_tracks(results, model, self._settings)
        if found is not None and video is not None:
            upright_wh = video.info.width_px, video.info.height_px
            found = upright_tracks(found, results, model, upright_wh, orientation_of_info(video.info))
        with self._lock:
            if found is None:
                return self._begin(key, video)
            if not has_ranges(results, model, self._settings) and key not in self._running:
                self._without_ranges.add(key)
                self._find_ranges(key, video)
            return self._remember(key, found)

    def close(self) -> None:
        """Stop the processes."""
        with self._lock:
            for key in list(self._running):
                process = self._running[key].process
                process.terminate()
                try:
                    process.wait(_STOP_TIMEOUT_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                self._forget(key)

    def _remember(self, key: _Key, tracks: Tracks) -> Tracks:
        self._open[key] = tracks
        while len(self._open) > _MAX_OPEN:
            self._open.popitem(last=False)
        return tracks

    def _begin(self, key: _Key, video: StoredVideo | None) -> Tracking:
        failure = self._failed.get(key)
        if failure and time.monotonic() - failure[0] < _RETRY_AFTER_S:
            raise failure[1]
        self._start(key, video)
        return Tracking()

    def _find_ranges(self, key: _Key, video: StoredVideo | None) -> None:
        """Once, however the process ends."""
        if key in self._without_ranges and self._start(key, video):
            self._without_ranges.discard(key)

    def _start(self, key: _Key, video: StoredVideo | None) -> bool:
        if len(self._running) >= _MAX_AT_ONCE or key in self._running:
            return False
        path = str(video.path) if video else ""
        self._running[key] = _started(TrackingSpec(str(key.folder), key.model, path))
        return True

    def _collect(self) -> None:
        """Take note of processes that have ended."""
        for key in [key for key, running in self._running.items() if running.process.poll() is not None]:
            report = _last_report(self._running[key].log)
            if report.share < 1:
                what = report.what or "Tracking the objects was interrupted."
                self._failed[key] = (time.monotonic(), ResultsError(what, report.next_step or "Try again."))
            self._forget(key)

    def _forget(self, key: _Key) -> None:
        running = self._running.pop(key)
        if running.process.stdin:
            running.process.stdin.close()
        running.log.close()


def _started(spec: TrackingSpec) -> _Running:
    log = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
    command = [sys.executable, "-m", "frametally.rendering.regions.tracking_process"]
    env = child_environment(os.environ)
    process = subprocess.Popen(command, stdout=log, stdin=subprocess.PIPE, env=env)
    if process.stdin:
        process.stdin.write(msgspec.json.encode(spec) + b"\n")
        process.stdin.flush()
    return _Running(process, log)


def _last_report(log: BinaryIO) -> Report:
    size = os.fstat(log.fileno()).st_size
    lines = os.pread(log.fileno(), 4096, max(size - 4096, 0)).splitlines()
    for line in reversed(lines):  # the last one may be incomplete
        try:
            return msgspec.json.decode(line, type=Report)
        except msgspec.DecodeError:
            continue
    return Report()
