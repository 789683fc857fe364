"""How results get here: as they came on the disk first, then read, then the job has succeeded."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from frametally.client.client import VideoInferenceClient
from frametally.errors import JobError, ResultsError
from frametally.job import Job, JobStatus
from frametally.jobs.steps import progress_writer
from frametally.ledger.lease import lease_held
from frametally.ledger.ledger import Ledger
from frametally.results import Results, archive_in_subprocess, find_original, open_results, read_again
from frametally.storage.folders import last_change

_KEEP_LEFTOVERS_S: Final = 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Collector:
    """The results of all jobs, below one folder: `<job>.json` as it came, `<job>/` once it was read."""

    ledger: Ledger
    results_dir: Path
    clock: Callable[[], datetime]

    def has_come(self, job: Job) -> bool:
        """Whether its results are here and wait to be read: a crash came between, or this machine could not."""
        return self._as_came(job).exists() or self.is_kept(job.id)

    def is_kept(self, job_id: str) -> bool:
        """Whether there are results of this job, readable or not."""
        return find_original(self.results_dir / job_id) is not None

    def fetch(self, job: Job, client: VideoInferenceClient, output_url: str) -> None:
        """Download the results.

        Raises:
            ServiceError: not now.
            OSError: they cannot be kept here.
        """
        self.results_dir.mkdir(parents=True, exist_ok=True)
        with lease_held(self.ledger, job, self.clock):
            client.download_results(output_url, self._as_came(job), progress_writer(self.ledger, job, self.clock))

    def read(self, job: Job) -> None:
        """Turn what has come into what pages read.

        Raises:
            ResultsError: it cannot be read; it is kept all the same.
            OSError: this machine could not do it; what came stays for another time.
        """
        folder, came = self.results_dir / job.id, self._as_came(job)
        try:
            with lease_held(self.ledger, job, self.clock):
                if came.exists():
                    archive_in_subprocess(came, folder)
            results = open_results(folder)
        except ResultsError:
            came.unlink(missing_ok=True)
            raise
        self._succeed(job, results)
        came.unlink(missing_ok=True)

    def read_again(self, job_id: str) -> Job:
        """Read the kept results of a job that failed because they could not be read, as this version reads them.

        Raises:
            JobError: it did not fail for that.
            ResultsError: they still cannot be read.
        """
        job = self.ledger.job(job_id)
        if job.status is not JobStatus.FAILED or not self.is_kept(job_id):
            raise JobError("There are no results of this job that could be read again.")
        self._succeed(job, read_again(self.results_dir / job_id))
        return self.ledger.job(job_id)

    def tidy(self) -> None:
        """Remove what crashes left behind more than a day ago, but for results that their job still waits for."""
        now_s = self.clock().timestamp()
        for path in self.results_dir.glob("*.*"):  # the folder of a job has no dot in its name
            if now_s - last_change(path) > _KEEP_LEFTOVERS_S and not self._is_waited_for(path):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _is_waited_for(self, path: Path) -> bool:
        try:
            status = self.ledger.job(path.stem).status
        except JobError:
            return False
        return path.suffix == ".json" and (status.is_open or status is JobStatus.LOST)

    def _succeed(self, job: Job, results: Results) -> None:
        # The tables before the status: a crash must not leave SUCCEEDED without data.
        now, frames = self.clock(), len(results.time_s)
        news = {"progress": 1.0, "run_progress": None, "frames": frames, "failure": "", "service_message": ""}
        self.ledger.transition(job, JobStatus.SUCCEEDED, ended_at=now, last_known_at=now, **news)

    def _as_came(self, job: Job) -> Path:
        return self.results_dir / f"{job.id}.json"
