"""The engine's memory: a folder per job. Which files are there *is* the state, so a killed engine loses nothing.

uploads/<upload_id>             a video that arrived whole
uploads/<upload_id>.….part      one that is still arriving, or never will
jobs/<job_id>/video             the job's video: a second name of the upload, or what was fetched
jobs/<job_id>/request.json      it is queued; written last: before it there is no job
jobs/<job_id>/progress.json     how far its worker is; no state, stale after a crash, gone when it has ended
jobs/<job_id>/deaths.json       how many workers died over it
jobs/<job_id>/work/             what a run keeps on its way
jobs/<job_id>/results.json      it is done
jobs/<job_id>/failure.json      it failed, and why; also where somebody called it off
"""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from frametally.contract import CANCELLED, ModelRequest, RunProgress
from frametally.errors import MediaError
from frametally.storage.atomic import PendingFile, publish, read_json, write_json
from frametally.storage.folders import last_change
from frametally.storage.hard_links import link_or_copy
from frametally.storage.locks import locked

MAX_DEATHS: Final = 3
MAX_KILLS: Final = 10
KEEP_PARTS_S: Final = 24 * 3600.0
KEEP_S: Final = 7 * 24 * 3600.0
"""The contract's week for further runs of an uploaded video; as long for the results of a job that has ended."""

_BY_KEY: Final = uuid.UUID("6f1f7c1e-30f7-4b0c-9a5e-2f9f5f0c6d11")
"""Makes a job's id out of the key that its start came with."""

State = Literal["queued", "done", "failed"]


class JobRequest(Struct, frozen=True, kw_only=True):
    """What a job asks for. Without `url` its video is already in its folder."""

    models: list[ModelRequest]
    infer_fps: float
    url: str | None = None


class Progress(Struct, frozen=True):
    """How far a job is, 0 to 1, which process is at it, and what else that one tells."""

    fraction: float
    worker_pid: int
    run_progress: RunProgress = RunProgress()


class Failure(Struct, frozen=True):
    """Why a job failed, for a person to read."""

    reason: str


class Deaths(Struct, frozen=True):
    """How many workers died over the job, and how many somebody killed meanwhile."""

    count: int = 0
    killed: int = 0

    @property
    def are_too_many(self) -> bool:
        return self.count >= MAX_DEATHS or self.killed >= MAX_KILLS


