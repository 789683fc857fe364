"""Search on real databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from frametally.errors import JobError
from frametally.job import EMBEDDED, JobStatus, ModelChoice
from frametally.jobs.deletion import delete
from frametally.ledger.ledger import Ledger
from frametally.ledger.search import JobOrder, JobQuery, SortColumn, count_jobs, find, known
from frametally.ledger.tags import add_tags, remove_tags, tags_of
from tests.support.ledgers import START, a_job

CARS, BIRDS = ModelChoice(model_id="cars", version="2"), ModelChoice(model_id="birds", version="10")


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    """Four jobs, created one day apart, oldest first."""
    jobs: list[dict[str, Any]] = [
        {"video_name": "Dock north.mp4", "models": (CARS,), "status": JobStatus.FAILED},
        {
            "video_name": "dock_south.mp4",
            "models": (CARS, BIRDS),
            "notes": "Rain, 100% wet",
            "service": "https://a",
        },
        {"video_name": "yard.mp4", "models": (BIRDS,), "remote_job_id": "R-77", "status": JobStatus.LOST},
        {"video_name": "gate.mp4", "models": (), "remote_job_id": "x", "infer_fps": None},
    ]
    for number, values in enumerate(jobs):
        ledger.add(a_job(f"j{number}", created_at=START + timedelta(days=number), **values))
    add_tags(ledger, ["j0", "j2"], ["night shift"], actor=None)
    add_tags(ledger, ["j2"], ["50%"], actor=None)
    return ledger


EXPECTED: list[tuple[JobQuery, list[str]]] = [
    (JobQuery(), ["j3", "j2", "j1", "j0"]),
    (JobQuery(text="DOCK"), ["j1", "j0"]),
    (JobQuery(text="mp4 north"), ["j0"]),
    (JobQuery(text="dock_"), ["j1"]),
    (JobQuery(text="100%"), ["j1"]),
    (JobQuery(text="r-77"), ["j2"]),
    (JobQuery(text="j3"), ["j3"]),
    (JobQuery(text="night"), ["j2", "j0"]),
    (JobQuery(text="cars/2"), ["j1", "j0"]),
    (JobQuery(text="birds/1"), ["j2", "j1"]),
    (JobQuery(text="' OR 1=1 --"), []),
    (JobQuery(statuses=(JobStatus.FAILED, JobStatus.LOST)), ["j2", "j0"]),
    (JobQuery(services=("https://a",)), ["j1"]),
    (JobQuery(tags=("night shift", "50%")), ["j2", "j0"]),
    (JobQuery(models=("cars/2",)), ["j1", "j0"]),
    (JobQuery(models=("birds/1",)), []),
    (JobQuery(since=START + timedelta(days=1), until=START + timedelta(days=3)), ["j2", "j1"]),
    (JobQuery(text="dock", tags=("night shift",), models=("cars/2",)), ["j0"]),
    (JobQuery(deleted=True), []),
]


def test_all_conditions_must_match(ledger: Ledger) -> None:
    for query, ids in EXPECTED:
        assert [job.id for job in find(ledger, query, limit=10)] == ids, query
        assert count_jobs(ledger, query) == len(ids), query


def test_jobs_are_found_in_pages(ledger: Ledger) -> None:
    pages = [[job.id for job in find(ledger, JobQuery(), limit=3, offset=offset)] for offset in (0, 3, 6)]
    assert pages == [["j3", "j2", "j1"], ["j0"], []]


@pytest.mark.parametrize(
    ("column", "ascending"),
    [
        ("name", ["j0", "j1", "j3", "j2"]),
        ("model", ["j3", "j2", "j1", "j0"]),
        ("status", ["j3", "j1", "j0", "j2"]),
        ("run", ["j1", "j0", "j3", "j2"]),
        ("created", ["j0", "j1", "j2", "j3"]),
    ],
)
def test_jobs_are_sorted_with_unknown_values_last(ledger: Ledger, column: SortColumn, ascending: list[str]) -> None:
    for job_id, run_s in (("j0", 90), ("j1", 48)):
        ledger.update(ledger.job(job_id), run_started_at=START, ended_at=START + timedelta(seconds=run_s))
    found = {
        descending: [job.id for job in find(ledger, JobQuery(), limit=9, order=JobOrder(column, descending))]
        for descending in (False, True)
    }
    assert found[False] == ascending
    unknown = ["j3", "j2"] if column == "run" else []
    equal = {"status": ["j2", "j0", "j3", "j1"]}
    known = [job_id for job_id in ascending if job_id not in unknown]
    assert found[True] == equal.get(column, known[::-1] + unknown)


def test_the_filter_offers_the_stored_values(ledger: Ledger) -> None:
    there = known(ledger)
    assert there.services == (EMBEDDED, "https://a")
    assert there.models == ("birds/10", "cars/2")
    assert there.tags == ("50%", "night shift")
    assert there.videos == {"0" * 64: "gate.mp4"}


def test_a_deleted_job_is_found_among_deleted_jobs_only(ledger: Ledger) -> None:
    assert delete(ledger, ["j0", "j2"], START, actor=None) == ["j0", "j2"]
    assert [job.id for job in find(ledger, JobQuery(), limit=10)] == ["j3", "j1"]
    assert [job.id for job in find(ledger, JobQuery(deleted=True, text="night"), limit=10)] == ["j2", "j0"]


def test_tags_are_added_and_removed(ledger: Ledger) -> None:
    add_tags(ledger, ["j0", "j1"], [" night   shift ", "b"], actor=None)
    assert tags_of(ledger, ["j0", "j1", "j3"]) == {"j0": ["b", "night shift"], "j1": ["b", "night shift"]}
    remove_tags(ledger, ["j0", "j1", "j3"], ["night shift", "no such"], actor=None)
    assert tags_of(ledger, ["j0", "j1"]) == {"j0": ["b"], "j1": ["b"]}


@pytest.mark.parametrize("text", ["", " \t ", "x" * 61])
def test_an_invalid_tag_is_refused_and_none_is_added(ledger: Ledger, text: str) -> None:
    with pytest.raises(JobError, match="1 to 60 characters"):
        add_tags(ledger, ["j3"], ["good", text], actor=None)
    assert tags_of(ledger, ["j3"]) == {}
