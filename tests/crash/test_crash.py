"""`kill -9` at each point between a dropped file and its results: after the next start the job ends correctly.

No job is started twice, no detection is counted twice, and the minimum interval between status calls holds across the
restart. If the answer to the upload is lost, the video is uploaded again. If the answer to the start is lost, the job
becomes lost, because a hosted service might run it twice. `make test` has four points
on SQLite, from the upload to the results, and one that depends on the database on PostgreSQL; `make soak` tests all
points on both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from frametally.contract import STATUS_FLOOR_S
from frametally.job import JobStatus
from frametally.ledger.events import EventKind
from frametally.results import open_results
from tests.support.crash_life import Killed, Life
from tests.support.crash_points import FROM_WITHIN
from tests.support.crash_service import FROM_OUTSIDE, LoggingService
from tests.support.soak import shortened

OF_THE_BROWSER = "video half received"
OF_THE_ENGINE = "engine accepted the start, not answered"
POINTS = ("", OF_THE_BROWSER, *FROM_OUTSIDE, *(name for name in FROM_WITHIN if name != OF_THE_ENGINE))
START_UNKNOWN = ("start received, not answered", "start answered, not recorded")
"""The service may have started the job. It has no call to look this up, and a second job might be billed again."""
UPLOAD_UNKNOWN = ("PUT whole, not answered", "PUT answered, not recorded")
"""The service may have received the video: it is uploaded again."""
DOWNLOAD_UNKNOWN = ("results complete, not kept",)

ON_POSTGRESQL = ("start answered, not recorded",)
ON_SQLITE = (
    *(OF_THE_BROWSER, "start received, not answered", "results complete, not kept", "tables in place, not recorded"),
)
assert {*ON_SQLITE, *ON_POSTGRESQL} < set(POINTS)

Begin = Callable[..., Life]


def on_both(points: Sequence[str], *, sqlite: Sequence[str], postgresql: Sequence[str] = ()) -> list[Any]:
    """Each point on both databases; `make test` runs only the named ones."""
    short = [*(("sqlite", point) for point in sqlite), *(("postgresql", point) for point in postgresql)]
    return shortened(((database, point) for database in ("sqlite", "postgresql") for point in points), short)


def live_until_killed(life: Life, point: str, video: bytes, *, elsewhere: bool = False) -> None:
    life.start(point)
    with suppress(Killed):  # not raised at the last point, where the job has already ended
        life.bring(video, dies_at_half=point == OF_THE_BROWSER)
        life.watch()
    life.start_again(elsewhere=elsewhere)


@pytest.mark.parametrize(
    ("ledger_url", "point"), on_both(POINTS, sqlite=ON_SQLITE, postgresql=ON_POSTGRESQL), indirect=["ledger_url"]
)
def test_a_job_ends_correctly_after_a_kill_and_a_restart(begin: Begin, small_video: Path, point: str) -> None:
    life, video = begin(), small_video.read_bytes()
    if point:
        live_until_killed(life, point, video)
    else:
        life.start()
    life.bring(video)
    job, service = life.watch(), life.service
    assert service
    assert_each_step_once(life, service, point)
    assert len(list((life.deployment.folder / "data" / "media" / "videos").iterdir())) == 1
    if job.status is JobStatus.LOST:
        assert "check there before you start it again" in job.failure
    else:
        assert_counted_once(life, service, point)


def assert_each_step_once(life: Life, service: LoggingService, point: str) -> None:
    """The job has ended, and no step was repeated but an upload whose response was lost."""
    job = life.job
    assert job.status is (JobStatus.LOST if point in START_UNKNOWN else JobStatus.SUCCEEDED), job.failure
    assert len(service.calls("start")) == 1
    assert len(service.calls("upload")) == (2 if point in UPLOAD_UNKNOWN else 1)
    assert_the_floor(service)
    assert len(life.ledger.history(job.id, kinds=[EventKind.STATUS_CALL])) == len(service.calls("status"))
    moves = [event.status for event in life.ledger.history(job.id, kinds=[EventKind.TRANSITION])]
    assert moves == [JobStatus.UPLOADED, *([] if job.status is JobStatus.LOST else [JobStatus.SUBMITTED]), job.status]


def assert_the_floor(service: LoggingService) -> None:
    asked = [call.at for call in service.calls("status")]
    assert all((later - earlier).total_seconds() >= STATUS_FLOOR_S for earlier, later in pairwise(asked))


def assert_counted_once(life: Life, service: LoggingService, point: str) -> None:
    """There is one archive, as without a crash; the results are downloaded again only if the download may be lost."""
    folder = life.deployment.folder / "data" / "results"
    results = open_results(folder / life.job.id)
    assert (len(results.time_s), len(results.boxes("cars"))) == (20, 30)
    assert life.job.frames == 20
    assert len(service.calls("results")) == (2 if point in DOWNLOAD_UNKNOWN else 1)
    with suppress(FileNotFoundError):  # partial files of the killed process are removed after a day
        assert {path.name for path in folder.iterdir() if "." not in path.name} == {life.job.id}


@pytest.mark.parametrize(
    ("ledger_url", "point"),
    on_both([OF_THE_ENGINE, "start answered, not recorded"], sqlite=[OF_THE_ENGINE]),
    indirect=["ledger_url"],
)
def test_the_engine_accepts_a_repeated_start_as_the_same_job(begin: Begin, small_video: Path, point: str) -> None:
    life, video = begin(hosted=False), small_video.read_bytes()
    live_until_killed(life, point, video)
    life.bring(video)
    assert life.watch().status is JobStatus.SUCCEEDED
    spool = life.deployment.folder / "data" / "engine"
    assert len(list((spool / "jobs").iterdir())) == len(list((spool / "uploads").iterdir())) == 1
    assert len(open_results(life.deployment.folder / "data" / "results" / life.job.id).time_s) == 20
