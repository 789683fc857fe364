"""A deployment without pages: a ledger, a library and a workflow that calls a service of the test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from frametally.client.client import VideoInferenceClient
from frametally.client.registry import ClientRegistry
from frametally.client.slots import Slots
from frametally.job import EMBEDDED, Job, JobStatus, ModelChoice, RunRequest
from frametally.jobs.workflow import Workflow
from frametally.ledger.ledger import Ledger
from frametally.library.library import Library
from tests.support.ledgers import START, Clock, a_job
from tests.support.stored_videos import stored_with_damage

MOTION = ModelChoice(model_id="motion", version="1", confidence=0.4)
DAY_S = 86_400.0


class _Unlimited(Slots):
    def free(self, service: str) -> int:
        return 1000


def advance_due(workflow: Workflow) -> int:
    """Advance every due job, as the watcher does; return the number of jobs."""
    claimed = workflow.claim_due(_Unlimited())
    for job in claimed:
        workflow.advance(job)
    return len(claimed)


class LocalDeployment:
    """A data folder and the URL of a service; `restart` reopens the ledger and forgets the keys, as after a crash."""

    def __init__(self, folder: Path, clock: Clock, url: str, key: str = "key") -> None:
        self.folder, self.clock, self.url, self.key = folder, clock, url, key
        self.library = Library(folder / "media", max_video_bytes=1 << 30)
        self.ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}", clock)
        self.restart()

    def restart(self) -> None:
        self.ledger.close()
        self.ledger = Ledger(f"sqlite:///{self.folder / 'ledger.db'}", self.clock)
        self.clients = ClientRegistry("secret", self._client)
        self.workflow = Workflow(
            ledger=self.ledger,
            clients=self.clients,
            library=self.library,
            results_dir=self.folder / "results",
            lost_after_s=DAY_S,
            clock=self.clock,
        )

    def with_patience(self, lost_after_s: float) -> Workflow:
        """The workflow with another time limit after which a job is lost."""
        return replace(self.workflow, lost_after_s=lost_after_s)

    def _client(self) -> VideoInferenceClient:
        return VideoInferenceClient(self.url, self.key, read_timeout_s=2, sleep=lambda _: None)

    def submit(self, video: Path | None, **values: Any) -> Job:
        sha256 = stored_with_damage(self.library, video).sha256 if video else None
        usual = {"service": EMBEDDED, "key_id": "", "video_name": "square.mp4", "video_sha256": sha256}
        request = RunRequest(**{**usual, "models": (MOTION,), "infer_fps": 5.0, **values})
        return self.workflow.submit(request, actor=None)

    def written(self, **values: Any) -> Job:
        """Add a job to the ledger, already submitted unless `values` override it."""
        usual = {"status": JobStatus.SUBMITTED, "remote_job_id": "r1", "last_known_at": START}
        job = a_job("j1", **{**usual, **values})
        self.ledger.add(job)
        return job

    def job(self, job_id: str = "j1") -> Job:
        return self.ledger.job(job_id)

    def pause_s(self, job_id: str = "j1") -> float:
        """Seconds until the job is due."""
        return (self.job(job_id).next_check_at - self.clock()).total_seconds()

    def step(self) -> int:
        """Move the clock to the next due time and advance the due jobs; return the number of jobs."""
        waiting = [job.next_check_at for job in self.ledger.jobs() if job.status.is_open]
        self.clock.now = max(self.clock.now, min(waiting, default=self.clock.now))
        return advance_due(self.workflow)
