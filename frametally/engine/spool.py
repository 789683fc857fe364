"""The engine's queue on disk: a folder per job. Which files exist is the state, so a killed engine loses nothing.

uploads/<upload_id>             a complete upload
uploads/<upload_id>.….part      an incomplete one
jobs/<job_id>/video             the job's video: a hard link to the upload, or the downloaded file
jobs/<job_id>/request.json      the job is queued; written last: without it, the job does not exist
jobs/<job_id>/progress.json     progress of the worker; not a state: stale after a crash, deleted when the job ends
jobs/<job_id>/deaths.json       how many workers crashed or were killed during the job
jobs/<job_id>/work/             temporary files of a run
jobs/<job_id>/results.json      the job is done
jobs/<job_id>/failure.json      the job failed or was canceled; contains the reason
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
PART_RETENTION_S: Final = 24 * 3600.0
RETENTION_S: Final = 7 * 24 * 3600.0
"""Uploaded videos can be used for further jobs for a week, as in the contract; ended jobs are kept as long."""

JOB_NAMESPACE: Final = uuid.UUID("6f1f7c1e-30f7-4b0c-9a5e-2f9f5f0c6d11")
"""Namespace of the job ids that are derived from an idempotency key."""

State = Literal["queued", "done", "failed"]


class JobRequest(Struct, frozen=True, kw_only=True):
    """Parameters of a job. Without `url` its video is already in its folder."""

    models: list[ModelRequest]
    infer_fps: float
    url: str | None = None


class WorkerProgress(Struct, frozen=True):
    """Progress of a job, 0 to 1, as its worker process reports it."""

    fraction: float
    worker_pid: int
    run_progress: RunProgress = RunProgress()
    reported_at_s: float | None = None
    """When it was reported, on the monotonic clock of the machine, which all of its processes share."""

    def run_progress_at(self, now_s: float) -> RunProgress:
        """The run's progress with the remaining time as of now; unchanged once the next report is overdue."""
        speed = self.run_progress.frames_per_second
        if speed is None or self.reported_at_s is None:
            return self.run_progress
        return self.run_progress.after(min(max(now_s - self.reported_at_s, 0.0), max(1.0, 2 / speed)))


class JobFailure(Struct, frozen=True):
    """Why a job failed, as text for the user."""

    reason: str


class WorkerDeaths(Struct, frozen=True):
    """How many workers crashed during the job, and how many were killed from outside."""

    count: int = 0
    killed: int = 0

    @property
    def is_over_limit(self) -> bool:
        return self.count >= MAX_DEATHS or self.killed >= MAX_KILLS


class SpooledJob:
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
        """None if there is no such job."""
        if self.results.exists():
            return "done"
        if (self.folder / "failure.json").exists():
            return "failed"
        return "queued" if (self.folder / "request.json").exists() else None

    @property
    def is_available(self) -> bool:
        """Whether its results can be downloaded."""
        return self.state == "done"

    @property
    def accepted_ns(self) -> int:
        return (self.folder / "request.json").stat().st_mtime_ns

    @property
    def request(self) -> JobRequest:
        return msgspec.json.decode((self.folder / "request.json").read_bytes(), type=JobRequest)

    @property
    def progress(self) -> WorkerProgress | None:
        return read_json(self._progress, WorkerProgress)

    @property
    def failure(self) -> JobFailure | None:
        return read_json(self.folder / "failure.json", JobFailure)

    @property
    def is_cancelled(self) -> bool:
        return (failure := self.failure) is not None and failure.reason == CANCELLED

    def report(self, progress: WorkerProgress) -> None:
        """Write the progress. Not synced: after a crash the job starts again anyway."""
        write_json(self._progress, progress, sync=False)

    def cancel(self) -> bool:
        """End the job as canceled; returns False if it had already ended."""
        return self._end(CANCELLED)

    def fail(self, reason: str) -> bool:
        """End the job without results; returns False if it had already ended."""
        shutil.rmtree(self._work, ignore_errors=True)  # first: on a full disk this frees space for the reason
        return self._end(reason)

    def finish(self, draft: Path) -> None:
        """End the job with these results, a file in its work folder that becomes `results.json`.

        A job that has already ended does not change.
        """
        with self._ending() as is_first:
            if is_first:
                publish(draft, self.results)
        self.delete_work_files()

    def delete_work_files(self) -> None:
        """Delete the files that an ended job does not need."""
        shutil.rmtree(self._work, ignore_errors=True)
        self.video.unlink(missing_ok=True)
        self._progress.unlink(missing_ok=True)

    def new_work_folder(self) -> Path:
        """An empty folder for the temporary files of a run."""
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir()
        return self._work

    def record_death(self, *, was_killed: bool) -> None:
        """Record the death of the job's worker; the job fails once `MAX_DEATHS` or `MAX_KILLS` is reached."""
        path = self.folder / "deaths.json"
        earlier = read_json(path, WorkerDeaths) or WorkerDeaths()
        deaths = WorkerDeaths(earlier.count + (not was_killed), earlier.killed + was_killed)
        write_json(path, deaths)
        if deaths.is_over_limit:
            self.fail(
                f"The engine crashed {deaths.count + deaths.killed} times during this job, most likely for lack of "
                "memory. Use a smaller model or a smaller input size."
            )

    def _end(self, reason: str) -> bool:
        with self._ending() as is_first:
            if is_first:
                self._progress.unlink(missing_ok=True)  # on a full disk this frees space for the reason
                write_json(self.folder / "failure.json", JobFailure(reason))
        self.delete_work_files()
        return is_first

    @contextmanager
    def _ending(self) -> Iterator[bool]:
        """Hold the lock under which a job ends; yields whether it has not ended yet."""
        with (self.folder / "request.json").open("r+b") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # released when the file is closed, also by a crash
            yield self.state == "queued"

    @property
    def _progress(self) -> Path:
        return self.folder / "progress.json"

    @property
    def _work(self) -> Path:
        return self.folder / "work"


