"""Collect the results of a job: download them unchanged, then ingest them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from frametally.client.client import VideoInferenceClient
from frametally.errors import JobError, ResultsError
from frametally.job import EMBEDDED, Job, JobStatus
from frametally.jobs import messages
from frametally.jobs.outcome import ResultsFetched, Succeeded
from frametally.ledger.lease import lease_held, progress_writer
from frametally.ledger.ledger import Ledger
from frametally.results import archive_in_subprocess, find_original, open_results, read_again
from frametally.results.archive import keep_results
from frametally.results.reading.process import MAX_BYTES
from frametally.storage.folders import last_change

_KEEP_LEFTOVERS_S: Final = 24 * 3600.0
_READERS: Final = {is_embedded: threading.BoundedSemaphore(2) for is_embedded in (True, False)}
"""How many results of the built-in engine, and how many of other services, are read at the same time."""


@dataclass(frozen=True, kw_only=True)
class Collector:
    """The results of all jobs, in one folder: `<job>.json` as downloaded, `<job>/` once ingested."""

    ledger: Ledger
    results_dir: Path
    clock: Callable[[], datetime]
    max_results_bytes: int = MAX_BYTES

    def has_results(self, job: Job) -> bool:
        """Whether results are here, downloaded or ingested; for an open job, those of an interrupted step."""
        is_ingested = (self.results_dir / job.id).exists() and self.is_kept(job.id)
        return self._download(job).exists() or is_ingested

    def is_kept(self, job_id: str) -> bool:
        """Whether results of this job are stored, readable or not."""
        return find_original(self.results_dir / job_id) is not None

    def fetch(self, job: Job, client: VideoInferenceClient, output_url: str) -> ResultsFetched:
        """Download the results.

        Raises:
            ServiceError: the service did not deliver them.
            OSError: they cannot be stored here.
            JobError: another process has taken the job over.
        """
        self.results_dir.mkdir(parents=True, exist_ok=True)
        with lease_held(self.ledger, job, self.clock):
            client.download_results(output_url, self._download(job), progress_writer(self.ledger, job, self.clock))
        return ResultsFetched()

    def read(self, job: Job) -> Succeeded:
        """Ingest the downloaded results.

        Raises:
            ResultsError: they are unreadable; the original is kept.
            OSError, StoreUnavailable: they cannot be stored; the download is kept for a retry.
        """
        folder, download = self.results_dir / job.id, self._download(job)
        try:
            with lease_held(self.ledger, job, self.clock), _READERS[job.service == EMBEDDED]:
                if download.exists():
                    archive_in_subprocess(download, folder, self.max_results_bytes)
                    keep_results(folder)
            results = open_results(folder)
        except ResultsError:
            keep_results(folder)
            download.unlink(missing_ok=True)
            raise
        return Succeeded(len(results.time_s), int(results.damaged.sum()))

    def read_again(self, job: Job) -> Succeeded:
        """Ingest the stored results of a failed job again, in case this version can read them.

        Raises:
            JobError: the job has not failed, or has no results.
            ResultsError: the results are still unreadable.
        """
        if job.status is not JobStatus.FAILED or not self.is_kept(job.id):
            raise JobError(messages.NO_RESULTS_TO_READ)
        results = read_again(self.results_dir / job.id)
        keep_results(results.folder)
        return Succeeded(len(results.time_s), int(results.damaged.sum()))

    def discard_download(self, job: Job) -> None:
        """Remove the download once its ingest is recorded."""
        with suppress(OSError):  # `tidy` removes it later
            self._download(job).unlink()

    def tidy(self) -> None:
        """Remove leftovers of crashes after a day, except downloads that a job still needs."""
        now_s = self.clock().timestamp()
        for path in self.results_dir.glob("*.*"):  # the folder of a job has no dot in its name
            if now_s - last_change(path) > _KEEP_LEFTOVERS_S and not self._is_needed(path):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _is_needed(self, path: Path) -> bool:
        try:
            status = self.ledger.job(path.stem).status
        except JobError:
            return False
        return path.suffix == ".json" and (status.is_open or status is JobStatus.LOST)

    def _download(self, job: Job) -> Path:
        return self.results_dir / f"{job.id}.json"
