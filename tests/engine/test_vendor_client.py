"""The vendor's Python package as a client of the engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.engines import KEY, RunningEngine

SCRIPT = """
import json, sys, time
from roboflow.models.object_detection import ObjectDetectionModel

key, video, target = sys.argv[1:]
model = ObjectDetectionModel(key, "workspace/motion/1")
job_id, signed_url, expires = model.predict_video(video, fps=5)
results = {}
while not results:
    results = model.poll_for_video_results(job_id)
    time.sleep(0.1)
json.dump({"job_id": job_id, "expires": expires, "results": results}, open(target, "w"))
"""


def answer_of_the_package(url: str, video: Path, folder: Path) -> dict[str, Any]:
    """Upload the video, run `motion/1` on it, and read the results, all with the package."""
    target = folder / "answer.json"
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, KEY, str(video), str(target)],
        env={**os.environ, "API_URL": url, "ROBOFLOW_CONFIG_DIR": str(folder / "none.json")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(target.read_bytes())
    return answer


def test_the_vendor_package_uploads_runs_and_reads_the_same_results(
    running_engine: RunningEngine, small_video: Path, tmp_path: Path
) -> None:
    answer = answer_of_the_package(running_engine.url, small_video, tmp_path)
    assert answer["expires"] == "3600"
    assert answer["results"] == running_engine.results(answer["job_id"])
    assert len(answer["results"]["motion"]) == 20
