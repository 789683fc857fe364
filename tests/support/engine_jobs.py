"""Jobs in the engine's spool, and the wait until one of them is running."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from frametally.contract import ModelRequest
from frametally.engine.spool import JobRequest, Spool, SpooledJob, WorkerProgress
from tests.support.engines import model

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


def working(folder: Path, job_id: str) -> Callable[[], WorkerProgress | None]:
    """Return a condition: the progress of a job once it is above 0."""

    def look() -> WorkerProgress | None:
        job = Spool(folder).find(job_id)
        return job.progress if job and job.progress and job.progress.fraction > 0 else None

    return look
