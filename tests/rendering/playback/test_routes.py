"""The routes of the player: tickets, frames by range of the view, and responses that browsers keep."""

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

from frametally.library.library import Library
from frametally.library.routes import library_routes
from frametally.library.tickets import Tickets, ViewTicket
from frametally.network.routes import starlette_routes
from frametally.rendering.class_colors import class_colors
from frametally.rendering.playback.exact_frames import ExactFrames, FrameRequest
from frametally.rendering.playback.routes import VIEWS_PREFIX, playback_routes
from frametally.rendering.playback.sources import Sources
from frametally.video.reader_pool import ReaderPool
from tests.support.archives import archive_cached
from tests.support.packed import unpacked
from tests.support.polling import until
from tests.support.results_files import RESULTS
from tests.support.serving import answering


@dataclass
class Served:
    url: str
    library: Library
    tickets: Tickets
    ticket: ViewTicket

    def get(self, path: str, **changes: str) -> Any:
        return requests.get(self.address(path, **changes), timeout=30)

    def post(self, path: str, **changes: str) -> Any:
        return requests.post(self.address(path, **changes), timeout=30)

    def address(self, path: str, **changes: str) -> str:
        values = {name: getattr(self.ticket, name) for name in self.ticket.__struct_fields__}
        ticket = self.tickets.for_view(ViewTicket(**{**values, **changes}))
        return f"{self.url}{VIEWS_PREFIX}{ticket}/{path}"


@pytest.fixture
def served(tmp_path: Path, small_video: Path) -> Iterator[Served]:
    library = Library(tmp_path / "media", max_video_bytes=1 << 30)
    video = library.add(small_video, actor=None)
    (tmp_path / "results.json").write_text(json.dumps(RESULTS))
    (tmp_path / "results").mkdir()
    archive_cached(tmp_path / "results.json", tmp_path / "results" / "job-1")
    tickets = Tickets("a secret of this test")
    frames = ExactFrames(ReaderPool().get, class_colors)
    playback = playback_routes(Sources(library, tmp_path / "results"), frames, tickets, tmp_path)
    routes = [*library_routes(library, tickets, tmp_path), *playback]
    with answering(Starlette(routes=starlette_routes(routes)), lifespan=False) as port:
        ticket = ViewTicket("job-1", "kitchen", video_sha256=video.sha256)
        yield Served(f"http://127.0.0.1:{port}", library, tickets, ticket)


def picture(response: Any) -> np.ndarray[Any, Any]:
    assert response.status_code == 200, response.text
    return np.asarray(cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_COLOR))


def test_everything_is_kept_by_the_browser(served: Served) -> None:
    frames = ("frames/1.jpg", "frames/1.jpg?small")
    for path in ("times", "boxes/0", "counts", "peaks", *frames, "moments/peak", "gallery?kind=peak", "agreement"):
        response = served.get(path)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]


def test_the_same_view_has_the_same_address(served: Served) -> None:
    assert served.tickets.for_view(served.ticket) == served.tickets.for_view(served.ticket)


def test_a_forged_or_expired_ticket_is_refused(served: Served) -> None:
    forged = f"{served.url}{VIEWS_PREFIX}{served.tickets.for_upload()}/times"
    assert requests.get(forged, timeout=10).status_code == 401
    served.tickets._lifetime_s = -1
    response = served.get("times")
    assert response.status_code == 401
    assert "no-store" in response.headers["cache-control"]


def test_an_exact_frame_shows_the_boxes_of_the_filtered_view(served: Served) -> None:
    plain = picture(served.get("frames/1.jpg?plain"))
    both = picture(served.get("frames/1.jpg?confidence=0.25"))
    some = picture(served.get("frames/1.jpg?confidence=0.7"))
    one = picture(served.get("frames/1.jpg?confidence=0.25&class=cup"))
    assert plain.shape == (240, 320, 3)
    assert both.shape == (720, 960, 3)
    assert not np.array_equal(both, some)
    assert np.array_equal(some, one)  # only the cup has a confidence of at least 0.7


def test_the_boxes_of_a_small_picture_have_no_labels(served: Served) -> None:
    small = picture(served.get("frames/1.jpg?confidence=0.25&small"))
    plain = picture(served.get("frames/1.jpg?plain&small"))
    assert small.shape == plain.shape == (240, 320, 3)  # never enlarged
    rows, columns = np.nonzero(np.abs(small.astype(int) - plain).max(axis=2) > 40)
    edges = (rows.min(), rows.max(), columns.min(), columns.max())
    assert np.allclose(edges, (40, 80, 40, 80), atol=3)


