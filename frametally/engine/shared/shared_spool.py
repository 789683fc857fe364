"""The spool of an engine whose uploads and jobs other engines know as well, as the API sees it.

Beside the files of `spool.py`:

uploads/<video_id>              a video that arrived here, under the name that it has for all engines
jobs/<job_id>/accepted.json     the job is to be published: written before its record, `request.json` after it
jobs/<job_id>/published         its end is published
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from frametally.contract import CANCELLED, RunProgress
from frametally.engine.shared.records import AcceptedJob, JobEnd, PublishedProgress, Records
from frametally.engine.spool import JOB_NAMESPACE, JobFailure, JobRequest, Spool, SpooledJob, State, WorkerProgress
from frametally.errors import MediaError
from frametally.storage.atomic import PART_SUFFIX, PendingFile, is_abandoned, read_json, write_json
from frametally.storage.hard_links import link_or_copy
from frametally.storage.locks import locked
from frametally.storage.objects import StoreUnavailable

_OTHER_JOB: Final = "Another job was started with this Idempotency-Key.", "Use one key per job."
_NO_VIDEO: Final = "Nothing was uploaded to this link.", "PUT the video to it first."
_ONLY_THERE: Final = "Only the dashboard that ran this job has its results."


class SharedJob(SpooledJob):
    """A job that this engine has."""

    @property
    def accepted(self) -> AcceptedJob | None:
        """None for a job of the dashboard itself."""
        return read_json(self.folder / "accepted.json", AcceptedJob)

    @property
    def is_published(self) -> bool:
        return (self.folder / "published").exists()

    @property
    def is_available(self) -> bool:
        return super().is_available and not self.is_undecided

    @property
    def is_undecided(self) -> bool:
        """Whether it has ended here, but another engine may have canceled it, and has no results of it."""
        state = self.state
        has_ended = state == "done" or (state == "failed" and not self.is_cancelled)
        return has_ended and not self.is_published and self.accepted is not None

    def mark_published(self) -> None:
        (self.folder / "published").touch()

    def queue(self, accepted: AcceptedJob, uploads: Path) -> None:
        """Let the worker run it.

        Raises:
            FileNotFoundError: its video has not been brought here.
        """
        if accepted.video_id is not None and (arrived := uploads / accepted.video_id).exists():
            self.video.unlink(missing_ok=True)  # a crash may have left half a copy
            link_or_copy(arrived, self.video)
        elif accepted.video_id is not None and not self.video.exists():
            raise FileNotFoundError(accepted.video_id)
        write_json(self.folder / "request.json", accepted.request)

    def forget(self) -> None:
        """Another engine has it. The folder stays, as others may wait for its lock; it is deleted as an ended job."""
        (self.folder / "accepted.json").unlink(missing_ok=True)

    def refuse(self, accepted: AcceptedJob, reason: str) -> None:
        """End it before it was queued."""
        write_json(self.folder / "failure.json", JobFailure(reason))
        write_json(self.folder / "request.json", accepted.request)

    def withdraw(self) -> None:
        """Turn the end into a canceled one: this is what another engine has answered."""
        write_json(self.folder / "failure.json", JobFailure(CANCELLED))
        self.results.unlink(missing_ok=True)


class JobElsewhere:
    """A job that another engine has, as far as it has published it."""

    def __init__(self, job_id: str, records: Records, end: JobEnd | None, progress: PublishedProgress | None) -> None:
        self.id, self._records, self._end = job_id, records, end
        self._progress = progress or PublishedProgress(0.0, RunProgress())
        self.results_bytes = records.results_bytes(job_id) if end == JobEnd() else None

    @property
    def state(self) -> State:
        if self._end is None:
            return "queued"
        return "done" if self._end.failure is None else "failed"

    @property
    def is_available(self) -> bool:
        return self.results_bytes is not None

    @property
    def failure(self) -> JobFailure | None:
        if self.state == "done" and not self.is_available:
            return JobFailure(_ONLY_THERE)
        return JobFailure(self._end.failure) if self._end and self._end.failure is not None else None

    @property
    def is_cancelled(self) -> bool:
        return self._end is not None and self._end.failure == CANCELLED

    @property
    def progress(self) -> WorkerProgress | None:
        return WorkerProgress(self._progress.fraction, 0, self._progress.run_progress)

    def cancel(self) -> bool:
        """End the job as canceled; returns False if it had already ended."""
        if self._end is None:
            self._end = self._records.cancel(self.id)
            return self.is_cancelled
        return False

    def blocks(self) -> Iterator[bytes]:
        """The results."""
        return self._records.results(self.id, self.results_bytes or 0)


class SharedUpload(PendingFile):
    """The body of an upload, which others have as well once it is complete."""

    def __init__(self, uploads: Path, upload_id: str, records: Records) -> None:
        self._upload_id, self._records, self._video_id = upload_id, records, str(uuid.uuid4())
        self._video = uploads / self._video_id
        super().__init__(self._video)

    def commit(self) -> None:
        super().commit()
        try:
            self._records.publish_upload(self._upload_id, self._video_id, self._video)
        except BaseException:
            self._video.unlink(missing_ok=True)
            raise


class SharedSpool(Spool):
    """All uploads and jobs of one engine, and through the records those of others."""

    def __init__(self, folder: Path, records: Records) -> None:
        super().__init__(folder)
        self.records = records

    def receive(self, upload_id: str) -> PendingFile:
        self.records.check()
        return SharedUpload(self._uploads, upload_id, self.records)

    def accept(self, request: JobRequest, *, upload_id: str | None = None, key: str = "") -> SharedJob:
        """Queue a job here, unless an engine has one of this key. Idempotent for the same `key` at all engines.

        Raises:
            MediaError: nothing was uploaded under `upload_id`, or another job was started with this key.
            StoreUnavailable: with a `key`, it may have been accepted.
        """
        video_id = None if upload_id is None else self._video_id(upload_id)
        job = self._job(str(uuid.uuid5(JOB_NAMESPACE, key) if key else uuid.uuid4()))
        job.folder.mkdir(mode=0o700, exist_ok=bool(key))
        with locked(job.folder):
            if job.state is not None:
                earlier = job.request
            else:
                accepted = job.accepted or AcceptedJob(self.records.engine_id, request, video_id)
                earlier = self._begin(job, accepted, is_repeatable=bool(key)).request
        if earlier != request:
            raise MediaError(*_OTHER_JOB)
        return job

    def find(self, job_id: str) -> SharedJob | None:
        """None also for a job that has ended here, and not for the others yet."""
        found = super().find(job_id)
        job = SharedJob(found.folder) if found else None
        return None if job and job.is_undecided else job

    def find_elsewhere(self, job_id: str) -> JobElsewhere | None:
        """A job that `find` does not have, as the records say."""
        try:
            job_id = str(uuid.UUID(job_id))
        except ValueError:
            return None
        end = self.records.ended(job_id)
        progress = None if end else self.records.progress(job_id)
        is_there = end or progress or self.records.accepted(job_id)
        return JobElsewhere(job_id, self.records, end, progress) if is_there else None

    def begun(self, *, known: set[str]) -> Iterator[tuple[SharedJob, AcceptedJob]]:
        """Jobs that were not queued at once: the engine ended, the store did not respond, or the video is elsewhere.

        `known` caches the others between calls.
        """
        for found in self._jobs_except(known):
            job = SharedJob(found.folder)
            if (job.folder / "request.json").exists():
                known.add(job.id)
            elif accepted := job.accepted:
                yield job, accepted

    def unpublished(self, *, known: set[str]) -> Iterator[SharedJob]:
        """Jobs that have not ended, or whose end is not published; `known` caches the others between calls."""
        for found in self._jobs_except(known):
            job = SharedJob(found.folder)
            if job.state is not None:
                if job.is_published:
                    known.add(job.id)
                else:
                    yield job

    def go_on(self, job: SharedJob, accepted: AcceptedJob, *, max_video_bytes: int) -> None:
        """Queue a job that was begun; without its video, bring this here first.

        Raises:
            StoreUnavailable: to be repeated.
        """
        with locked(job.folder):
            if failure := job.failure:
                job.refuse(accepted, failure.reason)  # which a crash has interrupted
            if job.state is not None:
                return
            first, end = self.records.accept(job.id, accepted), self.records.ended(job.id)
            if self._is_elsewhere(first) or end == JobEnd():
                job.forget()
                return
        if end and end.failure is not None:
            job.refuse(accepted, end.failure)
            return
        try:
            if accepted.video_id and not (job.video.exists() or (self._uploads / accepted.video_id).exists()):
                self._fetch(accepted.video_id, job.video, max_video_bytes)
            with locked(job.folder):
                if job.state is None:
                    job.queue(accepted, self._uploads)
        except FileNotFoundError:
            job.refuse(accepted, "The uploaded video no longer exists. Upload it again.")
        except StoreUnavailable:
            raise
        except MediaError as error:
            job.refuse(accepted, str(error))

    def _begin(self, job: SharedJob, accepted: AcceptedJob, *, is_repeatable: bool) -> AcceptedJob:
        """Have the job here, unless another engine has it; returns as what it was accepted."""
        write_json(job.folder / "accepted.json", accepted)
        try:
            first = self.records.accept(job.id, accepted)
        except StoreUnavailable:
            if not is_repeatable:  # the client could not ask for it; another one is not begun for it either
                shutil.rmtree(job.folder, ignore_errors=True)
            raise
        if self._is_elsewhere(first) or (is_repeatable and self.records.ended(job.id)):  # and is deleted here
            job.forget()
            return first
        with suppress(FileNotFoundError):  # the video is brought here in the background
            job.queue(accepted, self._uploads)
        return first

    def _is_elsewhere(self, accepted: AcceptedJob) -> bool:
        return accepted.engine_id != self.records.engine_id

    def _job(self, job_id: str) -> SharedJob:
        return SharedJob(self._jobs / job_id)

    def _video_id(self, upload_id: str) -> str:
        """The video of an upload link; one that arrived before there was a store is here under the id of the link."""
        video_id = self.records.uploaded(upload_id) or upload_id
        if video_id == upload_id and not (self._uploads / upload_id).exists():
            raise MediaError(*_NO_VIDEO)
        return video_id

    def _fetch(self, video_id: str, target: Path, max_bytes: int) -> None:
        size_bytes = self.records.video_bytes(video_id)
        if size_bytes is None:
            raise FileNotFoundError(video_id)
        if size_bytes > max_bytes:
            raise MediaError("The video is larger than this engine allows.", "Use a shorter or smaller video.")
        for left in target.parent.glob(f"{target.name}.*{PART_SUFFIX}"):
            if is_abandoned(left):
                left.unlink(missing_ok=True)
        pending = PendingFile(target)
        try:
            for block in self.records.video(video_id, size_bytes):
                pending.write(block)
            pending.commit()
        finally:
            pending.discard()
