"""Make a data folder with the version of commit e8f1716, to test that later versions open it.

Run it with the environment and code of that checkout; it imports nothing from the current code:

    git worktree add /tmp/old e8f1716 && python -m venv /tmp/old/.venv
    /tmp/old/.venv/bin/pip install -r /tmp/old/requirements.txt
    PYTHONPATH=/tmp/old /tmp/old/.venv/bin/python tests/support/make_old_data.py FOLDER [DATABASE_URL]

FOLDER/data becomes the data folder; FOLDER/expected.json records what the old version reads from it.
`old_data.tar.xz` next to this file is the output with SQLite.
"""

from __future__ import annotations

import base64
import json
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import uvicorn
from starlette.applications import Starlette
from video_inference import job_tags
from video_inference.analysis.classes import ClassView
from video_inference.analysis.series import series_of
from video_inference.analysis.summary import counts_of, totals_of
from video_inference.analysis.view import View
from video_inference.engine.server import Engine
from video_inference.exports import write_counts_csv
from video_inference.jobs import EMBEDDED, Job, JobStatus, ModelChoice
from video_inference.results import Results, open_results
from video_inference.settings import Settings
from video_inference.store import Preset
from video_inference.video_exports import Exports, ExportStatus
from video_inference.video_specs import VideoSpec
from video_inference.workbench import Workbench, open_workbench

MOTION = ModelChoice(model_id="motion", version="1", confidence=0.25)
HOSTED = "https://api.example.com"
CONFIDENCES = (0.0, 0.25, 0.5, 0.9)
SIZE = {"width": 320, "height": 240}


def main(folder: Path, database_url: str | None) -> None:
    data_dir = folder / "data"
    settings = Settings(
        data_dir=data_dir,
        database_url=database_url or f"sqlite:///{data_dir / 'frametally.db'}",
        models_dir=data_dir / "models",
    )
    port = free_port()
    bench = open_workbench(settings, lambda: f"http://127.0.0.1:{port}")
    write_video(folder / "square.mp4")
    video = bench.media.add(folder / "square.mp4")
    jobs = {"motion": submit(bench, video.sha256, 5.0), "slow": submit(bench, video.sha256, 1.0)}
    with engine_on(bench, port, has_worker=True):
        for name in jobs:
            until_ended(bench, jobs[name])
    with engine_on(bench, port, has_worker=False):
        jobs["open"], jobs["lost"] = (submit(bench, video.sha256, 2.0) for _ in range(2))
        until(lambda: all(job.remote_job_id for job in advanced(bench, jobs["open"], jobs["lost"])))
        bench.store.move(bench.store.job(jobs["lost"]), JobStatus.LOST, failure="Its service did not answer.")
        jobs["cancelled"] = submit(bench, video.sha256, 3.0)
        bench.workflow.cancel(jobs["cancelled"])
    jobs["created"] = submit(bench, video.sha256, 4.0)
    for name, content in hosted_results().items():
        jobs[name] = read_hosted(bench, name, content, video.sha256)
    bench.store.add(hosted_job(bench, "failed", video.sha256))
    jobs["failed"] = "failed"
    bench.store.move(bench.store.job("failed"), JobStatus.FAILED, failure="The model could not be loaded.")
    annotate(bench, jobs, settings)
    expected = {"jobs": jobs, "results": {job_id: seen(bench, job_id) for job_id in sorted(jobs.values())}}
    (folder / "expected.json").write_text(json.dumps(expected, indent=1))
    export(bench, settings, jobs["motion"], video.path)
    bench.store.close()
    (folder / "square.mp4").unlink()


def submit(bench: Workbench, sha256: str, infer_fps: float) -> str:
    job = bench.workflow.submit(
        service=EMBEDDED, key_id="", video_name="square.mp4", video_sha256=sha256, models=[MOTION], infer_fps=infer_fps
    )
    return str(job.id)


def advanced(bench: Workbench, *job_ids: str) -> list[Job]:
    bench.workflow.refresh_due()
    return [bench.store.job(job_id) for job_id in job_ids]


