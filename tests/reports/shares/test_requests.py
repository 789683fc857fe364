"""What each request to a link gets: a table of hand-made ones, their headers, and what is never served."""

from __future__ import annotations

import gzip
import secrets

import pyarrow as pa
import pytest
from starlette.applications import Starlette

from frametally.ledger.shares import digest_of
from frametally.network.routes import starlette_routes
from frametally.reports.shares.kept_brief import BRIEF_NAME, KeptBrief, read_brief
from frametally.reports.shares.routes import share_routes
from tests.reports.shares.conftest import PICTURE, Shared
from tests.support.asgi import asked


def test_a_link_shows_its_view_and_reaches_nothing_else(shared: Shared) -> None:
    new, other = shared.share(), shared.share(password="open sesame")
    link, stranger = new.path, f"/frametally/shared/{secrets.token_urlsafe(32)}"
    (picture,) = shared.opened._open(new.token).document.media_types  # type: ignore[union-attr]
    expected = {
        ("GET", link): 200,
        ("HEAD", link): 200,
        ("GET", f"{link}/files/{picture}"): 200,
        ("GET", f"{link}?token={other.token}"): 200,
        ("GET", stranger): 404,
        ("GET", f"{stranger}/files/{picture}"): 404,
        ("GET", f"/frametally/shared/{digest_of(new.token)}"): 404,
        ("GET", f"/frametally/shared/{new.share.id}"): 404,
        ("GET", f"/frametally/shared/{'a' * 5000}"): 404,
        ("GET", f"/frametally/shared/%00%ff{new.token}"): 404,
        ("GET", f"{link}%0a"): 404,
        ("GET", f"{link}/"): 303,
        ("GET", f"{link}/analytics"): 404,
        ("GET", f"{link}/_stcore/health"): 404,
        ("GET", "/frametally/shared/"): 404,
        ("GET", "/frametally/shared"): 404,
        ("GET", f"{link}/files/"): 404,
        ("GET", f"{link}/files/f-1.jpg"): 404,
        ("GET", f"{link}/files/..%2f{BRIEF_NAME}"): 404,
        ("GET", f"{link}/files/..%2f..%2f..%2fsecret"): 404,
        ("GET", f"{link}/files/%2e%2e%2f{BRIEF_NAME}"): 404,
        ("GET", f"{link}/files/..\\{BRIEF_NAME}"): 404,
        ("GET", f"{link}/files/{BRIEF_NAME}"): 404,
        ("GET", f"{link}/files/{picture}%00"): 404,
        ("GET", f"{link}/files/{picture}/x"): 404,
        ("GET", f"{link}/video"): 404,
        ("GET", f"{link}/password"): 303,
        ("POST", f"{link}/password"): 303,
        ("POST", link): 405,
        ("PUT", link): 405,
        ("DELETE", link): 405,
        ("PATCH", link): 405,
        ("OPTIONS", link): 405,
        ("GET", other.path): 401,
        ("HEAD", other.path): 401,
        ("GET", f"{other.path}/files/{picture}"): 401,
        ("GET", f"{other.path}/video"): 401,
    }
    assert {key: shared.get(key[1], key[0]).status_code for key in expected} == expected


def test_unknown_expired_and_ended_links_get_the_same_answer(shared: Shared) -> None:
    ended, expired = shared.share(), shared.share()
    shared.shares.end(ended.share.id, actor=shared.ann)
    shared.clock.wait(31 * 86400)
    unknown = shared.get(f"/frametally/shared/{secrets.token_urlsafe(32)}")
    others = [shared.get(new.path) for new in (ended, expired)]
    assert "This link has expired or was ended." in unknown.text
    for other in others:
        assert (other.status_code, other.text) == (404, unknown.text)
        assert other.headers.keys() == unknown.headers.keys()


