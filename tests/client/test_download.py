"""The results: on disk once complete, and not a byte of them before."""

from __future__ import annotations

import gzip
import json
import stat
from pathlib import Path

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.errors import InvalidResponse, LinkExpired, ServiceError, ServiceUnreachable
from tests.support.clients import KEY
from tests.support.misbehaving import MisbehavingServer, Reply, answer, cut_chunks, cut_short, reset, silence, unframed

RESULTS = json.dumps({"frame_offset": list(range(9000))}).encode()
ZIPPED = gzip.compress(RESULTS)


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    (tmp_path / "results").mkdir()
    return tmp_path / "results" / "results.json"


def files_beside(destination: Path) -> list[str]:
    return [path.name for path in destination.parent.iterdir()]


@pytest.mark.parametrize(
    "reply",
    [
        answer(RESULTS),
        unframed(RESULTS),
        answer(ZIPPED, Content_Encoding="gzip"),
        answer(ZIPPED[:0] + gzip.compress(RESULTS[:100]) + gzip.compress(RESULTS[100:]), Content_Encoding="gzip"),
        unframed(ZIPPED, Content_Encoding="gzip"),
    ],
    ids=["plain", "unframed", "gzip", "two gzip members", "unframed gzip"],
)
def test_results_arrive_as_they_are(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path, reply: Reply
) -> None:
    server.replies_with(reply)
    client.download_results(f"{server.url}/r?sig=1", destination)
    assert destination.read_bytes() == RESULTS
    assert files_beside(destination) == ["results.json"]
    assert not server.seen[0].holds(KEY)


def test_older_results_are_replaced(client: VideoInferenceClient, server: MisbehavingServer, destination: Path) -> None:
    destination.write_bytes(b"old")
    server.replies_with(answer(RESULTS))
    client.download_results(server.url, destination)
    assert destination.read_bytes() == RESULTS


@pytest.mark.parametrize(
    "reply",
    [
        cut_short(RESULTS[:500], promised_bytes=len(RESULTS)),
        cut_short(b"", promised_bytes=len(RESULTS)),
        cut_chunks(RESULTS[:500]),
        cut_chunks(ZIPPED[:500], **{"Content-Encoding": "gzip"}),
        unframed(ZIPPED[:500], Content_Encoding="gzip"),
        answer(ZIPPED[:-4] + b"oops", Content_Encoding="gzip"),
        answer(RESULTS, Content_Encoding="gzip"),
        answer(RESULTS, Content_Encoding="br"),
        reset,
    ],
    ids=[
        "length cut",
        "nothing came",
        "chunks cut",
        "gzip chunks cut",
        "unframed gzip cut",
        "gzip checksum wrong",
        "not gzip at all",
        "unknown compression",
        "reset",
    ],
)
def test_damaged_results_are_an_error_and_leave_nothing(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path, reply: Reply
) -> None:
    server.replies_with(reply)
    with pytest.raises(ServiceError):
        client.download_results(server.url, destination)
    assert files_beside(destination) == []


def test_a_failed_download_leaves_older_results_alone(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
    destination.write_bytes(b"old")
    server.replies_with(cut_short(RESULTS[:500], promised_bytes=len(RESULTS)))
    with pytest.raises(ServiceUnreachable):
        client.download_results(server.url, destination)
    assert destination.read_bytes() == b"old"


def test_a_download_that_breaks_off_is_begun_again(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
    server.replies_with(cut_short(RESULTS[:500], promised_bytes=len(RESULTS)), answer(status=503), answer(RESULTS))
    client.download_results(server.url, destination)
    assert destination.read_bytes() == RESULTS


@pytest.mark.parametrize(
    "reply",
    [answer(b" " * (2 << 20)), answer(gzip.compress(b" " * (200 << 20)), Content_Encoding="gzip")],
    ids=["large", "gzip bomb"],
)
def test_too_large_results_are_not_kept(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path, reply: Reply
) -> None:
    server.replies_with(reply)
    with pytest.raises(InvalidResponse, match="more than 1,048,576 bytes"):
        client.download_results(server.url, destination)
    assert files_beside(destination) == []


def test_a_storage_that_stops_sending_is_given_up(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
    server.replies_with(silence(server))
    with pytest.raises(ServiceUnreachable, match="timed out"):
        client.download_results(server.url, destination)


def test_an_expired_link_is_told_and_not_tried_again(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
    server.replies_with(answer(status=403))
    with pytest.raises(LinkExpired):
        client.download_results(server.url, destination)
    assert len(server.seen) == 1


@pytest.mark.parametrize("body", [RESULTS, ZIPPED])
def test_progress_counts_bytes_on_the_wire(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path, body: bytes
) -> None:
    told: list[tuple[int, int | None]] = []
    server.replies_with(answer(body, Content_Encoding="gzip" if body is ZIPPED else "identity"))
    client.download_results(server.url, destination, lambda done, total: told.append((done, total)))
    assert told[-1] == (len(body), len(body))


def test_progress_without_a_total_says_so(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
    told: list[tuple[int, int | None]] = []
    server.replies_with(unframed(RESULTS))
    client.download_results(server.url, destination, lambda done, total: told.append((done, total)))
    assert told[-1] == (len(RESULTS), None)


def test_results_that_cannot_be_saved_are_an_error_of_this_machine(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
    server.replies_with(answer(RESULTS))
    with pytest.raises(FileNotFoundError):
        client.download_results(server.url, destination.parent / "no such folder" / "results.json")


def test_results_are_for_their_owner_only(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
    server.replies_with(answer(RESULTS))
    client.download_results(server.url, destination)
    assert stat.S_IMODE(destination.stat().st_mode) == 0o600