def until_ended(bench: Workbench, job_id: str) -> None:
    until(lambda: advanced(bench, job_id)[0].status is JobStatus.SUCCEEDED)


def read_hosted(bench: Workbench, name: str, content: bytes, sha256: str) -> str:
    """Add a hosted job with downloaded results and let the old version ingest them."""
    job = hosted_job(bench, name, sha256)
    bench.store.add(job)
    (bench.settings.results_dir / f"{job.id}.json").write_bytes(content)
    bench.workflow.advance(replace(job))
    return name


def hosted_job(bench: Workbench, name: str, sha256: str) -> Job:
    now = datetime.now(UTC)
    return Job(
        id=name,
        status=JobStatus.SUBMITTED,
        service=HOSTED,
        key_id=bench.services.remember(HOSTED, "not-a-real-key"),
        video_name=f"{name}.mp4",
        video_sha256=sha256,
        models=(ModelChoice(model_id=name, version="1"),),
        infer_fps=5.0,
        remote_job_id=f"remote-{name}",
        created_at=now,
        next_check_at=now,
        answered_at=now,
    )


def hosted_results() -> dict[str, bytes]:
    """A document for each kind of results, with eight entries of which two are null, and a truncated document."""
    box = {"x": 100, "y": 90, "width": 40, "height": 30, "confidence": 0.9, "class": "car", "class_id": 0}
    weak = {**box, "x": 200, "confidence": 0.3, "class": "bus", "class_id": 1}
    points = [{"x": 80, "y": 75}, {"x": 120, "y": 75}, {"x": 100, "y": 105}]
    keypoints = [{"x": 90, "y": 80, "confidence": 0.8, "class_id": 0, "class": "nose"}]
    labels = [{"class": "day", "class_id": 0, "confidence": 0.7}, {"class": "night", "class_id": 1, "confidence": 0.3}]
    several = {"wet": {"confidence": 0.8}, "dark": {"confidence": 0.2}}
    face = {"face": {**box, "class": "face", "landmarks": [{"x": 1, "y": 2}]}, "yaw": 0.2, "pitch": -0.1}
    kinds: dict[str, dict[str, Any]] = {
        "boxes": {"image": SIZE, "predictions": [box, weak]},
        "tracked": {"image": SIZE, "predictions": [{**box, "tracker_id": 7}]},
        "polygons": {"image": SIZE, "predictions": [{**box, "points": points}]},
        "keypoints": {"image": SIZE, "predictions": [{**box, "keypoints": keypoints}]},
        "classification": {"image": SIZE, "predictions": labels, "top": "day", "confidence": 0.7},
        "multilabel": {"image": SIZE, "predictions": several, "predicted_classes": ["wet"]},
        "gaze": {"image": SIZE, "predictions": [face]},
        "semantic": {
            "image": SIZE,
            "predictions": {"segmentation_mask": mask(), "class_map": {"0": "road", "1": "sky"}},
        },
        "clip": {"embeddings": [[float(at) for at in range(16)]]},
    }
    found = {name: document(name, entry) for name, entry in kinds.items()}
    return {**found, "broken": found["boxes"][: len(found["boxes"]) // 2]}


def mask() -> str:
    """A class mask: the upper third is of class 1."""
    ids = np.zeros((240, 320), dtype=np.uint8)
    ids[:80] = 1
    return base64.b64encode(cv2.imencode(".png", ids)[1].tobytes()).decode()


def document(name: str, entry: dict[str, Any]) -> bytes:
    entries = [None if at in (2, 5) else {**entry, "time": 0.05} for at in range(8)]
    offsets = {"frame_offset": [at * 2 for at in range(8)], "time_offset": [at / 5 for at in range(8)]}
    return json.dumps({**offsets, name: entries}).encode()


def annotate(bench: Workbench, jobs: dict[str, str], settings: Settings) -> None:
    """Add what users and services add to a deployment: tags, a note, a preset, an outage, colors, a model folder."""
    job_tags.tag(bench.store, [jobs["motion"], jobs["lost"]], ["night", "site A"])
    bench.store.write_notes(jobs["motion"], "look at second 3")
    bench.store.save_preset(Preset(name="Dock", model=MOTION))
    bench.store.note_fault(HOSTED, datetime.now(UTC), None)
    bench.colors.of(["car", "bus", "motion"])
    (settings.models_dir / "own" / "1").mkdir(parents=True)


def export(bench: Workbench, settings: Settings, job_id: str, video: Path) -> None:
    """Export an annotated video and a table to the exports folder of the old version."""
    results = open_results(settings.results_dir / job_id)
    name = next(iter(results.models))
    exports = Exports(settings.exports_dir)
    spec = VideoSpec(
        video=str(video), results=str(settings.results_dir / job_id), model=name, colors={"motion": "#ff0000"}
    )
    exports.start(spec)
    until(lambda: exports.state(spec).status is ExportStatus.DONE)
    exports.close()
    (settings.exports_dir / "tables").mkdir()
    write_counts_csv(View(results, name), settings.exports_dir / "tables" / f"{job_id}-0.counts.csv")


def seen(bench: Workbench, job_id: str) -> dict[str, Any]:
    """The fields of a job in the old version and the numbers that it computes from the results."""
    job = bench.store.job(job_id)
    facts = {
        "status": job.status.value,
        "failure": job.failure,
        "frames": job.frames,
        "notes": job.notes,
        "video_sha256": job.video_sha256,
        "tags": job_tags.tags_of(bench.store, [job_id]).get(job_id, []),
        "history": [(event.kind.value, event.cause) for event in bench.store.history(job_id)],
    }
    if job.status is not JobStatus.SUCCEEDED:
        return facts
    results = open_results(bench.settings.results_dir / job_id)
    return {
        **facts,
        "time_s": results.time_s.tolist(),
        "raw": [results.raw_entry(at) for at in (0, len(results.time_s) - 1)],
        "models": {name: numbers(results, name) for name in results.models},
    }


def numbers(results: Results, name: str) -> dict[str, Any]:
    kind = results.models[name].kind
    found: dict[str, Any] = {"kind": kind.value, "classes": list(results.models[name].classes), "counts": {}}
    for confidence in CONFIDENCES if kind.has_boxes else ():
        view = View(results, name, confidence, ClassView())
        counts = counts_of(view)
        totals = [
            (row.class_name, row.mean, row.peak, row.present, row.first_seen_s, row.last_seen_s)
            for row in totals_of(view)
        ]
        found["counts"][str(confidence)] = {
            "boxes": counts.boxes.tolist(),
            "analyzed": counts.analysed.tolist(),
            "totals": totals,
        }
    found["series"] = [
        {"names": list(series.names), "values": np.nan_to_num(series.values, nan=-1.0).tolist()}
        for series in series_of(View(results, name))
    ]
    return found


@contextmanager
def engine_on(bench: Workbench, port: int, *, has_worker: bool) -> Iterator[None]:
    """Run the embedded engine at the address that the deployment uses; without its worker, jobs stay queued."""
    settings = bench.settings
    engine = Engine(
        folder=settings.engine_dir,
        models_dir=settings.models_dir,
        key=bench.engine_key,
        link_secret=bench.link_secret,
        max_video_bytes=settings.max_video_bytes,
    )
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=engine.routes()), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    if has_worker:
        engine.start()
    until(lambda: server.started)
    yield
    if has_worker:
        engine.stop()
    server.should_exit = True
    thread.join()


def until(is_reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_reached():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.2)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def write_video(path: Path) -> None:
    """Four seconds at 10 frames per second, 320 x 240: a bright square crosses a gray field."""
    field = np.full((240, 320, 3), 100, dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(10), options={"crf": "28", "g": "12", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(40):
            image = field.copy()
            if number >= 10:
                left = (number - 10) * 6
                image[96:144, left : left + 48] = 235
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    shutil.rmtree(Path(sys.argv[1]), ignore_errors=True)
    Path(sys.argv[1]).mkdir(parents=True)
    main(Path(sys.argv[1]).absolute(), sys.argv[2] if len(sys.argv) > 2 else None)
    print(timedelta(seconds=round(time.process_time())), "done")
