"""A data folder of commit e8f1716 shows the same numbers, and its open and lost jobs can succeed.

It was made by `tests/support/make_old_data.py`. To test another one, for example with PostgreSQL, set `OLD_DATA` to its
folder and `OLD_DATABASE_URL` to its database.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.counts import count
from frametally.analysis.series import series_of
from frametally.analysis.totals import totals
from frametally.analysis.view import View
from frametally.config.settings import Settings
from frametally.deployment import Deployment, open_deployment
from frametally.engine.server import Engine
from frametally.job import JobStatus
from frametally.ledger.presets import Preset
from frametally.ledger.tags import tags_of
from frametally.network.routes import api_key_check, starlette_routes
from frametally.results import Results, open_results
from tests.support.polling import until
from tests.support.serving import answering
from tests.support.soak import shortened

ARCHIVE = Path(__file__).parent / "support" / "old_data.tar.xz"


@dataclass(frozen=True)
class OldData:
    """The opened deployment, and the values that the old version recorded."""

    deployment: Deployment
    jobs: dict[str, str]
    """Job id by purpose."""
    expected: dict[str, dict[str, Any]]
    """Fields and numbers by job id."""
    start_engine: Callable[[], None]


@pytest.fixture
def old(tmp_path: Path, reading_in_this_process: None) -> Iterator[OldData]:
    if given := os.environ.get("OLD_DATA"):
        shutil.copytree(given, tmp_path, dirs_exist_ok=True)
    else:
        with tarfile.open(ARCHIVE) as packed:
            packed.extractall(tmp_path, filter="data")
    data_dir = tmp_path / "data"
    url = os.environ.get("OLD_DATABASE_URL", f"sqlite:///{data_dir / 'frametally.db'}")
    settings = Settings(data_dir=data_dir, database_url=url, models_dir=data_dir / "models")
    where: list[int] = []
    deployment = open_deployment(settings, lambda: f"http://127.0.0.1:{where[0]}")
    engine = Engine(
        folder=settings.engine_dir,
        models_dir=settings.models_dir,
        check=api_key_check(deployment.engine_key),
        link_secret=deployment.link_secret,
        max_video_bytes=settings.max_video_bytes,
    )
    expected = json.loads((tmp_path / "expected.json").read_text())
    with answering(Starlette(routes=starlette_routes(engine.routes())), lifespan=False) as port:
        where.append(port)
        yield OldData(deployment, expected["jobs"], expected["results"], engine.start)
        engine.stop()
    deployment.ledger.close()


def test_old_jobs_keep_their_status_notes_tags_and_history(old: OldData) -> None:
    ledger = old.deployment.ledger
    for job_id, expected in old.expected.items():
        job = ledger.job(job_id)
        assert job.status.value == expected["status"], job_id
        assert (job.failure, job.frames) == (expected["failure"], expected["frames"])
        assert (job.notes, job.video_sha256) == (expected["notes"], expected["video_sha256"])
        assert tags_of(ledger, [job_id]).get(job_id, []) == expected["tags"]
        assert [[event.kind.value, event.cause] for event in ledger.history(job_id)] == expected["history"]
        assert old.deployment.library.get(job.video_sha256 or "") is not None
    assert [preset.name for preset in ledger.presets.all()] == ["Dock"]
    assert isinstance(ledger.presets.all()[0], Preset)


def test_old_results_show_the_same_numbers(old: OldData) -> None:
    finished = [job_id for job_id, expected in old.expected.items() if expected["status"] == "succeeded"]
    assert len(finished) >= 11
    for job_id in finished:
        results, expected = open_results(old.deployment.settings.results_dir / job_id), old.expected[job_id]
        assert results.time_s.tolist() == expected["time_s"]
        assert [results.raw_entry(at) for at in (0, len(results.time_s) - 1)] == expected["raw"]
        assert {name: numbers(results, name, model) for name, model in expected["models"].items()} == expected["models"]


def numbers(results: Results, name: str, expected: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": results.models[name].kind.value,
        "classes": list(results.models[name].classes),
        "counts": {},
    }
    for confidence in expected["counts"]:
        view = View(results, name, float(confidence), ClassMapping())
        counts = count(view)
        metrics = [
            [row.class_name, row.mean, row.peak, row.present, row.first_seen_s, row.last_seen_s] for row in totals(view)
        ]
        found["counts"][confidence] = {
            "boxes": counts.boxes.tolist(),
            "analyzed": counts.analyzed.tolist(),
            "totals": metrics,
        }
    found["series"] = [
        {"names": list(series.names), "values": np.nan_to_num(series.values, nan=-1.0).tolist()}
        for series in series_of(View(results, name))
    ]
    return found


@pytest.mark.parametrize("purpose", shortened(("open", "created", "lost"), ("open",)))
def test_open_and_lost_jobs_of_an_old_folder_succeed(old: OldData, purpose: str) -> None:
    old.start_engine()
    job_id, workflow = old.jobs[purpose], old.deployment.workflow

    def is_done() -> bool:
        workflow.refresh(job_id, actor=None)
        return old.deployment.ledger.job(job_id).status is JobStatus.SUCCEEDED

    until(is_done, poll_s=0.1)
    assert old.deployment.ledger.job(job_id).frames == {"open": 8, "lost": 8, "created": 16}[purpose]
