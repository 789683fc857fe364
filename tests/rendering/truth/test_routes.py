"""The routes of labels over a socket: sent, kept, compared with each view, removed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import requests
from msgspec import structs
from starlette.applications import Starlette

from frametally.access.guard import ROUTE_ACTIONS
from frametally.access.permissions import Action
from frametally.evaluation.files.kept import keep_truth, kept_file, kept_truth
from frametally.library.library import Library
from frametally.library.tickets import Tickets, ViewTicket
from frametally.network.routes import starlette_routes
from frametally.rendering.playback.routes import VIEWS_PREFIX
from frametally.rendering.playback.sources import Sources
from frametally.rendering.truth import routes as truth_module
from frametally.rendering.truth.pictures import EXTRA, MISSING, RIGHT
from frametally.rendering.truth.routes import truth_routes
from frametally.rendering.truth.truths import Truths
from frametally.results.archive import TRUTH_NAME
from frametally.video.frame_index import load_index
from frametally.video.frame_reader import FrameReader
from tests.support.archives import archive_cached
from tests.support.checked_results import CUP, ENTRIES, FAINT, HEIGHT_PX, NULL, PHANTOM, WIDTH_PX, checked_results
from tests.support.numbered_videos import write_numbered
from tests.support.serving import answering

QUERY = "confidence=0.25"


def truths(names: Callable[[], dict[str, str]] = dict) -> Truths:
    seconds = count()
    return Truths(
        lambda: datetime(2026, 1, 2, tzinfo=UTC) + timedelta(seconds=next(seconds)),
        names,
        lambda path: FrameReader(path, load_index(path), threads=1),
    )


def labels(frames: list[int], kinds: tuple[tuple[str, Any], ...] = (("cup", CUP), ("plate", FAINT))) -> bytes:
    """A COCO JSON: in each frame a cup, and the plate that the model hardly sees."""
    images = [
        {"id": frame, "file_name": f"f_{frame:06d}.jpg", "width": WIDTH_PX, "height": HEIGHT_PX} for frame in frames
    ]
    boxes = [
        {"image_id": frame, "category_id": at, "bbox": [x - width / 2, y - height / 2, width, height]}
        for frame in frames
        for at, (_, (x, y, width, height)) in enumerate(kinds)
    ]
    names = [{"id": at, "name": name} for at, (name, _) in enumerate(kinds)]
    return json.dumps({"images": images, "annotations": boxes, "categories": names}).encode()


@dataclass
class Served:
    url: str
    tickets: Tickets
    video: str
    folder: Path
    sources: Sources

    def ask(self, method: str = "GET", body: bytes = b"", query: str = QUERY, name: str = "labels.json") -> Any:
        return requests.request(method, f"{self.address()}?{query}&name={name}", data=body, timeout=60)

    def address(self, job: str = "job-1") -> str:
        ticket = self.tickets.for_view(ViewTicket(job, "kitchen", video_sha256=self.video))
        return f"{self.url}{VIEWS_PREFIX}{ticket}/truth"

    def picture(self, entry: int) -> Any:
        return requests.get(f"{self.address()}/frames/{entry}.jpg?{QUERY}", timeout=60)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("truth")
    library = Library(folder / "media", max_video_bytes=1 << 30)
    video = library.add(write_numbered(folder / "clip.mp4", 50), actor=None)
    (folder / "results.json").write_text(json.dumps(checked_results()))
    (folder / "results").mkdir()
    archive_cached(folder / "results.json", folder / "results" / "job-1")
    tickets = Tickets("a secret of this test")
    sources = Sources(library, folder / "results")
    routes = truth_routes(truths(), sources, tickets)
    with answering(Starlette(routes=starlette_routes(routes)), lifespan=False) as port:
        yield Served(f"http://127.0.0.1:{port}", tickets, video.sha256, folder / "results" / "job-1", sources)


def test_labels_are_compared_with_each_view_until_they_are_removed(served: Served) -> None:
    assert served.ask().json()["file"] is None
    frames = [*range(0, 2 * ENTRIES, 4), 2 * NULL]
    answer = served.ask("POST", labels(sorted(frames)), name="../my <labels>.json").json()
    assert (answer["file"]["name"], answer["file"]["format"]) == ("my <labels>.json", "COCO JSON")
    assert (answer["file"]["frames"], answer["file"]["has_boxes"], answer["failure"]) == (14, True, "")
    found = answer["evaluation"]
    assert (found["frames"]["compared"], found["frames"]["not_analyzed"]) == (13, 1)
    assert [(row["name"], row["bias"]) for row in found["counts"]] == [("cup", 0), ("plate", 0)]
    assert (found["boxes"]["all"]["right"], found["boxes"]["all"]["wrong"], found["boxes"]["all"]["missed"]) == (
        13,
    ) * 3
    assert list(answer["counts"]) == ["All classes", "cup", "plate"]
    model, true = answer["counts"]["plate"]["data"]
    assert (model["meta"], true["meta"], set(model["y"]), set(true["y"])) == ("model", "labels", {1, None}, {1, None})
    first = answer["worst_entries"][0]
    assert found["worst"][0]["frame_index"] == 2 * first
    assert found["worst"][0]["differences"] == [{"name": "plate", "missing": 1, "extra": 1}]

    response = served.picture(first)
    image = cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    for (x, y, width, _), color in ((CUP, RIGHT), (PHANTOM, EXTRA), (FAINT, MISSING)):
        scale = image.shape[1] / WIDTH_PX
        edge = image[round(y * scale), round((x + width / 2) * scale)].tolist()
        assert edge == pytest.approx([int(color[at : at + 2], 16) for at in (5, 3, 1)], abs=60)
    assert served.picture(NULL).status_code == 422
    assert served.picture(999).status_code == 404

    lower = served.ask(query="confidence=0.05").json()["evaluation"]
    assert lower["boxes"]["all"]["missed"] == 0
    assert lower["boxes"]["map50"] == found["boxes"]["map50"]
    cups = served.ask(query=f"{QUERY}&class=cup").json()["evaluation"]
    assert [row["name"] for row in cups["counts"]] == ["cup"]  # plates are not asked for, so none is missing
    assert cups["boxes"]["all"]["f1"] == 1
    part = served.ask(query=f"{QUERY}&window=0&window=0.8").json()["evaluation"]
    assert 0 < part["frames"]["compared"] < 13
    outside = 14 - part["frames"]["compared"] - part["frames"]["not_analyzed"]
    assert (
        f"Labeled frames that are not in the results or the time range: {outside}. They do not count." in part["notes"]
    )

    assert not list((served.folder / "derived").iterdir())  # nothing is left of what was received
    assert served.ask("DELETE").json()["file"] is None
    assert served.ask().json()["file"] is None


def test_labels_that_cannot_be_read_leave_the_earlier_ones(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    served.ask("POST", labels([0, 4]))
    refused = served.ask("POST", b"[", name="x.json")
    assert (refused.status_code, "x.json is not a COCO JSON" in refused.text) == (422, True)
    assert served.ask("POST", b"").status_code == 400
    assert served.ask("POST", labels([0]), query=f"{QUERY}&step=x").status_code == 400
    assert served.ask("POST", labels([0]), query=f"{QUERY}&step=0").status_code == 422
    monkeypatch.setattr(truth_module, "MAX_BYTES", 100)
    assert served.ask("POST", labels([0])).status_code == 413
    assert served.ask().json()["file"]["frames"] == 2
    served.ask("DELETE")


def test_labels_of_another_job_of_the_video_are_used(served: Served) -> None:
    served.ask("POST", labels([0, 4]))
    shutil.copytree(served.folder, served.folder.with_name("job-2"), ignore=shutil.ignore_patterns(TRUTH_NAME))

    def adopted(job: str) -> Any:
        return requests.post(f"{served.address('job-2')}?{QUERY}&job={job}", timeout=60)

    assert [adopted(job).status_code for job in ("job-3", "", "..", "job-2")] == [422] * 4
    answer = adopted("job-1").json()
    assert (answer["file"]["name"], answer["evaluation"]["frames"]["compared"]) == ("labels.json", 2)
    file = kept_file(served.folder)
    assert file is not None
    assert file.video_sha256 == served.video
    found = kept_truth(served.folder)
    assert found is not None
    keep_truth(served.folder, found[0], structs.replace(file, video_sha256="other"))
    assert adopted("job-1").status_code == 422
    served.ask("DELETE")
    assert kept_file(served.folder) is None


def test_labels_that_are_replaced_during_a_comparison_are_compared_afterwards(served: Served) -> None:
    served.ask("POST", labels([0, 4, 8]))
    newer = [kept_truth(served.folder)]
    served.ask("POST", labels([0]))

    def replacing() -> dict[str, str]:  # asked for after the labels have been read
        while newer and (kept := newer.pop()):
            keep_truth(served.folder, *kept)
        return {}

    asked = truths(replacing)
    source = served.sources.get(ViewTicket("job-1", "kitchen", video_sha256=served.video))
    asked.answer(source, source.view)
    found = asked.answer(source, source.view)
    assert found.file is not None
    assert found.evaluation is not None
    assert (found.file.frames, found.evaluation.frames.compared) == (3, 3)
    served.ask("DELETE")


def test_labels_of_other_frames_are_kept_and_the_reason_is_said(served: Served) -> None:
    answer = served.ask("POST", labels([1, 3]), query=f"{QUERY}&first=0").json()
    assert answer["file"]["frames"] == 2
    assert answer["evaluation"] is None
    assert "No labeled frame can be compared" in answer["failure"]
    again = served.ask("POST", labels([1, 3]), query=f"{QUERY}&first=1").json()
    assert again["evaluation"]["frames"]["compared"] == 2
    counts = b"frame,class,count\n0,cup,3\n4,cup,1\n"
    answer = served.ask("POST", counts, name="counts.csv").json()
    assert answer["evaluation"]["boxes"] is None
    assert answer["thresholds"] is None
    assert answer["evaluation"]["counts"][0]["mae"] == 1
    assert answer["worst_entries"] == [0]
    served.ask("DELETE")


def test_choosing_labels_needs_the_right_to_and_looking_does_not() -> None:
    routes = truth_routes(truths(), Sources.__new__(Sources), Tickets("secret"))
    needed = {(route.path.partition("}/")[2], route.methods): ROUTE_ACTIONS[route.check.name] for route in routes}
    assert needed == {
        ("truth", ("GET",)): Action.LOOK,
        ("truth", ("POST",)): Action.SET_TRUTH,
        ("truth", ("DELETE",)): Action.SET_TRUTH,
        ("truth/frames/{entry:int}.jpg", ("GET",)): Action.LOOK,
    }