def test_the_headers_keep_a_view_out_of_indexes_frames_and_stores(shared: Shared) -> None:
    answer = shared.get(shared.share().path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("; frame-ancestors 'none'")
    assert "unsafe-eval" not in policy
    assert {name: answer.headers[name] for name in ("x-robots-tag", "referrer-policy", "cache-control")} == {
        "x-robots-tag": "noindex, nofollow, noarchive",
        "referrer-policy": "no-referrer",
        "cache-control": "private, no-cache",
    }
    assert answer.headers["x-frame-options"] == "DENY"
    assert "set-cookie" not in answer.headers
    assert shared.get(shared.share(password="open sesame").path).headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(
    ("sites", "ancestors"),
    [
        ((), "frame-ancestors 'none'"),
        (("https://intranet.example.com",), "frame-ancestors https://intranet.example.com"),
    ],
)
def test_only_the_sites_of_the_setting_may_embed_it(shared: Shared, sites: tuple[str, ...], ancestors: str) -> None:
    app = Starlette(routes=starlette_routes(share_routes(shared.opened, secret="s", embed_sites=sites)))
    for path, status in ((shared.share().path, 200), ("/frametally/shared/unknown", 404)):
        answer = asked(app, path)
        assert (answer.status_code, answer.headers["content-security-policy"].endswith(ancestors)) == (status, True)
        assert ("x-frame-options" in answer.headers) == (sites != ("https://intranet.example.com",))


def test_a_document_is_compressed_once_and_revalidated(shared: Shared) -> None:
    path = shared.share().path
    plain = shared.get(path, headers={"Accept-Encoding": "identity"})
    asked_raw = {
        encoding: shared.get(path, headers={"Accept-Encoding": accepted}, stream=True)
        for encoding, accepted in (("br", "gzip, deflate, br, zstd"), ("gzip", "gzip;q=0.5, br;q=0"))
    }
    raw = {encoding: answer.raw.read(decode_content=False) for encoding, answer in asked_raw.items()}
    assert {answer.headers["content-encoding"] for answer in asked_raw.values()} == {"br", "gzip"}
    assert gzip.decompress(raw["gzip"]) == plain.content
    assert pa.Codec("brotli").decompress(raw["br"], len(plain.content), asbytes=True) == plain.content
    etags = {answer.headers["etag"] for answer in (plain, *asked_raw.values())}
    assert len(etags) == 3
    again = shared.get(path, headers={"Accept-Encoding": "identity", "If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content, again.headers["cache-control"]) == (304, b"", "private, no-cache")


def test_pictures_are_served_by_range_and_revalidated(shared: Shared) -> None:
    new = shared.share()
    (picture,) = shared.opened._open(new.token).document.media_types  # type: ignore[union-attr]
    path = f"{new.path}/files/{picture}"
    whole = shared.get(path)
    assert (whole.content, whole.headers["content-type"]) == (PICTURE, "image/jpeg")
    assert shared.get(path, headers={"Range": "bytes=2-4"}).content == PICTURE[2:5]
    assert shared.get(path, headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert shared.get(path, "HEAD").content == b""


def test_chat_programs_get_what_the_maker_chose(shared: Shared) -> None:
    private, open_ = shared.share(), shared.share(shows_preview=True)
    assert "https://tally.example.com" not in shared.get(private.path).text
    locked = shared.share(shows_preview=True, password="open sesame")
    assert "kitchen" not in shared.get(locked.path).text
    assert not locked.share.shows_preview
    chosen = shared.opened._preview(open_.share, _kept(shared, open_.share.id), open_.token)
    assert chosen.picture_url.startswith(f"https://tally.example.com{open_.path}/files/")
    neutral = shared.opened._preview(private.share, _kept(shared, private.share.id), private.token)
    assert neutral == ("Shared view", "", "")


def _kept(shared: Shared, share_id: str) -> KeptBrief:
    kept = read_brief(shared.shares.folder / share_id)
    assert kept
    return kept
