"""Fault mode: the response of each fault, how often it applies, and which settings are rejected."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.engine.fault_injection import FAILURE, FAULTS, UNKNOWN_WORD, read_faults
from frametally.errors import SettingsError
from tests.support.engine_jobs import run_here
from tests.support.engines import KEY, RunningEngine, StartEngine

ROOT = Path(__file__).parents[2]
LOOPBACK = "127.0.0.1"
PUBLIC = "https://example.com/video.mp4"


def start_with(start_engine: StartEngine, faults: str) -> RunningEngine:
    return start_engine(worker=False, faults=read_faults(faults, host=LOOPBACK))


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ("status-stuck", {"status": 1}),
        ("status-absent", {}),
        ("status-unknown-word", {"status": UNKNOWN_WORD}),
        ("status-failed", {"status": 2, "message": FAILURE}),
        ("status-failed-silent", {"status": 3}),
    ],
)
def test_status_fault_replaces_the_report_and_retry_after(
    start_engine: StartEngine, fault: str, answer: dict[str, Any]
) -> None:
    engine = start_with(start_engine, fault)
    got = engine.call("GET", "/videoinfer/", params={"job_id": engine.submit(PUBLIC)})
    assert (got.status_code, got.json()) == (200, answer)
    assert "retry-after" not in got.headers


def test_status_fault_keeps_errors_for_a_wrong_key_and_an_unknown_job(start_engine: StartEngine) -> None:
    engine = start_with(start_engine, "status-stuck")
    assert engine.call("GET", "/videoinfer/", key="wrong", params={"job_id": "x"}).status_code == 401
    assert engine.call("GET", "/videoinfer/", params={"job_id": "x"}).status_code == 404


def test_job_runs_with_statuses_in_words(start_engine: StartEngine, small_video: Path) -> None:
    engine = start_with(start_engine, "status-word")
    good, bad = engine.submit(engine.upload(small_video)), engine.submit(PUBLIC.replace("example.com", LOOPBACK))
    assert engine.status(bad).status == "processing"
    for job_id in (good, bad):
        run_here(engine, job_id)
    assert (engine.wait(good).status, engine.wait(bad).status) == ("completed", "failed")


@pytest.mark.parametrize(("fault", "status"), [("rate-limit", 429), ("broken-500", 500)])
def test_requests_with_the_key_fail_a_number_of_times(start_engine: StartEngine, fault: str, status: int) -> None:
    engine = start_with(start_engine, f"{fault}:7")
    calls = [("POST", ""), ("POST", "video_upload_signed_url/"), ("GET", "models/")]
    calls += [(method, "videoinfer/") for method in ("POST", "GET", "DELETE")]
    answers = [engine.call(method, f"/{path}", json={}) for method, path in calls]
    assert [answer.status_code for answer in answers] == [status] * 6
    assert [answer.headers.get("retry-after") for answer in answers] == ["30" if fault == "rate-limit" else None] * 6
    assert engine.call("POST", "/").status_code == status
    assert engine.call("POST", "/").json() == {"workspace": "embedded"}


@pytest.fixture
def fetch(start_engine: StartEngine, small_video: Path) -> Callable[[str], requests.Response]:
    """Fetch the results of one finished job, from a separate engine for each set of faults."""
    healthy_engine = start_engine(worker=False)
    job_id = healthy_engine.submit(healthy_engine.upload(small_video))
    run_here(healthy_engine, job_id)

    def fetched(faults: str) -> requests.Response:
        engine = start_with(start_engine, faults)
        return requests.get(str(engine.status(job_id).output_signed_url), timeout=20)

    return fetched


Fetch = Callable[[str], requests.Response]


def test_output_link_is_refused_in_the_format_of_a_storage_service(fetch: Fetch) -> None:
    expired, refused = fetch("link-expired"), fetch("link-403")
    assert (expired.status_code, "<Code>ExpiredToken</Code>" in expired.text) == (400, True)
    assert (refused.status_code, "<Code>AccessDenied</Code>" in refused.text) == (403, True)


def test_half_of_the_results_is_sent_with_or_without_the_full_length(fetch: Fetch) -> None:
    good = fetch("").content
    assert fetch("results-truncated").content == good[: len(good) // 2]
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match=rf"IncompleteRead\({len(good) // 2} bytes read"):
        fetch("results-cut")


def test_results_fault_changes_one_part_of_the_results(fetch: Fetch) -> None:
    good = fetch("").json()
    nulls, plural, unknown = (fetch(f"results-{name}").json() for name in ("nulls", "frame-offsets", "unknown-type"))
    assert nulls == {**good, "motion": [None if at % 2 else entry for at, entry in enumerate(good["motion"])]}
    assert list(plural) == ["frame_offsets", "time_offsets", "motion"]
    assert list(plural.values()) == list(good.values())
    assert unknown == {**good, "motion": [{"depth_map": "AAAA"}] * 20}


def test_several_faults_apply_to_one_request_and_count_separately(fetch: Fetch) -> None:
    both = fetch("results-nulls,results-frame-offsets").json()
    assert (next(iter(both)), both["motion"][1]) == ("frame_offsets", None)
    assert fetch("link-403,results-nulls").status_code == 403


def test_fault_with_a_number_ends(start_engine: StartEngine) -> None:
    engine = start_with(start_engine, "status-absent:2")
    job_id = engine.submit(PUBLIC)
    assert [engine.status(job_id).status for _ in range(3)] == [None, None, 1]


def test_interrupted_upload_leaves_nothing(start_engine: StartEngine) -> None:
    engine = start_with(start_engine, "upload-breaks:1")
    link, sent_bytes = engine.upload_link(), 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent_bytes
        for _ in range(64):
            yield bytes(1 << 20)
            sent_bytes += 1 << 20

    with pytest.raises(requests.ConnectionError):
        requests.put(link, data=SizedBody(pieces(), 64 << 20), timeout=20)
    assert sent_bytes < 60 << 20
    assert list((engine.folder / "uploads").iterdir()) == []
    assert requests.put(link, data=b"video", timeout=20).status_code == 200


class SizedBody:
    """A request body that is sent with a Content-Length."""

    def __init__(self, pieces: Iterator[bytes], size_bytes: int) -> None:
        self._pieces, self._size_bytes = pieces, size_bytes

    def __len__(self) -> int:
        return self._size_bytes

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces


def test_engine_without_faults_has_no_fault_handlers(start_engine: StartEngine) -> None:
    routes = start_engine(worker=False).engine.routes()
    assert not [route for route in routes if route.handler.__module__.endswith(".fault_injection")]


def test_log_names_the_fault_and_neither_key_nor_token(
    start_engine: StartEngine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "frametally.engine"):
        engine = start_with(start_engine, "upload-breaks,rate-limit:1")
        engine.call("POST", "/")
        link = engine.upload_link()
        with pytest.raises(requests.ConnectionError):
            requests.put(link, data=b"video", timeout=20)
    assert "fault mode: upload-breaks, rate-limit" in caplog.text
    assert "fault rate-limit applied to POST /" in caplog.text
    assert "fault upload-breaks applied to PUT /videoinfer/uploads/{token}" in caplog.text
    token = link.partition("/uploads/")[2].partition("?")[0]
    assert not [secret for secret in (KEY, token) if secret in caplog.text]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_faults_are_accepted_on_loopback_addresses(host: str) -> None:
    assert [fault.name for fault in read_faults(" link-403 , rate-limit:2,", host=host)] == ["link-403", "rate-limit"]


@pytest.mark.parametrize("host", [None, "", "0.0.0.0", "::", "192.168.1.7", "example.com", "127.0.0.1.example.com"])
def test_faults_are_refused_on_other_addresses(host: str | None) -> None:
    with pytest.raises(SettingsError, match="FRAMETALLY_ENGINE_FAULTS requires a loopback address"):
        read_faults("link-403", host=host)
    assert read_faults("", host=host) == []


def test_unknown_fault_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError) as caught:
        read_faults("link-403,link-404", host=LOOPBACK)
    assert "unknown fault 'link-404'" in caught.value.what
    assert all(name in caught.value.next_step for name in FAULTS)


@pytest.mark.parametrize("text", ["link-403:", "link-403:0", "link-403:-1", "link-403:x", "link-403:1:2", "link-403:²"])
def test_invalid_number_of_requests_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"Write link-403:3, or link-403\."):
        read_faults(text, host=LOOPBACK)


def test_documentation_lists_every_fault() -> None:
    text = (ROOT / "docs" / "failures.md").read_text()
    assert [name for name, fault in FAULTS.items() if f"| `{name}` | {fault.meaning} |" not in text] == []


def test_standalone_engine_accepts_faults_on_loopback_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FRAMETALLY_ENGINE_FAULTS", "link-403")
    monkeypatch.setattr("frametally.cli.engine.keep_new_files_private", lambda: None)  # it concerns the whole process
    assert main(["engine", "--host", "0.0.0.0", "--port", "0"]) == ExitCode.BAD_INPUT
    assert "this server listens on 0.0.0.0. Start it with --host 127.0.0.1" in capsys.readouterr().err
