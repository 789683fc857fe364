"""`kill -9` at each point, with object storage: another machine, whose data folder is empty, ends the job correctly.

The machine that was killed does not come back. What the two share is the ledger and an S3 server. A job of the built-in
engine is in the data folder of one machine: it goes on when that one is started again. `make test` has four points,
where the packages of an S3 server are installed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from frametally.job import JobStatus
from frametally.library.video_store import METADATA_FILE
from frametally.results import open_results
from frametally.results.archive import fetch_results
from frametally.storage.objects import Objects, open_objects
from tests.crash.test_crash import (
    OF_THE_ENGINE,
    POINTS,
    assert_each_step_once,
    live_until_killed,
    on_both,
)
from tests.support.crash_life import Life
from tests.support.crash_points import FROM_STORE
from tests.support.object_storage import ObjectStorage

DOWNLOADED = (
    *("results complete, not kept", "results kept, not read", "tables half written"),
    *("tables written, not moved into place", "tables in place, not recorded"),
    *("results half stored", "results in the store, not recorded"),
)
"""The results are at the machine that was killed: the other one downloads them again."""
SHORT = ("video half stored", "PUT answered, not recorded", "results half stored")


@pytest.mark.parametrize(
    ("ledger_url", "point"), on_both([*POINTS, *FROM_STORE], sqlite=SHORT), indirect=["ledger_url"]
)
def test_another_machine_ends_the_job(
    begin: Callable[..., Life], storage: ObjectStorage, small_video: Path, point: str
) -> None:
    life, video = begin(storage=storage), small_video.read_bytes()
    if point:
        live_until_killed(life, point, video, elsewhere=True)
    else:
        life.start()
    life.bring(video)
    job, service = life.watch(), life.service
    assert service
    assert_each_step_once(life, service, point)
    if job.status is JobStatus.SUCCEEDED:
        assert len(service.calls("results")) == (2 if point in DOWNLOADED else 1)
        assert_counted_once(life)
    assert_the_store_has_what_is_needed(life, small_video)
    assert storage.refused == 0


def assert_counted_once(life: Life) -> None:
    """A third machine, which has seen nothing of the job, reads its results."""
    folder = life.opened.settings.results_dir / life.job.id
    assert not folder.exists()
    fetch_results(folder)
    results = open_results(folder)
    assert (len(results.time_s), len(results.boxes("cars"))) == (20, 30)
    assert life.job.frames == 20


def assert_the_store_has_what_is_needed(life: Life, video: Path) -> None:
    """One video, whole, and the results of one job; after a day, nothing is left of uploads."""
    objects = objects_of(life)
    (facts,) = (each.key for each in objects.list("media/videos") if each.key.endswith(f"/{METADATA_FILE}"))
    stored = life.opened.library.get(facts.split("/")[2])
    assert stored
    assert stored.path.read_bytes() == video.read_bytes()
    assert {each.key.split("/")[1] for each in objects.list("results")} <= {life.job.id}
    later = life.deployment.now() + timedelta(hours=49)
    replace(life.opened.workflow, clock=lambda: later).tidy()
    assert [each.key for each in objects.list("uploads")] == []


def objects_of(life: Life) -> Objects:
    return open_objects(life.deployment.storage_url or "", life.deployment.storage_keys)


@pytest.mark.parametrize(
    ("ledger_url", "point"),
    on_both([OF_THE_ENGINE, "start answered, not recorded", "results half stored"], sqlite=["results half stored"]),
    indirect=["ledger_url"],
)
def test_a_job_of_the_built_in_engine_goes_on_when_its_machine_is_back(
    begin: Callable[..., Life], storage: ObjectStorage, small_video: Path, point: str
) -> None:
    life, video = begin(hosted=False, storage=storage), small_video.read_bytes()
    live_until_killed(life, point, video)
    life.bring(video)
    assert life.watch().status is JobStatus.SUCCEEDED
    spool = life.deployment.folder / "data" / "engine"
    assert len(list((spool / "jobs").iterdir())) == len(list((spool / "uploads").iterdir())) == 1
    folder = life.opened.settings.results_dir / life.job.id
    fetch_results(folder)
    assert len(open_results(folder).time_s) == 20
