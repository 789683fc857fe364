"""Annotated videos: each is encoded once, in a separate process, and kept for later requests with the same settings.

    results/<job>/derived/video-<hash>.mp4              finished
                          video-<hash>.mp4.<uuid>.part  being written; locked by the encoder
                          video-<hash>.spec.json        its settings; locked by the dashboard that waits for it
                          video-<hash>.log              standard output of the encoder

Each dashboard process encodes one video at a time and stops its encoder when it ends. After a restart, finished videos
are found by their name and leftovers are removed; failures are kept in memory only.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec
from msgspec import Struct

from frametally.analysis.view_spec import ViewSpec
from frametally.errors import MediaError
from frametally.processes.environment import child_environment
from frametally.storage.atomic import is_abandoned
from frametally.storage.derived import derived_files, derived_path, make_derived_folder
from frametally.storage.space import TRY_AGAIN, check_room, explain_disk_full
from frametally.video.encoding_process import Report

MAX_BYTES: Final = 4 * 1024**3
"""Maximum total size of finished videos; the least recently requested are removed first."""
_FORMAT: Final = 3
"""Part of the hash in every name; with a new number, all videos are encoded again."""
_KIND: Final = "video"
_STOP_TIMEOUT_S: Final = 5.0


class VideoSpec(Struct, frozen=True, kw_only=True):
    """What an annotated video shows."""

    video: str
    """Path of the stored video."""
    results: str
    """Folder of the job's results."""
    view: ViewSpec
    colors: dict[str, str]
    """Hex color by display name of the class."""
    every_frame: bool = True
    """Otherwise only analyzed frames, each shown until the next."""

    regions: str = ""
    """Lines and zones to draw with their counts, as JSON; empty: none."""

    @property
    def path(self) -> Path:
        """Where the finished video is; the same for specs that show the same."""
        # The folder identifies the job, which has one video; the two paths may change, so the hash leaves them out.
        settings: tuple[object, ...] = (_FORMAT, self.view, self.colors, self.every_frame)
        if self.regions:
            settings += (self.regions,)
        return derived_path(Path(self.results), _KIND, settings, "mp4")


class ExportBusy(MediaError):
    """Another video is being encoded."""


class ExportStatus(StrEnum):
    """Status of an annotated video."""

    ABSENT = "absent"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ExportState(Struct, frozen=True):
    """Status of an annotated video, with its progress, file or failure."""

    status: ExportStatus
    share: float = 0.0
    """0 to 1."""
    path: Path | None = None
    """The finished file."""
    what: str = ""
    """What failed."""
    next_step: str = ""


class _Running(NamedTuple):
    target: Path
    process: subprocess.Popen[bytes]
    spec: BinaryIO
    """Locked while this process waits for the video."""


class VideoExporter:
    """Starts the encoder and finds the annotated videos of all jobs. Thread-safe."""

    def __init__(self, results_dir: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self._results_dir = results_dir
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._running: _Running | None = None
        self._failed: dict[Path, ExportState] = {}
        self._tidy()

    def state(self, spec: VideoSpec) -> ExportState:
        """The state of the video with this spec, including videos of earlier processes."""
        target = spec.path
        with self._lock:
            self._collect()
            if self._running and self._running.target == target:
                return ExportState(ExportStatus.RUNNING, share=_last_report(target).share)
            if target.exists():
                os.utime(target)
                return ExportState(ExportStatus.DONE, share=1.0, path=target)
            return self._failed.get(target, ExportState(ExportStatus.ABSENT))

    def start(self, spec: VideoSpec) -> ExportState:
        """Start to encode the video, unless it exists or is being encoded.

        Raises:
            ExportBusy: another video is being encoded.
            DiskFull: there is not enough disk space.
            ResultsError: the results no longer exist.
        """
        state = self.state(spec)
        if state.status in (ExportStatus.RUNNING, ExportStatus.DONE):
            return state
        with self._lock:
            if self._running:
                raise ExportBusy("Another video is being rendered.", "Wait until it is done, or cancel it.")
            folder = make_derived_folder(Path(spec.results))
            check_room(folder, Path(spec.video).stat().st_size, next_step=TRY_AGAIN)
            self._tidy()
            self._failed.pop(spec.path, None)
            with explain_disk_full(next_step=TRY_AGAIN):
                self._running = _start_encoder(spec)
        return self.state(spec)

    def cancel(self, spec: VideoSpec) -> None:
        """Stop encoding the video and remove what was written; does nothing if it is not being encoded."""
        with self._lock:
            if self._running and self._running.target == spec.path:
                self._stop()

    def close(self) -> None:
        """Stop the encoder."""
        with self._lock:
            if self._running:
                self._stop()

    def _collect(self) -> None:
        """Record the outcome of an encoder that has ended."""
        if self._running is None or self._running.process.poll() is None:
            return
        target = self._running.target
        if not target.exists():
            report = _last_report(target)
            what = report.what or "Rendering the video was interrupted."
            self._failed[target] = ExportState(
                ExportStatus.FAILED, what=what, next_step=report.next_step or "Try again."
            )
        self._forget(self._running)
        self._make_room(target)

    def _stop(self) -> None:
        if self._running is None:
            return
        process = self._running.process
        process.terminate()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._forget(self._running)
        self._tidy()

    def _forget(self, ended: _Running) -> None:
        self._running = None
        if ended.process.stdin:
            ended.process.stdin.close()
        _remove_notes(ended.target)
        ended.spec.close()

    def _tidy(self) -> None:
        """Remove what killed processes left behind."""
        for draft in derived_files(self._results_dir, f"{_KIND}-*.part"):
            if is_abandoned(draft):
                draft.unlink(missing_ok=True)
        for spec in derived_files(self._results_dir, f"{_KIND}-*.spec.json"):
            if is_abandoned(spec):
                _remove_notes(spec.with_name(spec.name.replace(".spec.json", ".mp4")))

    def _make_room(self, newest: Path) -> None:
        videos = [(path.stat(), path) for path in derived_files(self._results_dir, f"{_KIND}-*.mp4")]
        total_bytes = 0
        for status, path in sorted(videos, key=lambda video: (video[1] != newest, -video[0].st_mtime)):
            total_bytes += status.st_size
            if total_bytes > self._max_bytes and path != newest:
                path.unlink(missing_ok=True)


def _start_encoder(spec: VideoSpec) -> _Running:
    target = spec.path
    spec_path = target.with_suffix(".spec.json")
    spec_file = spec_path.open("wb", buffering=0)
    fcntl.flock(spec_file, fcntl.LOCK_EX)
    spec_file.write(msgspec.json.encode(spec))
    command = [sys.executable, "-m", "frametally.rendering.video_encoder", str(spec_path), str(target)]
    env = child_environment(os.environ)
    with target.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stdin=subprocess.PIPE, env=env)
    return _Running(target, process, spec_file)


def _last_report(target: Path) -> Report:
    try:
        lines = target.with_suffix(".log").read_bytes().splitlines()
        return msgspec.json.decode(lines[-1], type=Report) if lines else Report()
    except (FileNotFoundError, msgspec.DecodeError):  # the last line may be incomplete
        return Report()


def _remove_notes(target: Path) -> None:
    for ending in (".log", ".spec.json"):
        target.with_suffix(ending).unlink(missing_ok=True)
