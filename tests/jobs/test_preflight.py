"""What would make a job fail is said before it is scheduled; a warning never blocks, a certain failure does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import pytest

from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.config.inference_servers import SERVERS_SETTING, InferenceServers
from frametally.contract import ModelInfo
from frametally.job import EMBEDDED, ModelChoice
from frametally.jobs.preflight import Facts, PreflightIssue, expires_at, find_issues
from frametally.network.url_probe import UrlReport, probe_url
from frametally.storage.space import DISK_RESERVE_BYTES
from frametally.video.probe import VideoInfo, probe
from tests.support.video_files import write_video

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOSTED = "https://api.example.com"
MOTION = ModelInfo("motion", "1", "object-detection", ["moving"])


@pytest.fixture(scope="module")
def video(small_video: Path) -> VideoInfo:
    return probe(small_video)


def found(**facts: Any) -> list[PreflightIssue]:
    usual: dict[str, Any] = {"now": NOW, "service": EMBEDDED, "file_name": "film.mp4"}
    return find_issues(Facts(**{**usual, **facts}))


def stops(**facts: Any) -> list[str]:
    return [finding.what for finding in found(**facts) if finding.stops]


def warns(**facts: Any) -> list[str]:
    return [finding.what for finding in found(**facts) if not finding.stops]


def test_a_job_with_nothing_in_its_way_needs_no_word(video: VideoInfo) -> None:
    motion = ModelChoice(model_id="motion", version="1")
    facts = {"video": video, "infer_fps": 5.0, "models": [motion], "installed": [MOTION], "free_bytes": 1 << 40}
    assert found(**facts) == []
    assert found() == []


@pytest.mark.parametrize("name", ["IMG_0001.MOV", "clip.ts", "clip.m4v", "clip"])
def test_a_file_that_no_service_takes_stops_the_job_and_can_be_put_into_mp4(video: VideoInfo, name: str) -> None:
    (finding,) = found(video=video, file_name=name)
    assert (finding.stops, finding.fix) == (True, "remux")
    assert finding.what == f"The service takes MP4, AVI, MKV, WEBM; {name} is none of them."
    assert found(video=video, file_name=name, url="https://host/clip.mov") == []


def test_an_address_that_ends_like_such_a_file_warns_of_a_service_that_is_not_ours() -> None:
    assert warns(url="https://host/clip.MOV?x=1", service=HOSTED) == [
        "Services take MP4, AVI, MKV, WEBM, and this address ends in MOV."
    ]
    assert found(url="https://host/clip.mov") == []
    assert found(url="https://host/clip.mp4", service=HOSTED) == []


def test_a_file_that_is_not_what_it_is_called_is_a_warning(video: VideoInfo) -> None:
    (finding,) = found(video=msgspec.structs.replace(video, container="mpegts"))
    assert (finding.stops, finding.fix) == (False, "remux")
    assert finding.what == "film.mp4 is called MP4 and is mpegts inside."


def test_a_rate_above_the_video_s_stops_the_job(video: VideoInfo) -> None:
    (what,) = stops(video=video, infer_fps=10.5)
    assert "cannot be analyzed at 10.5" in what
    assert found(video=video, infer_fps=10.0) == []
    assert stops(infer_fps=240.0)  # above the limit of the API, whatever the video
    assert found(infer_fps=60.0) == []


def test_a_model_that_the_engine_does_not_have_stops_the_job_before_the_video_is_sent() -> None:
    cars = ModelChoice(model_id="cars", version="2")
    assert stops(models=[cars], installed=[MOTION]) == ["The built-in engine has no model cars/2."]
    assert found(models=[cars], installed=[MOTION], service=HOSTED) == []
    assert found(models=[cars], installed=[]) == []  # it does not answer now
    served = InferenceServers.from_environment({SERVERS_SETTING: "cars/*=http://127.0.0.1:9001"})
    assert found(models=[cars], installed=[MOTION], model_servers=served) == []


def test_a_disk_without_room_for_the_engine_s_copy_stops_the_job(video: VideoInfo) -> None:
    just = DISK_RESERVE_BYTES + video.size_bytes
    assert stops(video=video, free_bytes=just - 1)
    assert warns(video=video, free_bytes=just)
    assert warns(video=video, free_bytes=just - 1, service=HOSTED)
    assert not stops(video=video, free_bytes=just - 1, service=HOSTED)
    assert found(video=video, free_bytes=1 << 40) == []


@pytest.mark.parametrize(
    ("query", "end"),
    [
        ("X-Amz-Date=20260301T110000Z&X-Amz-Expires=7200&X-Amz-Signature=x", NOW + timedelta(hours=1)),
        ("X-Goog-Date=20260301T120000Z&X-Goog-Expires=60", NOW + timedelta(minutes=1)),
        ("AWSAccessKeyId=x&Expires=1772366400&Signature=y", NOW),
        ("Expires=1772366400&Key-Pair-Id=x", NOW),
        ("sv=2024&se=2026-03-01T13%3A00%3A00Z&sig=x", NOW + timedelta(hours=1)),
        *((query, None) for query in ("", "X-Amz-Expires=7200", "se=1&sig=2", "expires=86400", "expires=1772366400")),
        *((f"Expires={when}&Signature=y", None) for when in ("soon", "9" * 30, "86400")),
    ],
)
def test_when_a_signed_link_ends_stands_in_it(query: str, end: datetime | None) -> None:
    assert expires_at(f"https://host/video.mp4?{query}") == end


def test_a_link_that_has_ended_stops_the_job_and_one_that_ends_soon_warns() -> None:
    link = "https://host/v.mp4?Signature=y&Expires={:.0f}".format
    assert stops(url=link(NOW.timestamp())) == ["The link to the video expired at 2026-03-01 12:00 UTC."]
    soon = NOW + timedelta(hours=1, minutes=5)
    assert warns(url=link(soon.timestamp())) == ["The link to the video expires in 1 h 5 min."]
    assert found(url=link((NOW + timedelta(days=1)).timestamp())) == []


def test_an_address_that_is_none_stops_the_job() -> None:
    for url in ("https://[foo/v.mp4", "https://host]/v.mp4"):
        assert expires_at(url) is None
        assert stops(url=url, service=HOSTED) == ["The address of the video cannot be read."]


def test_what_this_machine_does_not_reach_stops_its_own_engine_and_warns_of_another() -> None:
    for report in (UrlReport(refusal="There is no host x.", next_step="Check it."), UrlReport(status=403)):
        assert stops(url="https://x/v.mp4", url_report=report)
        assert warns(url="https://x/v.mp4", url_report=report, service=HOSTED)
        assert not stops(url="https://x/v.mp4", url_report=report, service=HOSTED)
    for report in (UrlReport(status=404), UrlReport(status=200, content="page")):
        assert stops(url="https://x/v.mp4", url_report=report, service=HOSTED)
    assert warns(url="https://x/v.mp4", url_report=UrlReport(status=200, content="other"))
    assert found(url="https://x/v.mp4", url_report=UrlReport(status=206, content="video")) == []


def test_what_is_certain_comes_first(video: VideoInfo) -> None:
    odd = msgspec.structs.replace(video, container="mpegts")
    assert [finding.stops for finding in found(video=odd, infer_fps=99.0)] == [True, False]


@contextmanager
def serving(content: bytes, content_type: str, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """A web server that says this to everybody, and the ranges that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers.get("Range", ""))
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:8192])

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/video", asked
        server.shutdown()
        thread.join()


