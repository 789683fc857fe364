"""The routes of audits over a socket: drawn, checked, corrected, used by other thresholds and other jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from starlette.applications import Starlette

from frametally.access.guard import ROUTE_ACTIONS
from frametally.access.permissions import Action
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.library.library import Library
from frametally.library.tickets import Tickets, ViewTicket
from frametally.network.routes import starlette_routes
from frametally.rendering.audits.audits import Audits
from frametally.rendering.audits.routes import audit_routes
from frametally.rendering.playback.routes import VIEWS_PREFIX
from frametally.rendering.playback.sources import Sources
from tests.support.archives import archive_cached
from tests.support.checked_results import ENTRIES, NULL, checked_results
from tests.support.ledgers import a_job, open_ledger
from tests.support.numbered_videos import write_numbered
from tests.support.serving import answering

QUERY = "confidence=0.25"


@dataclass
class Served:
    url: str
    tickets: Tickets
    video: str

    def get(self, path: str = "", query: str = QUERY, job: str = "job-1", model: str = "kitchen") -> Any:
        return requests.get(f"{self.address(path, job, model)}?{query}", timeout=30)

    def post(self, path: str, body: Any, query: str = QUERY) -> Any:
        return requests.post(f"{self.address(path, 'job-1', 'kitchen')}?{query}", data=json.dumps(body), timeout=30)

    def address(self, path: str, job: str, model: str) -> str:
        ticket = self.tickets.for_view(ViewTicket(job, model, video_sha256=self.video))
        return f"{self.url}{VIEWS_PREFIX}{ticket}/audit{path}"

    def check(self, entry: int, *, false: list[int], added: Any = (), is_unclear: bool = False) -> Any:
        body = {"boxes": 2, "false": false, "added": list(added), "is_unclear": is_unclear}
        return self.post(f"/frames/{entry}", body)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    library = Library(tmp_path / "media", max_video_bytes=1 << 30)
    video = library.add(write_numbered(tmp_path / "clip.mp4", 50), actor=None)
    for job, model in (("job-1", "kitchen"), ("job-2", "other")):
        (tmp_path / f"{job}.json").write_text(json.dumps(checked_results(model)))
        (tmp_path / "results").mkdir(exist_ok=True)
        archive_cached(tmp_path / f"{job}.json", tmp_path / "results" / job)
    tickets = Tickets("a secret of this test")
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        for job in ("job-1", "job-2", "without-results"):
            ledger.add(a_job(job, status=JobStatus.SUCCEEDED, video_sha256=video.sha256))
        routes = audit_routes(Audits(), ledger, Sources(library, tmp_path / "results"), tickets)
        with answering(Starlette(routes=starlette_routes(routes)), lifespan=False) as port:
            yield Served(f"http://127.0.0.1:{port}", tickets, video.sha256)


def test_a_checked_sample_corrects_the_counts_of_all_thresholds_and_jobs(served: Served) -> None:
    assert served.get().json() is None
    begun = served.post("", {"planned": 10}).json()
    assert (begun["planned"], begun["seen"], begun["possible"]) == (10, 0, ENTRIES - 1)
    assert NULL not in begun["entries"]
    assert len(set(begun["entries"])) == ENTRIES - 1
    assert [row["mean"] for row in begun["rows"]] == [None] * 3

    first = begun["entries"][0]
    frame = served.get(f"/frames/{first}").json()
    assert [box["xyxy"] for box in frame["boxes"]] == [
        pytest.approx(xyxy, abs=1e-6) for xyxy in ([0.2, 0.375, 0.3, 0.625], [0.7, 0.375, 0.8, 0.625])
    ]
    assert (frame["added"], frame["is_checked"]) == ([], False)
    faint = {"code": 1, "xyxy": [0.45, 0.2, 0.55, 0.3]}
    for entry in begun["entries"][:10]:
        report = served.check(entry, false=[1], added=[faint]).json()
    assert (report["seen"], report["checked"], report["is_sequential"]) == (10, 10, False)
    cup, plate, everything = report["rows"]
    assert (cup["mean"]["corrected"], plate["mean"]["corrected"], everything["mean"]["corrected"]) == (1, 1, 2)
    assert (cup["precision"]["value"], plate["precision"]["value"], plate["recall"]["value"]) == (1, 0, 0)

    assert report["least_bias"] == {"confidence": 0.25, "bias": 0.0, "bias_now": 0.0}  # one false for one missed

    again = served.get(f"/frames/{first}").json()
    assert [box["is_false"] for box in again["boxes"]] == [False, True]
    assert [box["xyxy"] for box in again["added"]] == [pytest.approx(faint["xyxy"], abs=1e-6)]

    lower = served.get(query="confidence=0.05").json()["rows"][1]
    assert (lower["model"], lower["mean"]["corrected"], lower["recall"]["value"]) == (2, 1, 1)
    other = served.get(job="job-2", model="other").json()
    assert other["rows"] == report["rows"]
    part = served.get(query=f"{QUERY}&window=0&window=0.8").json()
    assert part["possible"] == 12
    assert 0 < part["checked"] == part["planned"] < 10


def test_a_typed_number_counts_and_says_nothing_of_boxes(served: Served) -> None:
    entries = served.post("", {"planned": 10}).json()["entries"]
    typed = {"boxes": 2, "false": [0], "added": [], "counts": [{"code": 1, "count": 3}]}
    for entry in entries[:4]:
        served.post(f"/frames/{entry}", typed)
    for entry in entries[4:10]:
        report = served.check(entry, false=[1]).json()
    cup, plate, everything = report["rows"]
    assert [row["typed"] for row in report["rows"]] == [0, 4, 4]
    assert (cup["mean"]["corrected"], plate["mean"]["corrected"]) == (0.6, 1.2)
    assert (cup["precision"]["value"], everything["precision"]["value"]) == (0.6, 0.5)
    assert plate["precision"]["value"] == 0  # of the six frames with boxes
    frame = served.get(f"/frames/{entries[0]}").json()
    assert (frame["counts"], frame["added"]) == ([{"code": 1, "count": 3}], [])
    assert [box["is_false"] for box in frame["boxes"]] == [True, False]
    assert served.get(query="confidence=0.05").json()["rows"][1]["mean"]["corrected"] == 1.2


def test_what_cannot_be_told_is_named_and_going_on_is_said(served: Served) -> None:
    entries = served.post("", {"planned": 6}).json()["entries"]
    served.check(entries[0], false=[], is_unclear=True)
    for entry in entries[1:7]:
        report = served.check(entry, false=[]).json()
    assert (report["seen"], report["checked"], report["is_sequential"]) == (7, 6, True)
    assert [place["entry"] for place in report["unclear"]] == [entries[0]]
    assert report["rows"][0]["precision"] is None
    assert report["states"][:8] == [2, *[1] * 6, 0]
    served.check(entries[0], false=[])
    assert served.get().json()["unclear"] == []


def test_frames_beyond_the_planned_ones_count_only_in_the_order_of_the_sample(served: Served) -> None:
    entries = served.post("", {"planned": 10}).json()["entries"]
    for entry in entries[:10]:
        before = served.check(entry, false=[1]).json()
    for entry in entries[12:16]:  # chosen, as by going on in a part of the video
        after = served.check(entry, false=[0, 1]).json()
    assert (after["seen"], after["checked"], after["is_sequential"]) == (10, 10, False)
    assert after["rows"] == before["rows"]
    for entry in entries[10:12]:
        after = served.check(entry, false=[1]).json()
    assert (after["seen"], after["checked"], after["is_sequential"]) == (16, 16, True)


def test_a_part_of_which_no_frame_was_planned_needs_a_sample_of_its_own(served: Served) -> None:
    entries = served.post("", {"planned": 5}).json()["entries"]
    time_s = served.get(f"/frames/{entries[6]}").json()["time_s"]
    assert served.get(query=f"{QUERY}&window={time_s - 0.01}&window={time_s + 0.01}").json() is None
    assert served.get().json()["entries"] == entries


def test_a_class_that_was_not_shown_is_asked_about_and_not_struck_out(served: Served) -> None:
    only_cups = f"{QUERY}&class=cup"
    entries = served.post("", {"planned": 5}, only_cups).json()["entries"]
    for entry in entries[:5]:
        cups = served.post(f"/frames/{entry}", {"boxes": 1, "false": [], "added": []}, only_cups).json()
    assert (cups["seen"], cups["rows"][0]["mean"]["corrected"]) == (5, 1)
    both = served.get().json()
    assert (both["seen"], both["states"][:5]) == (0, [0] * 5)
    assert [row["mean"] for row in both["rows"]] == [cups["rows"][0]["mean"], None, None]
    frame = served.get(f"/frames/{entries[0]}").json()
    assert [box["is_false"] for box in frame["boxes"]] == [False, False]
    assert served.check(entries[0], false=[1]).json()["seen"] == 1
    served.post(f"/frames/{entries[0]}", {"boxes": 1, "false": [0], "added": []}, only_cups)
    assert served.get().json()["seen"] == 1  # what was seen of plates is not lost
    frame = served.get(f"/frames/{entries[0]}").json()
    assert [box["is_false"] for box in frame["boxes"]] == [True, True]


def test_wrong_answers_are_refused(served: Served) -> None:
    entries = served.post("", {"planned": 10}).json()["entries"]
    for path, body, status in (
        (f"/frames/{NULL}", {"boxes": 2, "false": [], "added": []}, 422),
        ("/frames/9999", {"boxes": 2, "false": [], "added": []}, 422),
        (f"/frames/{entries[0]}", {"boxes": 3, "false": [], "added": []}, 422),
        (f"/frames/{entries[0]}", {"boxes": 2, "false": [2], "added": []}, 422),
        (f"/frames/{entries[0]}", {"boxes": 2, "false": [], "added": [{"code": 2, "xyxy": [0, 0, 1, 1]}]}, 422),
        (f"/frames/{entries[0]}", {"boxes": 2, "false": [], "added": [{"code": 0, "xyxy": [0, 0, 2, 1]}]}, 400),
        (f"/frames/{entries[0]}", {"boxes": 2, "false": [], "added": [], "counts": [{"code": 2, "count": 1}]}, 422),
        (f"/frames/{entries[0]}", {"boxes": 2, "false": [], "added": [], "counts": [{"code": 0, "count": 1}] * 2}, 422),
        (f"/frames/{entries[0]}", {"boxes": 2, "false": [], "added": [], "counts": [{"code": 0, "count": -1}]}, 400),
        (f"/frames/{entries[0]}", "x" * (1 << 19), 413),
        ("", {"planned": 4}, 422),
        ("", {"planned": 501}, 422),
    ):
        assert served.post(path, body).status_code == status, (path, body)
    assert served.get().json()["seen"] == 0
    assert requests.get(f"{served.url}{VIEWS_PREFIX}forged/audit", timeout=30).status_code == 401


def test_checking_needs_the_right_to_and_looking_does_not() -> None:
    routes = audit_routes(Audits(), Ledger.__new__(Ledger), Sources.__new__(Sources), Tickets("secret"))
    needed = {(route.path.partition("}/")[2], route.methods): ROUTE_ACTIONS[route.check.name] for route in routes}
    assert needed == {
        ("audit", ("GET",)): Action.LOOK,
        ("audit/models", ("GET",)): Action.LOOK,
        ("audit", ("POST",)): Action.CHECK_FRAME,
        ("audit/frames/{entry:int}", ("GET",)): Action.LOOK,
        ("audit/frames/{entry:int}", ("POST",)): Action.CHECK_FRAME,
    }


def test_another_model_of_the_video_is_compared_in_the_same_checked_frames(served: Served) -> None:
    entries = served.post("", {"planned": 10}).json()["entries"]
    assert served.get("/models").json() == []  # nothing was checked
    for entry in entries[:10]:
        served.check(entry, false=[1])
    (same,) = served.get("/models", job="job-2", model="other").json()
    assert (same["job_id"], same["model"], same["classes"]) == ("job-1", "kitchen", ["cup", "plate"])
    assert (same["result"]["frames"], same["result"]["one"]) == (10, {"bias": 1, "mean_absolute": 1})
    assert (same["result"]["other"], same["result"]["nearer"]) == ({"bias": 1, "mean_absolute": 1}, "unknown")
