"""The routes of lines and zones: tracked once in another process, answered from then on, refused without a ticket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests
from starlette.applications import Starlette

from frametally.analysis.view import View
from frametally.library.library import Library
from frametally.library.tickets import Tickets, ViewTicket
from frametally.network.routes import starlette_routes
from frametally.rendering.class_colors import class_colors
from frametally.rendering.playback.routes import VIEWS_PREFIX
from frametally.rendering.playback.sources import Sources
from frametally.rendering.regions.answers import Answers
from frametally.rendering.regions.backgrounds import Backgrounds
from frametally.rendering.regions.routes import region_routes
from frametally.rendering.regions.tracking_runs import TrackingRuns
from frametally.results import open_results
from frametally.tracking.kept import kept_tracks
from frametally.tracking.unique import unique_objects
from frametally.video.reader_pool import ReaderPool
from tests.support.archives import archive_cached
from tests.support.polling import until
from tests.support.serving import answering
from tests.support.square_regions import SET, square_results


@dataclass
class Served:
    url: str
    folder: Path
    tickets: Tickets
    ticket: ViewTicket

    def post(self, path: str, body: Any, query: str = "confidence=0.25") -> Any:
        return requests.post(f"{self.address(path)}?{query}", data=json.dumps(body), timeout=30)

    def address(self, path: str) -> str:
        return f"{self.url}{VIEWS_PREFIX}{self.tickets.for_view(self.ticket)}/{path}"

    def track(self) -> None:
        results = open_results(self.folder)
        kept_tracks(results, "motion")
        unique_objects(View(results, "motion"))  # or a process would begin


@pytest.fixture
def served(tmp_path: Path, small_video: Path) -> Iterator[Served]:
    library = Library(tmp_path / "media", max_video_bytes=1 << 30)
    video = library.add(small_video, actor=None)
    (tmp_path / "results.json").write_text(json.dumps(square_results()))
    (tmp_path / "results").mkdir()
    archive_cached(tmp_path / "results.json", tmp_path / "results" / "job-1")
    tickets, runs = Tickets("a secret of this test"), TrackingRuns()
    sources = Sources(library, tmp_path / "results")
    answers = Answers(sources, runs, Backgrounds(ReaderPool().get), tickets, class_colors)
    with answering(Starlette(routes=starlette_routes(region_routes(answers))), lifespan=False) as port:
        ticket = ViewTicket("job-1", "motion", video_sha256=video.sha256)
        yield Served(f"http://127.0.0.1:{port}", tmp_path / "results" / "job-1", tickets, ticket)
    runs.close()


@pytest.mark.slow
def test_objects_are_tracked_once_in_another_process(served: Served) -> None:
    first = served.post("regions", SET).json()
    assert first["state"] == "running"
    found = until(lambda: next((a for a in [served.post("regions", SET).json()] if a["state"] == "done"), None))
    assert [(line["in"], line["out"]) for line in found["lines"]] == [(0, 1)]
    until(lambda: served.post("regions", SET).json()["objects"][0]["low"])  # tracked with other settings, too
    (kept,) = (served.folder / "derived").glob("tracks-*.parquet")
    written_ns = kept.stat().st_mtime_ns
    assert served.post("regions", SET).json()["state"] == "done"
    assert kept.stat().st_mtime_ns == written_ns


def test_what_is_answered_follows_the_filters(served: Served) -> None:
    served.track()
    found = served.post("regions", SET).json()
    assert [(line["in"], line["out"]) for line in found["lines"]] == [(0, 1)]
    assert [(zone["entries"], zone["exits"]) for zone in found["zones"]] == [(1, 0)]
    assert served.post("regions", SET, "confidence=0.95").json()["lines"][0]["out"] == 0
    assert served.post("regions", SET, "confidence=0.25&window=0&window=1").json()["lines"][0]["out"] == 0


def test_moments_are_found(served: Served) -> None:
    served.track()
    asked = {"regions": SET, "question": {"kind": "more_than", "more_than": 0, "zone": "z1"}}
    (moment,) = served.post("regions/moments", asked).json()["moments"]
    assert moment["start_s"] > 2
    refused = served.post("regions/moments", {"regions": SET, "question": {"kind": "unknown"}})
    assert refused.status_code == 422


def test_jobs_are_compared_only_with_their_tickets(served: Served) -> None:
    served.track()
    own = served.tickets.for_view(served.ticket)
    jobs = [{"name": "one", "ticket": own}, {"name": "two", "ticket": own}]
    found = served.post("regions/comparison", {"regions": SET, "jobs": jobs}).json()
    assert [row["values"] for row in found["rows"] if (row["region"], row["what"]) == ("Gate", "out")] == [[1, 1]]
    forged = [jobs[0], {"name": "two", "ticket": own[:-3] + "abc"}]
    assert served.post("regions/comparison", {"regions": SET, "jobs": forged}).status_code == 401


def test_a_set_that_was_drawn_on_another_picture_has_a_warning(served: Served) -> None:
    served.track()
    assert served.post("regions", SET).json()["warnings"] == []
    (warning,) = served.post("regions", {**SET, "size": [320, 320]}).json()["warnings"]
    assert "another shape" in warning


def test_the_background_comes_with_an_answer_once_it_is_made(served: Served) -> None:
    served.track()
    found = until(lambda: served.post("regions", SET).json()["background"])
    assert served.post("regions", {**SET, "background": found}).json()["warnings"] == []
    for kind in ("trajectories", "heat"):
        response = requests.get(served.address(f"regions/{kind}.jpg"), timeout=30)
        assert np.asarray(cv2.imdecode(np.frombuffer(response.content, np.uint8), 1)).shape == (240, 320, 3)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("regions", {"camera": "dock"}, 422),
        ("regions", {**SET, "lines": [{"id": "l1", "name": "\u0007", "start": [0, 0], "end": [1, 1]}]}, 422),
        ("regions/moments", {"regions": SET}, 400),
        ("regions/moments", [], 400),
        ("regions/comparison", {"regions": SET, "jobs": []}, 400),
    ],
)
def test_what_is_not_valid_is_refused(served: Served, path: str, body: Any, status: int) -> None:
    served.track()
    response = served.post(path, body)
    assert response.status_code == status
    assert "Traceback" not in response.text


def test_a_body_that_is_too_long_is_refused(served: Served) -> None:
    assert served.post("regions", {**SET, "camera": "x" * (1 << 21)}).status_code == 413
