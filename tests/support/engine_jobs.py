"""Jobs in the engine's spool: run one in this process, or wait until a worker runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from frametally.config.inference_servers import NO_SERVERS, InferenceServers
from frametally.contract import ModelRequest
from frametally.engine.spool import JobRequest, Spool, SpooledJob, WorkerProgress
from frametally.engine.worker import attempt
from tests.support.engines import RunningEngine, model

PUBLIC = "https://example.com/video.mp4"
REQUEST = JobRequest(models=[ModelRequest("motion", 1)], infer_fps=5, url=PUBLIC)
SLOW = {**model("slow"), "inference_params": {"iou_threshold": 0.4}}


def upload(spool: Spool, upload_id: str, data: bytes) -> None:
    arrival = spool.receive(upload_id)
    arrival.write(data)
    arrival.commit()


def finish(job: SpooledJob) -> None:
    draft = job.new_work_folder() / "results.json"
    draft.write_text("{}")
    job.finish(draft)


def run_here(
    engine: RunningEngine, job_id: str, servers: InferenceServers = NO_SERVERS, *, private_urls: bool = False
) -> None:
    """Run a queued job in this process, as a worker would; starting one takes longer than the job."""
    job = Spool(engine.folder).find(job_id)
    assert job is not None
    assert attempt(job, engine.models_dir, servers, max_video_bytes=1 << 30, private_urls=private_urls)


def working(folder: Path, job_id: str) -> Callable[[], WorkerProgress | None]:
    """Return a condition: the progress of a job once it is above 0."""

    def look() -> WorkerProgress | None:
        job = Spool(folder).find(job_id)
        return job.progress if job and job.progress and job.progress.fraction > 0 else None

    return look