def test_a_gallery_has_the_moments_of_the_view_in_the_requested_order(served: Served) -> None:
    def cards(query: str) -> list[list[Any]]:
        answer = served.get(f"gallery?{query}").json()
        assert answer["total"] == len(answer["moments"])
        return [[card["entry"], card["time_s"], card["detections"]] for card in answer["moments"]]

    assert cards("kind=peak&confidence=0.25") == [[1, 0.2, 2], [4, 0.8, 4]]
    assert cards("kind=peak&confidence=0.25&sort=count") == [[4, 0.8, 4], [1, 0.2, 2]]
    assert cards("kind=peak&confidence=0.25&window=0&window=0.3") == [[1, 0.2, 2]]
    assert cards("kind=interval&every=0.4&confidence=0.25") == [[0, 0.0, 0], [3, 0.6, 0], [4, 0.8, 4]]
    assert cards("kind=disagreement&confidence=0.7") == [[1, 0.2, 1]]
    for query in ("kind=interval&every=0", "kind=interval", "kind=peak&confidence=x"):
        assert served.get(f"gallery?{query}").status_code == 400
    assert served.get("gallery?kind=gossip").status_code == 404


def test_the_agreement_is_that_of_the_view(served: Served) -> None:
    assert served.get("agreement?confidence=0.25").json() == {"other": "empty", "share": 0.0}
    assert served.get("agreement?confidence=0.95").json() == {"other": "empty", "share": None}


def test_the_cache_of_pictures_is_bounded(tmp_path: Path, served: Served) -> None:
    source = Sources(served.library, tmp_path / "results").get(served.ticket)
    requested = FrameRequest(entry=1, confidence=0.25, shown=None, is_plain=False)
    for max_bytes, is_kept in ((0, False), (1 << 20, True)):
        frames = ExactFrames(ReaderPool().get, class_colors, max_bytes=max_bytes)
        first = frames.jpeg("view", source, requested)
        assert (frames.jpeg("view", source, requested) is first) is is_kept


@pytest.mark.parametrize(
    ("path", "status_code"),
    [
        ("frames/99.jpg", 422),
        ("frames/1.jpg?confidence=much", 400),
        ("counts?window=0&window=inf", 400),
        ("moments/other", 404),
        ("boxes/x", 404),
    ],
)
def test_invalid_addresses_are_refused_with_a_reason(served: Served, path: str, status_code: int) -> None:
    assert served.get(path).status_code == status_code


def test_unknown_jobs_and_models_are_refused(served: Served) -> None:
    assert served.get("times", model="none").status_code == 422
    assert served.get("times", job_id="none").status_code == 422


def test_without_a_stored_video_there_are_boxes_but_no_frames(served: Served) -> None:
    assert served.get("frames/1.jpg", video_sha256="").status_code == 422
    assert unpacked(served.get("boxes/0", video_sha256="").content)["ends"].tolist() == [0, 2, 2, 2, 7]


def test_counts_by_threshold(served: Served) -> None:
    found = unpacked(served.get("counts").content)
    boxes = found["boxes"].reshape(101, 3, -1)
    assert found["analyzed"].tolist() == [1, 1, 0, 1, 1]
    assert boxes.sum(axis=0).T.tolist() == [[0, 0, 0], [0, 1, 1], [0, 0, 0], [0, 0, 0], [1, 2, 2]]
    window = unpacked(served.get("counts?window=0.1&window=0.5").content)
    assert window["starts"].tolist() == [1, 2]
    assert window["stop"] == 3


def test_counts_in_buckets_of_time(served: Served) -> None:
    found = unpacked(served.get("counts?bucket=0").content)
    assert found["edges_s"].tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert unpacked(served.get("counts?bucket=5").content)["starts"].tolist() == [
        0,
        1,
        2,
        3,
        4,
    ]  # longer than the video


def test_the_peak_of_each_class_with_its_entry(served: Served) -> None:
    found = unpacked(served.get("peaks?confidence=0.25").content)
    assert list(zip(found["peak"].tolist(), found["entry"].tolist(), strict=True)) == [(0, 0), (2, 4), (2, 4)]
    assert unpacked(served.get("peaks?confidence=0.25&window=0&window=0.3").content)["peak"].tolist() == [0, 1, 1]


def test_a_preview_is_a_small_picture(served: Served) -> None:
    assert picture(served.get("frames/1.jpg?confidence=0.25&small")).shape == (240, 320, 3)


def test_moments_to_jump_to(served: Served) -> None:
    assert unpacked(served.get("moments/peak?confidence=0.25").content)["entries"].tolist() == [1, 4]
    assert unpacked(served.get("moments/peak?confidence=0.7&class=person").content)["entries"].tolist() == []
    assert unpacked(served.get("moments/disagreement?confidence=0.25").content)["entries"].tolist() != []


def test_a_copy_of_the_video_is_made_on_request(served: Served) -> None:
    until(lambda: served.post("copy").json()["status"] == "done")
    state = served.post("copy").json()
    video = requests.get(f"{served.url}{state['url'].removeprefix('.')}", timeout=10)
    assert (video.status_code, video.headers["content-type"]) == (200, "video/mp4")
    served.library.copies.close()
    assert served.post("copy", video_sha256="").status_code == 422
