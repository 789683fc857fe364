"""What engines publish in object storage for each other.

engine/uploads/<upload_id>      which video arrived last at an upload link
engine/videos/<video_id>        the bytes of an upload; never replaced
engine/jobs/<job_id>/accepted   a job, and which engine has it: created once, so that one engine has it
engine/jobs/<job_id>/progress   its progress
engine/jobs/<job_id>/results    its results
engine/jobs/<job_id>/end        how it ended: created once, so that the first to say so decides
engine/keys/<engine_id>         a fingerprint of the API key of an engine that runs
engine/canceled/<job_id>        another engine has canceled the job: a mark for the one that has it
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from frametally.contract import CANCELLED, RunProgress
from frametally.engine.spool import RETENTION_S, JobRequest
from frametally.errors import MediaError
from frametally.storage.objects import Objects, StoredObject, StoreUnavailable

MAX_RECORD_BYTES: Final = 2 << 20
"""A request may have 1 MiB."""
LOST_S: Final = 4 * RETENTION_S
"""A job that does not end is kept for so long after its last sign of life."""
KEYS_EVERY_S: Final = 3600.0
"""How often a running engine says which key it has, at least."""
_BLOCK_BYTES: Final = 8 << 20
_DAMAGED: Final = "The object storage has a damaged record of the engine.", "The operator can remove it."
_UPLOADS, _VIDEOS, _JOBS, _KEYS, _CANCELLED = (
    f"engine/{name}" for name in ("uploads", "videos", "jobs", "keys", "canceled")
)
_Record = TypeVar("_Record", bound=Struct)


class UploadedVideo(Struct, frozen=True):
    """The video of an upload link."""

    video_id: str


class AcceptedJob(Struct, frozen=True):
    """A job that an engine has accepted."""

    engine_id: str
    request: JobRequest
    video_id: str | None = None


class JobEnd(Struct, frozen=True):
    """The end of a job: done, or why it failed or was canceled."""

    failure: str | None = None


class PublishedProgress(Struct, frozen=True):
    """The progress of a job that has not ended."""

    fraction: Annotated[float, Meta(ge=0, le=1)]
    run_progress: RunProgress


class KeyPrint(Struct, frozen=True):
    """From which the key cannot be derived."""

    text: str


CANCELLED_END: Final = JobEnd(CANCELLED)


class Records:
    """The records in one store. Every method raises StoreUnavailable."""

    def __init__(self, objects: Objects, engine_id: str, key_print: str = "") -> None:
        self._objects, self.engine_id, self._key_print = objects, engine_id, KeyPrint(key_print)
        self.keys_differ = False
        """Whether a client of this engine is refused by another one, as of the last `compare_keys`."""

    def check(self) -> None:
        """Ask the store for anything, so that nothing begins while it does not respond."""
        self._objects.size(f"{_UPLOADS}/none")

    def compare_keys(self, *, now_s: float) -> None:
        """Say which key this engine has, and look for others."""
        own = f"{_KEYS}/{self.engine_id}"
        self._objects.put(own, msgspec.json.encode(self._key_print))
        running = [each for each in self._objects.list(_KEYS) if now_s - each.modified_s < 2 * KEYS_EVERY_S]
        self.keys_differ = any(self._read(each.key, KeyPrint) not in (self._key_print, None) for each in running)

    def publish_upload(self, upload_id: str, video_id: str, video: Path) -> None:
        """Publish a video that has arrived at an upload link."""
        self._objects.put(_key(_VIDEOS, video_id), video)
        self._objects.put(_key(_UPLOADS, upload_id), msgspec.json.encode(UploadedVideo(video_id)))

    def uploaded(self, upload_id: str) -> str | None:
        """The video that arrived last at an upload link; None if none has."""
        found = self._read(_key(_UPLOADS, upload_id), UploadedVideo)
        return _named(found.video_id) if found else None

    def video_bytes(self, video_id: str) -> int | None:
        """The size of a video; None if there is none."""
        return self._objects.size(_key(_VIDEOS, video_id))

    def video(self, video_id: str, size_bytes: int) -> Iterator[bytes]:
        """The bytes of a video."""
        return self._blocks(_key(_VIDEOS, video_id), size_bytes)

    def accept(self, job_id: str, job: AcceptedJob) -> AcceptedJob:
        """Publish that this engine has the job; returns as what, and by which engine, it was accepted first."""
        is_new = self._objects.put_new(_of_job(job_id, "accepted"), msgspec.json.encode(job))
        return job if is_new else self.accepted(job_id) or job

    def accepted(self, job_id: str) -> AcceptedJob | None:
        """The job; None if no engine has it."""
        return self._read(_of_job(job_id, "accepted"), AcceptedJob)

    def report(self, job_id: str, progress: PublishedProgress) -> None:
        """Publish the progress of a job."""
        self._objects.put(_of_job(job_id, "progress"), msgspec.json.encode(progress))

    def progress(self, job_id: str) -> PublishedProgress | None:
        """The progress that was published last."""
        return self._read(_of_job(job_id, "progress"), PublishedProgress)

    def publish_results(self, job_id: str, results: Path) -> None:
        """Publish the results of a job, before its end."""
        self._objects.put(_of_job(job_id, "results"), results)

    def results_bytes(self, job_id: str) -> int | None:
        """The size of the results; None if there are none."""
        return self._objects.size(_of_job(job_id, "results"))

    def results(self, job_id: str, size_bytes: int) -> Iterator[bytes]:
        """The bytes of the results."""
        return self._blocks(_of_job(job_id, "results"), size_bytes)

    def end(self, job_id: str, end: JobEnd) -> JobEnd:
        """Publish the end of a job; returns how it has ended, which may have been published before."""
        key = _of_job(job_id, "end")
        return end if self._objects.put_new(key, msgspec.json.encode(end)) else self._read(key, JobEnd) or end

    def ended(self, job_id: str) -> JobEnd | None:
        """How a job has ended; None if it has not."""
        return self._read(_of_job(job_id, "end"), JobEnd)

    def cancel(self, job_id: str) -> JobEnd:
        """Cancel a job of another engine, unless it has ended; returns how it has ended."""
        self._objects.put(_key(_CANCELLED, job_id), b"{}")  # first: what has this mark is looked at by its engine
        return self.end(job_id, CANCELLED_END)

    def cancelled(self) -> list[str]:
        """The jobs with a mark."""
        return [each.key.rpartition("/")[2] for each in self._objects.list(_CANCELLED)]

    def unmark(self, job_id: str) -> None:
        """Remove the mark of a job."""
        self._objects.delete(_key(_CANCELLED, job_id))

    def delete_old(self, *, now_s: float, retention_s: float) -> None:
        """Delete uploads and ended jobs older than `retention_s`, and what is left of jobs that never ended."""
        for prefix, keep_s in ((_UPLOADS, retention_s), (_VIDEOS, retention_s), (_CANCELLED, LOST_S), (_KEYS, LOST_S)):
            for each in self._objects.list(prefix):
                if now_s - each.modified_s > keep_s:
                    self._delete(each.key)
        jobs: dict[str, list[StoredObject]] = {}
        for each in self._objects.list(_JOBS):
            jobs.setdefault(each.key.rpartition("/")[0], []).append(each)
        for folder, found in jobs.items():
            end = f"{folder}/end"
            keep_s = retention_s if any(each.key == end for each in found) else LOST_S
            if now_s - max(each.modified_s for each in found) > keep_s:
                for each in sorted(found, key=lambda each: each.key == end):  # as the last: what is left is found again
                    self._delete(each.key)

    def _delete(self, key: str) -> None:
        with suppress(ValueError):  # not the name of a record
            self._objects.delete(key)

    def _read(self, key: str, kind: type[_Record]) -> _Record | None:
        try:
            data = self._objects.read_range(key, 0, MAX_RECORD_BYTES + 1)
            if len(data) > MAX_RECORD_BYTES:
                raise StoreUnavailable(*_DAMAGED)
            return msgspec.json.decode(data, type=kind)
        except FileNotFoundError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise StoreUnavailable(*_DAMAGED) from None

    def _blocks(self, key: str, size_bytes: int) -> Iterator[bytes]:
        for start in range(0, size_bytes, _BLOCK_BYTES):
            stop = min(start + _BLOCK_BYTES, size_bytes)
            block = self._objects.read_range(key, start, stop)
            if len(block) != stop - start:
                raise MediaError("A file changed while it was read from the object storage.", "Try again.")
            yield block


def _of_job(job_id: str, name: str) -> str:
    return f"{_key(_JOBS, job_id)}/{name}"


def _key(prefix: str, name: str) -> str:
    return f"{prefix}/{_named(name)}"


def _named(name: str) -> str:
    """The name of an upload, video or job.

    Raises:
        StoreUnavailable: it is none.
    """
    try:
        return str(uuid.UUID(name))
    except ValueError:
        raise StoreUnavailable(*_DAMAGED) from None
