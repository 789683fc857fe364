"""Finished jobs, with results archived as by the workflow."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from frametally.deployment import Deployment
from frametally.job import Job, JobStatus, ModelChoice
from tests.support.archives import archive_cached
from tests.support.stored_videos import stored_with_damage

SIZE = {"width": 320, "height": 240}


def box(name: str, confidence: float, **more: Any) -> dict[str, Any]:
    shape = {"x": 60.0, "y": 60.0, "width": 40.0, "height": 40.0}
    return {**shape, "confidence": confidence, "class": name, "class_id": 0, **more}


def entry(*found: dict[str, Any]) -> dict[str, Any]:
    return {"time": 0.07, "image": SIZE, "predictions": list(found)}


BOXES = [
    entry(),
    entry(box("cup", 0.9), box("person", 0.6)),
    None,
    entry(),
    entry(box("cup", 0.3), box("cup", 0.8), box("person", 0.6), box("person", 0.6), box("*odd*", 0.1)),
]


def offsets(count: int = 5) -> dict[str, Any]:
    """The offsets of every second frame of the small video, which has 10 frames per second."""
    return {"frame_offset": [at * 2 for at in range(count)], "time_offset": [round(at / 5, 1) for at in range(count)]}


RESULTS = {
    **offsets(),
    "kitchen": BOXES,
    "empty": [entry() for _ in BOXES],
    "note": "of an unknown kind",
}


def _archive(results: str, folder: Path) -> None:
    plain = folder.with_suffix(".json")
    plain.write_text(results)
    archive_cached(plain, folder)
    plain.unlink()


def finished_job(deployment: Deployment, video: Path | None, found: dict[str, Any] | None = None, **values: Any) -> Job:
    """Add a finished job with these results."""
    now = datetime.now(UTC)
    known = {"id": "job-1", "created_at": now, "next_check_at": now, "video_url": "https://example.com/kitchen.mp4"}
    job = Job(
        **{**known, **values},
        status=JobStatus.SUCCEEDED,
        service="https://api.example.com",
        key_id="0123",
        video_name="kitchen.mp4",
        video_sha256=stored_with_damage(deployment.library, video).sha256 if video else None,
        models=(ModelChoice(model_id="kitchen", version="1"),),
        infer_fps=5.0,
    )
    deployment.settings.results_dir.mkdir(exist_ok=True)
    _archive(json.dumps(RESULTS if found is None else found), deployment.settings.results_dir / job.id)
    deployment.ledger.add(job)
    return job