class Job:
    """The folder of one job."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def video(self) -> Path:
        return self.folder / "video"

    @property
    def results(self) -> Path:
        return self.folder / "results.json"

    @property
    def state(self) -> State | None:
        """None: there is no such job."""
        if self.results.exists():
            return "done"
        if (self.folder / "failure.json").exists():
            return "failed"
        return "queued" if (self.folder / "request.json").exists() else None

    @property
    def accepted_ns(self) -> int:
        return (self.folder / "request.json").stat().st_mtime_ns

    @property
    def request(self) -> JobRequest:
        return msgspec.json.decode((self.folder / "request.json").read_bytes(), type=JobRequest)

    @property
    def progress(self) -> Progress | None:
        return read_json(self._progress, Progress)

    @property
    def failure(self) -> Failure | None:
        return read_json(self.folder / "failure.json", Failure)

    @property
    def is_cancelled(self) -> bool:
        return (failure := self.failure) is not None and failure.reason == CANCELLED

    def report(self, progress: Progress) -> None:
        """Say how far it is. Not synced: after a crash the job starts again anyway."""
        write_json(self._progress, progress, sync=False)

    def cancel(self) -> bool:
        """End it because nobody wants it any more; False where it had ended before."""
        return self._end(CANCELLED)

    def fail(self, reason: str) -> bool:
        """End it without results; False where it had ended before."""
        shutil.rmtree(self._work, ignore_errors=True)  # first, for the same reason
        return self._end(reason)

    def finish(self, draft: Path) -> None:
        """End it with these results, a file in its work folder that becomes `results.json`.

        A job that had ended before stays as it was.
        """
        with self._ending() as is_first:
            if is_first:
                publish(draft, self.results)
        self.let_go()

    def let_go(self) -> None:
        """Remove what an ended job does not need."""
        shutil.rmtree(self._work, ignore_errors=True)
        self.video.unlink(missing_ok=True)
        self._progress.unlink(missing_ok=True)

    def new_work_folder(self) -> Path:
        """An empty folder for what a run keeps on its way; nothing of an earlier run is left in it."""
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir()
        return self._work

    def count_death(self, *, was_killed: bool) -> None:
        """Note that its worker died; where that was one time too many, the job has failed."""
        path = self.folder / "deaths.json"
        earlier = read_json(path, Deaths) or Deaths()
        deaths = Deaths(earlier.count + (not was_killed), earlier.killed + was_killed)
        write_json(path, deaths)
        if deaths.are_too_many:
            self.fail(
                f"The engine's worker died {deaths.count + deaths.killed} times while it ran this job, most likely for "
                "lack of memory. Try a smaller model or a smaller picture."
            )

    def _end(self, reason: str) -> bool:
        with self._ending() as is_first:
            if is_first:
                self._progress.unlink(missing_ok=True)  # on a full disk it makes the room for the reason
                write_json(self.folder / "failure.json", Failure(reason))
        self.let_go()
        return is_first

    @contextmanager
    def _ending(self) -> Iterator[bool]:
        """One at a time ends it, of the worker and all who cancel: whether nobody did before."""
        with (self.folder / "request.json").open("r+b") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # let go when the file is closed, also by a crash
            yield self.state == "queued"

    @property
    def _progress(self) -> Path:
        return self.folder / "progress.json"

    @property
    def _work(self) -> Path:
        return self.folder / "work"


class Spool:
    """All uploads and jobs of one engine. Several processes may work on the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._uploads = folder / "uploads"
        self._jobs = folder / "jobs"
        for path in (folder, self._uploads, self._jobs):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def receive(self, upload_id: str) -> PendingFile:
        """Begin to write an upload down."""
        return PendingFile(self._uploads / upload_id)

    def forget_old(self, *, now_s: float, keep_s: float = KEEP_S) -> None:
        """Remove uploads and ended jobs of more than `keep_s` ago, and what stopped arriving yesterday.

        Jobs keep their own videos. A folder that never became a job goes like one that has ended.
        """
        for path in self._uploads.iterdir():
            with suppress(FileNotFoundError):  # what is arriving may just have been discarded
                if now_s - path.stat().st_mtime > (KEEP_PARTS_S if path.suffix == ".part" else keep_s):
                    path.unlink()
        for job in self._all_jobs():
            state = job.state
            if state != "queued" and now_s - last_change(job.folder) > keep_s:
                shutil.rmtree(job.folder, ignore_errors=True)
            elif state in ("done", "failed"):  # a worker that was killed as it ended one
                job.let_go()

    def accept(self, request: JobRequest, *, upload_id: str | None = None, key: str = "") -> Job:
        """Write a job down; from then on it is queued, whatever happens to this process.

        Asked again with the same `key`, the answer is the job that is there.

        Raises:
            MediaError: nothing was uploaded under `upload_id`, or another job came with this key.
        """
        job = Job(self._jobs / str(uuid.uuid5(_BY_KEY, key) if key else uuid.uuid4()))
        job.folder.mkdir(mode=0o700, exist_ok=bool(key))
        with locked(job.folder):
            if job.state is None:
                self._write(job, request, upload_id)
            elif job.request != request:
                raise MediaError("Another job was started with this Idempotency-Key.", "Give each job its own.")
        return job

    def _write(self, job: Job, request: JobRequest, upload_id: str | None) -> None:
        try:
            if upload_id is not None:
                job.video.unlink(missing_ok=True)  # of a start that a crash cut short
                # A second name, not a copy: what is uploaded to the link later does not change a running job.
                link_or_copy(self._uploads / upload_id, job.video)
            write_json(job.folder / "request.json", request)
        except OSError as error:
            shutil.rmtree(job.folder, ignore_errors=True)
            if isinstance(error, FileNotFoundError):
                raise MediaError("Nothing was uploaded to this link.", "PUT the video to it first.") from error
            raise

    def find(self, job_id: str) -> Job | None:
        """The job with this id, which may be any text that came over the wire."""
        try:
            folder = self._jobs / str(uuid.UUID(job_id))
        except ValueError:
            return None
        job = Job(folder)
        return job if job.state else None

    def queued(self, *, known_ended: set[str]) -> list[Job]:
        """Jobs that wait for a worker, the one accepted first first.

        `known_ended` remembers ids between calls, so that a spool with years of jobs is not looked through each time.
        """
        waiting = []
        for job in self._all_jobs():
            if job.id in known_ended:
                continue
            state = job.state
            if state == "queued":
                waiting.append(job)
            elif state is not None:
                known_ended.add(job.id)
        return sorted(waiting, key=lambda job: job.accepted_ns)

    def jobs_before(self, job: Job, *, known_ended: set[str]) -> int:
        """How many jobs have their turn before this one."""
        ids = [waiting.id for waiting in self.queued(known_ended=known_ended)]
        return ids.index(job.id) if job.id in ids else 0

    def note_worker_death(self, worker_pid: int, *, was_killed: bool) -> bool:
        """Count the death of a worker against the job that it ran, if it ran one; the job runs again, but not for ever.

        `was_killed`: from outside, which is not the job's fault and may happen more often.
        """
        for job in self.queued(known_ended=set()):
            if (progress := job.progress) and progress.worker_pid == worker_pid:
                job.count_death(was_killed=was_killed)
                return True
        return False

    def _all_jobs(self) -> Iterator[Job]:
        with os.scandir(self._jobs) as entries:
            yield from (Job(Path(entry.path)) for entry in entries)
