"""The routes of the previews: guarded by tickets that stay the same, cached by browsers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette

from frametally.library.holder import Holder
from frametally.library.library import Library
from frametally.library.tickets import Tickets
from frametally.network.routes import starlette_routes
from frametally.previews.routes import preview_routes, sparkline_url, thumbnail_url
from tests.support.archives import archive_cached
from tests.support.documents import box
from tests.support.serving import answering
from tests.support.short_documents import document, entry

TICKETS = Tickets("a secret of this test")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "media", max_video_bytes=1 << 30)


@pytest.fixture
def url(library: Library, tmp_path: Path) -> Iterator[str]:
    routes = preview_routes(library, TICKETS, tmp_path / "results")
    with answering(Starlette(routes=starlette_routes(routes)), lifespan=False) as port:
        yield f"http://127.0.0.1:{port}"


def get(url: str, path: str) -> requests.Response:
    return requests.get(url + path.removeprefix("."), timeout=20)


def test_a_thumbnail_is_sent_and_may_be_kept(url: str, library: Library, small_video: Path) -> None:
    sha256 = library.add(small_video, actor=None).sha256
    path = thumbnail_url(library, TICKETS, sha256)
    response = get(url, path)
    assert response.headers["Content-Type"] == "image/jpeg"
    assert response.content.startswith(b"\xff\xd8")
    assert "immutable" in response.headers["Cache-Control"]
    assert thumbnail_url(library, Tickets("a secret of this test"), sha256) == path
    of_another = thumbnail_url(library, TICKETS.held_by(Holder(person="ann")), sha256)
    assert get(url, of_another).status_code == 404
    assert thumbnail_url(library, TICKETS, "0" * 64) == ""
    assert thumbnail_url(library, TICKETS, "../x") == ""
    assert thumbnail_url(library, TICKETS, None) == ""


def test_a_sparkline_is_sent_and_has_another_url_for_other_results(url: str, tmp_path: Path) -> None:
    results_dir = tmp_path / "results"
    assert sparkline_url(results_dir, TICKETS, "gate") == ""
    results_dir.mkdir()
    (tmp_path / "r.json").write_text(json.dumps(document(entry(box()), None)))
    archive_cached(tmp_path / "r.json", results_dir / "gate")
    path = sparkline_url(results_dir, TICKETS, "gate")
    response = get(url, path)
    assert response.json() == {"class_name": "car", "peak": 1, "means": [1.0, None]}
    assert "immutable" in response.headers["Cache-Control"]
    (results_dir / "gate" / "notes.json").touch()
    assert sparkline_url(results_dir, TICKETS, "gate") != path


@pytest.mark.parametrize("kind", ["thumbnails", "sparklines"])
def test_a_preview_without_a_valid_ticket_or_without_content_is_not_sent(url: str, kind: str) -> None:
    for ticket in ("x", Tickets("another secret").for_preview("0" * 64), TICKETS.for_preview("0" * 64)):
        response = get(url, f"/frametally/{kind}/{ticket}")
        assert (response.status_code, response.content) == (404, b"")
        assert response.headers["Cache-Control"] == "no-store"