class Spool:
    """All uploads and jobs of one engine. Several processes may use the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._uploads = folder / "uploads"
        self._jobs = folder / "jobs"
        for path in (folder, self._uploads, self._jobs):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def receive(self, upload_id: str) -> PendingFile:
        """A pending file for the body of an upload."""
        return PendingFile(self._uploads / upload_id)

    def delete_old(self, *, now_s: float, retention_s: float = RETENTION_S) -> None:
        """Delete uploads and ended jobs older than `retention_s`, and incomplete uploads older than a day.

        Jobs have their own links to their videos. A folder that never became a job is treated as an ended one.
        """
        for path in self._uploads.iterdir():
            with suppress(FileNotFoundError):  # an incomplete upload may be discarded at any time
                if now_s - path.stat().st_mtime > (PART_RETENTION_S if path.suffix == ".part" else retention_s):
                    path.unlink()
        for job in self._jobs_except(set()):
            state = job.state
            if state != "queued" and now_s - last_change(job.folder) > retention_s:
                shutil.rmtree(job.folder, ignore_errors=True)
            elif state in ("done", "failed"):  # left by a worker that was killed while it ended the job
                job.delete_work_files()

    def accept(self, request: JobRequest, *, upload_id: str | None = None, key: str = "") -> SpooledJob:
        """Queue a job; it stays queued if this process crashes. Idempotent for the same `key`.

        Raises:
            MediaError: nothing was uploaded under `upload_id`, or another job was started with this key.
        """
        job = SpooledJob(self._jobs / str(uuid.uuid5(JOB_NAMESPACE, key) if key else uuid.uuid4()))
        job.folder.mkdir(mode=0o700, exist_ok=bool(key))
        with locked(job.folder):
            if job.state is None:
                self._write(job, request, upload_id)
            elif job.request != request:
                raise MediaError("Another job was started with this Idempotency-Key.", "Use one key per job.")
        return job

    def _write(self, job: SpooledJob, request: JobRequest, upload_id: str | None) -> None:
        try:
            if upload_id is not None:
                job.video.unlink(missing_ok=True)  # left by a start that a crash interrupted
                # A hard link, not a copy: a later upload to the same link does not change a running job.
                link_or_copy(self._uploads / upload_id, job.video)
            write_json(job.folder / "request.json", request)
        except OSError as error:
            shutil.rmtree(job.folder, ignore_errors=True)
            if isinstance(error, FileNotFoundError):
                raise MediaError("Nothing was uploaded to this link.", "PUT the video to it first.") from error
            raise

    def find(self, job_id: str) -> SpooledJob | None:
        """The job with this id; None if there is none. The id may be any text from a request."""
        try:
            folder = self._jobs / str(uuid.UUID(job_id))
        except ValueError:
            return None
        job = SpooledJob(folder)
        return job if job.state else None

    def queued(self, *, known_ended: set[str]) -> list[SpooledJob]:
        """Jobs that wait for a worker, oldest first.

        `known_ended` caches the ids of ended jobs between calls, so that their folders are not inspected again.
        """
        waiting = []
        for job in self._jobs_except(known_ended):
            state = job.state
            if state == "queued":
                waiting.append(job)
            elif state is not None:
                known_ended.add(job.id)
        return sorted(waiting, key=lambda job: job.accepted_ns)

    def jobs_before(self, job_id: str, *, known_ended: set[str]) -> int:
        """Number of queued jobs before this one."""
        ids = [waiting.id for waiting in self.queued(known_ended=known_ended)]
        return ids.index(job_id) if job_id in ids else 0

    def record_worker_death(self, worker_pid: int, *, was_killed: bool) -> bool:
        """Count the death of a worker against the job that it was running; returns whether there was such a job.

        The job runs again until a limit is reached. The limit is higher if the worker was killed from outside, which
        is not caused by the job.
        """
        for job in self.queued(known_ended=set()):
            if (progress := job.progress) and progress.worker_pid == worker_pid:
                job.record_death(was_killed=was_killed)
                return True
        return False

    def _jobs_except(self, known: set[str]) -> list[SpooledJob]:
        """All other jobs. What is no longer there is no longer known: its key can start a job of the same id."""
        with os.scandir(self._jobs) as entries:
            ids = [entry.name for entry in entries]
        known.intersection_update(ids)
        return [SpooledJob(self._jobs / job_id) for job_id in ids if job_id not in known]
