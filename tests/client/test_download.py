"""Downloads of results: the file appears only when it is complete."""

from __future__ import annotations

import gzip
import json
import stat
from pathlib import Path

import pytest

from frametally.client.client import VideoInferenceClient
from frametally.errors import LinkExpired, ResultsError, ServiceError, ServiceUnreachable
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
def test_results_are_saved_unchanged(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path, reply: Reply
) -> None:
    server.replies_with(reply)
    client.download_results(f"{server.url}/r?sig=1", destination)
    assert destination.read_bytes() == RESULTS
    assert files_beside(destination) == ["results.json"]
    assert not server.seen[0].holds(KEY)


def test_earlier_results_are_replaced(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
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
        "empty",
        "chunks cut",
        "gzip chunks cut",
        "unframed gzip cut",
        "gzip checksum wrong",
        "not gzip at all",
        "unknown compression",
        "reset",
    ],
)
def test_damaged_results_raise_and_leave_no_file(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path, reply: Reply
) -> None:
    server.replies_with(reply)
    with pytest.raises(ServiceError):
        client.download_results(server.url, destination)
    assert files_beside(destination) == []


def test_failed_download_keeps_earlier_results(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
    destination.write_bytes(b"old")
    server.replies_with(cut_short(RESULTS[:500], promised_bytes=len(RESULTS)))
    with pytest.raises(ServiceUnreachable):
        client.download_results(server.url, destination)
    assert destination.read_bytes() == b"old"


def test_interrupted_download_is_retried(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
    server.replies_with(cut_short(RESULTS[:500], promised_bytes=len(RESULTS)), answer(status=503), answer(RESULTS))
    client.download_results(server.url, destination)
    assert destination.read_bytes() == RESULTS


@pytest.mark.parametrize(
    "reply",
    [answer(b" " * (2 << 20)), answer(gzip.compress(b" " * (16 << 20)), Content_Encoding="gzip")],
    ids=["large", "gzip bomb"],
)
def test_results_above_the_limit_are_not_saved(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path, reply: Reply
) -> None:
    server.replies_with(reply)
    with pytest.raises(ResultsError, match=r"larger than the 1\.05 MB that are accepted") as refused:
        client.download_results(server.url, destination)
    assert "FRAMETALLY_MAX_RESULTS_BYTES" in refused.value.next_step
    assert files_beside(destination) == []


def test_stalled_download_times_out(client: VideoInferenceClient, server: MisbehavingServer, destination: Path) -> None:
    server.replies_with(silence(server))
    with pytest.raises(ServiceUnreachable, match="timed out"):
        client.download_results(server.url, destination)


def test_expired_link_is_not_retried(
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
    reported: list[tuple[int, int | None]] = []
    server.replies_with(answer(body, Content_Encoding="gzip" if body is ZIPPED else "identity"))
    client.download_results(server.url, destination, lambda done, total: reported.append((done, total)))
    assert reported[-1] == (len(body), len(body))


def test_progress_has_no_total_without_content_length(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
    reported: list[tuple[int, int | None]] = []
    server.replies_with(unframed(RESULTS))
    client.download_results(server.url, destination, lambda done, total: reported.append((done, total)))
    assert reported[-1] == (len(RESULTS), None)


def test_error_while_saving_is_an_os_error(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
    server.replies_with(answer(RESULTS))
    with pytest.raises(FileNotFoundError):
        client.download_results(server.url, destination.parent / "no such folder" / "results.json")


def test_results_are_readable_by_their_owner_only(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path
) -> None:
    server.replies_with(answer(RESULTS))
    client.download_results(server.url, destination)
    assert stat.S_IMODE(destination.stat().st_mode) == 0o600


def test_a_download_leaves_the_reserve_of_the_disk(
    client: VideoInferenceClient, server: MisbehavingServer, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frametally.storage.space.DISK_RESERVE_BYTES", 1 << 60)
    server.replies_with(answer(RESULTS))
    with pytest.raises(OSError, match="No space left"):
        client.download_results(server.url, destination)
    assert files_beside(destination) == []