def test_a_look_asks_for_the_first_bytes_only_and_knows_a_video_by_them(small_video: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "square.mkv", frames=10, fps=10)
    write_video(tmp_path / "square.avi", frames=10, fps=10)
    write_video(tmp_path / "square.ts", frames=10, fps=10)
    for path in (small_video, *tmp_path.iterdir()):
        with serving(path.read_bytes(), "application/octet-stream") as (url, asked):
            assert probe_url(url, private_urls=True) == UrlReport(status=200, content="video")
        assert asked == ["bytes=0-4095"]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "content"),
    [
        (b"<!DOCTYPE html><html>", "text/plain", 200, "page"),
        (b"anything", "text/html; charset=utf-8", 200, "page"),
        (b"{}", "application/json", 200, "other"),
        (b"", "video/mp4", 200, "other"),
        (b"<html>no</html>", "text/html", 404, "page"),
    ],
)
def test_what_is_no_video_is_known_by_its_first_bytes(
    body: bytes, content_type: str, status: int, content: str
) -> None:
    with serving(body, content_type, status) as (url, _):
        report = probe_url(url, private_urls=True)
    assert (report.status, report.content, report.refusal) == (status, content, "")


def test_a_look_never_reaches_into_the_network_of_the_server(small_video: Path) -> None:
    with serving(small_video.read_bytes(), "video/mp4") as (url, asked):
        report = probe_url(url, private_urls=False)
    assert "private" in report.refusal
    assert asked == []
    assert "connection refused" in probe_url("http://127.0.0.1:9/v.mp4", private_urls=True).refusal
    assert "not an http" in probe_url("file:///etc/passwd", private_urls=True).refusal


def test_the_command_line_refuses_what_is_certain_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_video(tmp_path / "IMG_1.MOV", frames=5, fps=10)
    write_video(tmp_path / "slow.mp4", frames=5, fps=10)
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ROBOFLOW_API_KEY", "key")
    there = ["--model", "cars/1", "--api-url", "http://127.0.0.1:9"]
    assert main(["run", str(tmp_path / "IMG_1.MOV"), *there]) == ExitCode.BAD_INPUT
    assert "The service takes MP4, AVI, MKV, WEBM" in capsys.readouterr().err
    assert main(["run", str(tmp_path / "slow.mp4"), "--fps", "20", *there]) == ExitCode.BAD_INPUT
    assert "cannot be analyzed at 20" in capsys.readouterr().err


def test_the_command_line_refuses_a_model_that_the_engine_does_not_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_video(tmp_path / "dock.mp4", frames=5, fps=10)
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    assert main(["run", str(tmp_path / "dock.mp4"), "--model", "cars/1"]) == ExitCode.BAD_INPUT
    assert "The built-in engine has no model cars/1." in capsys.readouterr().err
