"""`kill -9` at each point between a dropped file and its results: the next start brings the job to the right end.

Nothing is uploaded, scheduled or counted twice, and the floor between status calls holds over the restart.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from frametally.contract import STATUS_FLOOR_S
from frametally.job import JobStatus
from frametally.ledger.events import EventKind
from frametally.results import open_results
from tests.support.crash_life import Killed, Life
from tests.support.crash_points import FROM_WITHIN
from tests.support.crash_service import FROM_OUTSIDE, LoggingService

BY_THE_BROWSER = "half of the video here"
OF_THE_ENGINE = "engine has the start, not answered"
POINTS = ("", BY_THE_BROWSER, *FROM_OUTSIDE, *(name for name in FROM_WITHIN if name != OF_THE_ENGINE))
NOBODY_KNOWS = ("start heard, not answered", "start answered, not noted")
"""Whether the service began: it has no way to be asked, and a second job may cost as much again."""
SENT_UNNOTICED = ("PUT whole, not answered", "PUT answered, not noted")
"""We cannot know that the service has the video."""
FETCHED_UNNOTICED = ("results whole, not kept",)

Begin = Callable[..., Life]


def live_until_killed(life: Life, point: str, video: bytes) -> None:
    life.start(point)
    with suppress(Killed):  # at the very last point the job has ended before anybody looks
        life.bring(video, dies_at_half=point == BY_THE_BROWSER)
        life.watch()
    life.start_again()


@pytest.mark.parametrize("point", POINTS)
def test_after_a_kill_the_job_comes_to_the_right_end_by_itself(begin: Begin, small_video: Path, point: str) -> None:
    life, video = begin(), small_video.read_bytes()
    if point:
        live_until_killed(life, point, video)
    else:
        life.start()
    life.bring(video)
    job = life.watch()
    service = life.service
    assert service
    assert job.status is (JobStatus.LOST if point in NOBODY_KNOWS else JobStatus.SUCCEEDED), job.failure
    assert len(service.calls("start")) == 1
    assert len(service.calls("upload")) == (2 if point in SENT_UNNOTICED else 1)
    assert_the_floor(service)
    assert len(life.ledger.history(job.id, kinds=[EventKind.ASKED])) == len(service.calls("status"))
    assert len(list((life.deployment.folder / "data" / "media" / "videos").iterdir())) == 1
    moves = [event.status for event in life.ledger.history(job.id, kinds=[EventKind.MOVED])]
    assert moves == [JobStatus.UPLOADED, *([] if job.status is JobStatus.LOST else [JobStatus.SUBMITTED]), job.status]
    if job.status is JobStatus.LOST:
        assert "look there before you start it again" in job.failure
    else:
        assert_counted_once(life, service, point)


def assert_the_floor(service: LoggingService) -> None:
    asked = [call.at for call in service.calls("status")]
    assert all((later - earlier).total_seconds() >= STATUS_FLOOR_S for earlier, later in pairwise(asked))


def assert_counted_once(life: Life, service: LoggingService, point: str) -> None:
    """One archive, as it would be without a crash, of results that were fetched once."""
    folder = life.deployment.folder / "data" / "results"
    results = open_results(folder / life.job.id)
    assert (len(results.time_s), len(results.boxes("cars"))) == (20, 30)
    assert life.job.frames == 20
    assert len(service.calls("results")) == (2 if point in FETCHED_UNNOTICED else 1)
    with suppress(FileNotFoundError):  # what a kill left half is nobody's archive, and goes after a day
        assert {path.name for path in folder.iterdir() if "." not in path.name} == {life.job.id}


@pytest.mark.parametrize("point", [OF_THE_ENGINE, "start answered, not noted"])
def test_the_engine_takes_a_repeated_start_for_the_same_job(begin: Begin, small_video: Path, point: str) -> None:
    life, video = begin(hosted=False), small_video.read_bytes()
    live_until_killed(life, point, video)
    life.bring(video)
    assert life.watch().status is JobStatus.SUCCEEDED
    spool = life.deployment.folder / "data" / "engine"
    assert len(list((spool / "jobs").iterdir())) == len(list((spool / "uploads").iterdir())) == 1
    assert len(open_results(life.deployment.folder / "data" / "results" / life.job.id).time_s) == 20
