"""The tus protocol and the files, over a real socket."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import io
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from frametally.library.tickets import Tickets
from frametally.storage.digests import digests_of
from frametally.storage.seekable_zstd import compress_seekable
from tests.support.media_server import MAX_VIDEO_BYTES, MediaServer
from tests.support.polling import until


def test_last_chunk_returns_the_sha256_of_the_stored_video(server: MediaServer, small_video: Path) -> None:
    content = small_video.read_bytes()
    url = server.begin("Straße.mp4", len(content))
    first = server.patch(url, 0, content[:10_000])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "10000")
    assert "Frametally-Video" not in first.headers
    last = server.patch(url, 10_000, content[10_000:])
    assert last.headers["Frametally-Video"] == hashlib.sha256(content).hexdigest()
    kept = server.library.get(last.headers["Frametally-Video"])
    assert kept is not None
    assert kept.file_name == "Straße.mp4"


def test_head_returns_the_offset_and_is_not_cached(server: MediaServer) -> None:
    url = server.begin("clip.mp4", 100)
    server.patch(url, 0, b"x" * 40)
    answer = server.head(url)
    assert answer.status_code == 200
    assert (answer.headers["Upload-Offset"], answer.headers["Upload-Length"]) == ("40", "100")
    assert answer.headers["Cache-Control"] == "no-store"


def test_lost_last_response_can_be_requested_again(server: MediaServer, small_video: Path) -> None:
    content = small_video.read_bytes()
    url = server.begin("clip.mp4", len(content))
    sha256 = server.patch(url, 0, content).headers["Frametally-Video"]
    assert server.head(url).headers["Frametally-Video"] == sha256
    assert server.patch(url, len(content), b"").headers["Frametally-Video"] == sha256


def test_empty_chunk_finishes_a_complete_upload(server: MediaServer, small_video: Path) -> None:
    content = small_video.read_bytes()
    url = server.begin("clip.mp4", len(content))
    server.library.uploads.append(url.rsplit("/", 1)[1], 0, content)
    assert "Frametally-Video" not in server.head(url).headers
    assert "Frametally-Video" in server.patch(url, len(content), b"").headers


def test_upload_resumes_after_a_lost_connection(server: MediaServer, small_video: Path) -> None:
    mib = 1024**2
    content = small_video.read_bytes() + (12 * mib).to_bytes(4, "big") + b"free" + bytes(12 * mib - 8)
    url = server.begin("clip.mp4", len(content))
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port)) as line:
        head = (
            f"PATCH {parts.path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
            f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        line.sendall(head.encode() + content[: 9 * mib])
    answer = resume(server, url, content)
    assert answer.headers["Frametally-Video"] == hashlib.sha256(content).hexdigest()


def resume(server: MediaServer, url: str, content: bytes) -> requests.Response:
    """Resume at the current offset; retry while the server still writes bytes received over the lost connection."""

    def resumed() -> requests.Response | None:
        offset = int(server.head(url).headers["Upload-Offset"])
        answer = server.patch(url, offset, content[offset:]) if offset else None
        return None if answer is None or answer.status_code == 409 else answer

    answer: requests.Response = until(resumed)
    return answer


def test_abandoned_connection_cannot_write_after_its_successor(server: MediaServer, small_video: Path) -> None:
    content = small_video.read_bytes()
    url = server.begin("clip.mp4", len(content))
    parts = urlsplit(url)
    stalled = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    stalled.putrequest("PATCH", parts.path)
    for header, value in {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": "1000",
    }.items():
        stalled.putheader(header, value)
    stalled.endheaders(b"x" * 900)
    sha256 = server.patch(url, 0, content).headers["Frametally-Video"]
    stalled.send(b"x" * 100)
    assert stalled.getresponse().status == 409
    stalled.close()
    kept = server.library.get(sha256)
    assert kept is not None
    assert kept.path.read_bytes() == content


def test_stored_file_is_recognized_before_its_first_byte(server: MediaServer, small_video: Path) -> None:
    kept, size_bytes = server.library.add(small_video, actor=None), small_video.stat().st_size
    digest = digests_of(small_video).block_digest
    asked = server.create("again.mp4", size_bytes, **{"Frametally-Digest": "ask"})
    assert asked.status_code == 428
    answer = server.create("again.mp4", size_bytes, **{"Frametally-Digest": digest})
    assert (answer.status_code, answer.headers["Frametally-Video"]) == (200, kept.sha256)
    assert [name for name in server.files() if name.startswith("uploads")] == []


def test_unknown_file_is_accepted_even_if_its_size_is_known(server: MediaServer, small_video: Path) -> None:
    size_bytes = small_video.stat().st_size
    assert server.create("new.mp4", size_bytes, **{"Frametally-Digest": "ask"}).status_code == 201
    server.library.add(small_video, actor=None)
    assert server.create("new.mp4", size_bytes, **{"Frametally-Digest": "0" * 64}).status_code == 201
    assert server.create("new.mp4", size_bytes).status_code == 201
    assert server.create("new.mp4", size_bytes, **{"Frametally-Digest": "x"}).status_code == 400


def test_received_file_must_match_the_digest(server: MediaServer, small_video: Path) -> None:
    content, digest = small_video.read_bytes(), digests_of(small_video).block_digest
    url = server.begin("clip.mp4", len(content))
    answer = server.patch(url, 0, content[:-1] + b"?", **{"Frametally-Digest": digest})
    assert answer.status_code == 422
    assert answer.json()["error"] == "UploadDamaged"
    assert server.files() == []
    url = server.begin("clip.mp4", len(content))
    assert server.patch(url, 0, content, **{"Frametally-Digest": digest}).status_code == 204


def checksum(algorithm: str, piece: bytes) -> dict[str, str]:
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(hashlib.new(algorithm, piece).digest()).decode()}"}


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_damaged_chunk_is_refused_and_can_be_sent_again(server: MediaServer, small_video: Path, algorithm: str) -> None:
    content = small_video.read_bytes() + (12 * 1024**2).to_bytes(4, "big") + b"free" + bytes(12 * 1024**2 - 8)
    url = server.begin("clip.mp4", len(content))
    first, rest = content[:10_000], content[10_000:]
    server.patch(url, 0, first, **checksum(algorithm, first))
    damaged = server.patch(url, len(first), b"?" + rest[1:], **checksum(algorithm, rest))
    assert damaged.status_code == 460
    assert server.head(url).headers["Upload-Offset"] == str(len(first))
    good = server.patch(url, len(first), rest, **checksum(algorithm, rest))
    assert good.headers["Frametally-Video"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("header", ["md5 AAAA", "sha1", "sha1 ###", ""])
def test_invalid_checksum_header_is_refused(server: MediaServer, header: str) -> None:
    url = server.begin("clip.mp4", 10)
    answer = server.patch(url, 0, b"x", **{"Upload-Checksum": header})
    assert answer.status_code in (400, 460)
    assert server.head(url).headers["Upload-Offset"] == "0"


def test_chunk_can_be_sent_with_method_override(server: MediaServer) -> None:
    url = server.begin("clip.mp4", 10)
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        "X-HTTP-Method-Override": "PATCH",
    }
    assert requests.post(url, data=b"12345", headers=headers, timeout=10).headers["Upload-Offset"] == "5"


def test_full_quota_is_reported_before_the_first_byte(server: MediaServer) -> None:
    server.library.uploads._limits = server.library.uploads._limits._replace(quota_bytes=9)
    answer = server.create("clip.mp4", 10)
    assert answer.status_code == 507
    assert "FRAMETALLY_MEDIA_QUOTA_BYTES" in answer.json()["message"]


def test_wrong_offset_is_a_conflict(server: MediaServer) -> None:
    url = server.begin("clip.mp4", 100)
    server.patch(url, 0, b"x" * 40)
    answer = server.patch(url, 10, b"x")
    assert answer.status_code == 409
    assert "at byte 40" in answer.json()["message"]


def test_large_chunk_at_a_wrong_offset_gets_a_response(server: MediaServer) -> None:
    url = server.begin("clip.mp4", MAX_VIDEO_BYTES)
    assert server.patch(url, 5, b"x" * 8 * 1024**2).status_code == 409


def test_more_bytes_than_announced_are_refused(server: MediaServer) -> None:
    url = server.begin("clip.mp4", 10)
    assert server.patch(url, 0, b"x" * 11).status_code == 413
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }
    chunked = requests.patch(url, data=iter([b"x" * 11]), headers=headers, timeout=10)
    assert chunked.status_code == 413
    assert server.head(url).headers["Upload-Offset"] == "0"


def test_video_over_the_limit_is_refused_before_it_is_sent(server: MediaServer) -> None:
    answer = server.create("clip.mp4", MAX_VIDEO_BYTES + 1)
    assert answer.status_code == 413
    assert "up to 33.6 MB" in answer.json()["message"]


def test_wrong_suffix_is_refused_with_a_next_step(server: MediaServer) -> None:
    answer = server.create("clip.wmv", 10)
    assert answer.status_code == 422
    assert "Convert it to MP4" in answer.json()["message"]


def test_file_that_is_no_video_is_refused_and_removed(server: MediaServer) -> None:
    content = b"this is no video" * 1000
    url = server.begin("clip.mp4", len(content))
    answer = server.patch(url, 0, content)
    assert answer.status_code == 422
    assert answer.json()["error"] == "VideoError"
    assert "not a video that can be read" in answer.json()["message"]
    assert server.head(url).status_code == 404
    assert server.files() == []


@pytest.mark.parametrize("kind", ["none", "forged", "another secret", "expired", "of a file"])
def test_upload_requires_a_valid_ticket(server: MediaServer, kind: str) -> None:
    ticket = {
        "none": "",
        "forged": "abc.def.ghi",
        "another secret": Tickets("another secret").for_upload(),
        "expired": server.tickets.for_upload(),
        "of a file": server.tickets.for_file(Path("clip.mp4")),
    }[kind]
    if kind == "expired":
        server.tickets._lifetime_s = -1
    answer = server.create("clip.mp4", 10, ticket)
    assert answer.status_code == 401
    assert "Reload" in answer.json()["message"]
    assert server.files() == []


def test_upload_continues_after_its_ticket_expires(server: MediaServer) -> None:
    url = server.begin("clip.mp4", 10)
    server.tickets._lifetime_s = -1
    assert server.patch(url, 0, b"x" * 5).status_code == 204


def test_canceled_upload_is_removed(server: MediaServer) -> None:
    url = server.begin("clip.mp4", 10)
    assert server.delete(url).status_code == 204
    assert server.head(url).status_code == 404
    assert server.delete(url).status_code == 404
    assert server.files() == []


def test_options_describes_the_server(server: MediaServer) -> None:
    answer = requests.options(f"{server.url}/frametally/uploads/", timeout=10)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,termination,checksum"
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert answer.headers["Tus-Max-Size"] == str(MAX_VIDEO_BYTES)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_other_protocol_version_is_refused(server: MediaServer) -> None:
    url = server.begin("clip.mp4", 10)
    answer = requests.patch(url, headers={"Tus-Resumable": "0.2.2"}, timeout=10)
    assert answer.status_code == 412
    assert answer.headers["Tus-Version"] == "1.0.0"


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Upload-Offset", "minus one", 400),
        ("Upload-Offset", "-1", 400),
        ("Upload-Offset", "²", 400),
        ("Upload-Offset", "9" * 30, 400),
        ("Content-Type", "video/mp4", 415),
    ],
)
def test_malformed_chunk_is_refused_in_json(server: MediaServer, header: str, value: str, status: int) -> None:
    url = server.begin("clip.mp4", 10)
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        header: value.encode().decode("latin-1"),
    }
    answer = requests.patch(url, data=b"x", headers=headers, timeout=10)
    assert answer.status_code == status
    assert answer.json()["message"]


@pytest.mark.parametrize("metadata", ["", "filename", "filename ###", "filename /w==", "name Y2xpcC5tcDQ="])
def test_upload_requires_a_readable_file_name(server: MediaServer, metadata: str) -> None:
    headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": "10",
        "Upload-Metadata": metadata,
        "Authorization": f"Bearer {server.tickets.for_upload()}",
    }
    answer = requests.post(f"{server.url}/frametally/uploads/", headers=headers, timeout=10)
    assert answer.status_code in (400, 422)
    assert server.files() == []


def test_unknown_method_is_refused_in_json(server: MediaServer) -> None:
    answer = requests.get(f"{server.url}/frametally/uploads/", timeout=10)
    assert answer.status_code == 405
    assert answer.json()["message"]


@pytest.mark.parametrize("upload_id", ["0" * 32, "..%2fvideos", "%2e%2e", "x" * 32, "0" * 32 + "%0a"])
def test_forged_upload_id_reaches_no_file(server: MediaServer, upload_id: str) -> None:
    answer = server.head(f"{server.url}/frametally/uploads/{upload_id}")
    assert answer.status_code == 404


def test_path_in_a_file_name_is_removed(server: MediaServer, small_video: Path) -> None:
    content = small_video.read_bytes()
    url = server.begin("../../../evil.mp4", len(content))
    sha256 = server.patch(url, 0, content).headers["Frametally-Video"]
    kept = server.library.get(sha256)
    assert kept is not None
    assert kept.file_name == "evil.mp4"
    assert sorted(path.name for path in server.data_dir.iterdir()) == ["media"]


def test_file_is_served_whole_and_by_range(server: MediaServer) -> None:
    (results_dir(server) / "results.json").write_bytes(bytes(range(256)))
    url = f"{server.url}/frametally/files/{server.tickets.for_file(Path('results/results.json'), 'Zählung 1.json')}"
    whole = requests.get(url, timeout=10)
    assert whole.content == bytes(range(256))
    assert whole.headers["Content-Disposition"] == "attachment; filename*=utf-8''Z%C3%A4hlung%201.json"
    part = requests.get(url, headers={"Range": "bytes=10-19"}, timeout=10)
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert part.headers["Content-Range"] == "bytes 10-19/256"
    assert requests.head(url, timeout=10).headers["Content-Length"] == "256"


RESULTS = json.dumps(list(range(400_000))).encode()


def results_dir(server: MediaServer) -> Path:
    folder = server.data_dir / "results"
    folder.mkdir(exist_ok=True)
    return folder


def compressed_results(server: MediaServer, suffix: str) -> str:
    """A compressed file of the data folder; returns its URL under a name without the suffix."""
    path = results_dir(server) / f"results.json{suffix}"
    with path.open("wb") as target:
        if suffix == ".gz":
            target.write(gzip.compress(RESULTS))
        else:
            compress_seekable(io.BytesIO(RESULTS), target, len)
    return (
        f"{server.url}/frametally/files/{server.tickets.for_file(path.relative_to(server.data_dir), 'a.results.json')}"
    )


@pytest.mark.parametrize("suffix", [".zst", ".gz"])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_compressed_file_is_served_decompressed(server: MediaServer, suffix: str, encoding: str) -> None:
    url = compressed_results(server, suffix)
    answer = requests.get(url, headers={"Accept-Encoding": encoding}, timeout=10)
    assert answer.content == RESULTS
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a.results.json"'
    head = requests.head(url, headers={"Accept-Encoding": encoding}, timeout=10)
    assert (head.status_code, head.content) == (200, b"")
    if suffix == ".zst":
        assert head.headers["Content-Length"] == answer.headers["Content-Length"] == str(len(RESULTS))


def test_compressed_file_under_its_own_name_is_served_unchanged(server: MediaServer) -> None:
    compressed_results(server, ".zst")
    url = f"{server.url}/frametally/files/{server.tickets.for_file(Path('results/results.json.zst'), 'a.json.zst')}"
    assert requests.get(url, timeout=10).content == (results_dir(server) / "results.json.zst").read_bytes()


def test_damaged_compressed_file_is_reported(server: MediaServer) -> None:
    url = compressed_results(server, ".zst")
    (results_dir(server) / "results.json.zst").write_bytes(b"not zstd")
    answer = requests.get(url, timeout=10)
    assert (answer.status_code, "damaged" in answer.text) == (500, True)


def test_video_is_served_inline_with_its_type(server: MediaServer, small_video: Path) -> None:
    kept = server.library.add(small_video, actor=None)
    ticket = server.tickets.for_file(kept.path.relative_to(server.data_dir))
    answer = requests.get(f"{server.url}/frametally/files/{ticket}", timeout=10)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.content == small_video.read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "../outside.txt",
        "/etc/passwd",
        "results/link.txt",
        "media/videos",
        "results/absent.txt",
        "secret",
        "results/../secret",
        "results/link_inside.txt",
        "media/uploads/1/data",
    ],
)
def test_ticket_opens_only_stored_videos_and_results(server: MediaServer, path: str) -> None:
    outside = server.data_dir.parent / "outside.txt"
    outside.write_text("outside")
    secret = server.data_dir / "secret"
    for path_inside in (secret, server.data_dir / "media/uploads/1/data"):
        path_inside.parent.mkdir(parents=True, exist_ok=True)
        path_inside.write_text("outside")
    (results_dir(server) / "link.txt").symlink_to(outside)
    (results_dir(server) / "link_inside.txt").symlink_to(secret)
    answer = requests.get(f"{server.url}/frametally/files/{server.tickets.for_file(Path(path))}", timeout=10)
    assert answer.status_code == 404
    assert "outside" not in answer.text
    assert str(server.data_dir) not in answer.text


def test_file_requires_a_valid_ticket(server: MediaServer) -> None:
    (results_dir(server) / "results.json").write_text("{}")
    forged = Tickets("another secret").for_file(Path("results/results.json"))
    good = server.tickets.for_file(Path("results/results.json"))
    for ticket in (forged, good[:-1], good[1:], "results.json", server.tickets.for_upload()):
        assert requests.get(f"{server.url}/frametally/files/{ticket}", timeout=10).status_code == 401
    server.tickets._lifetime_s = -1
    answer = requests.get(f"{server.url}/frametally/files/{good}", timeout=10)
    assert answer.status_code == 401
    assert json.loads(answer.content)["error"] == "TicketRefused"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Upload-Metadata", b"filename \xe9"),
        ("Upload-Metadata", b"filename \xff\xff,filetype"),
        ("Frametally-Digest", b"\xe9"),
    ],
)
def test_headers_that_are_not_ascii_are_refused_with_a_reason(server: MediaServer, header: str, value: bytes) -> None:
    answer = server.create("clip.mp4", 40, **{header: value})  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_checksum_that_is_not_ascii_is_refused_with_a_reason(server: MediaServer) -> None:
    url = server.begin("clip.mp4", 40)
    checksum: str = b"sha1 T/RHuO9CylH6b7KHvtjUD0m+WPE=\xe9"  # type: ignore[assignment]
    answer = server.patch(url, 0, b"x", **{"Upload-Checksum": checksum})
    assert (answer.status_code, answer.json()["message"]) == (400, "The checksum is not base64.")
