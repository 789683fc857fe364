"""Preflight: a certain failure blocks a job, a warning does not."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.config.inference_servers import SERVERS_SETTING, InferenceServers
from frametally.contract import ModelInfo
from frametally.job import EMBEDDED, ModelChoice, RunRequest
from frametally.jobs.preflight import Preflight, PreflightIssue, expires_at, find_issues
from frametally.network.url_probe import UrlReport
from frametally.storage.space import DISK_RESERVE_BYTES
from frametally.video.probe import VideoInfo, probe
from tests.support.onnx_models import save_with_outside_weights
from tests.support.video_files import write_video

REFUSED = ModelInfo("cars", "2", "", [], "cars/2 contains the TensorRT plug-in X.", "Export it for ONNX Runtime.")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOSTED = "https://api.example.com"
MOTION = ModelInfo("motion", "1", "object-detection", ["moving"])


@pytest.fixture(scope="module")
def video(small_video: Path) -> VideoInfo:
    return probe(small_video)


def found(**values: Any) -> list[PreflightIssue]:
    """The issues of a request; `values` are fields of it or of its preflight."""
    usual = {"service": EMBEDDED, "key_id": "", "video_name": "film.mp4"}
    of_request = {each.name: values.pop(each.name) for each in fields(RunRequest) if each.name in values}
    return find_issues(Preflight(request=RunRequest(**usual | of_request), now=NOW, **values))


def stops(**values: Any) -> list[str]:
    return [issue.what for issue in found(**values) if issue.stops]


def warns(**values: Any) -> list[str]:
    return [issue.what for issue in found(**values) if not issue.stops]


def test_a_request_without_problems_has_no_issues(video: VideoInfo) -> None:
    motion = ModelChoice(model_id="motion", version="1")
    values = {"video": video, "infer_fps": 5.0, "models": (motion,), "installed": [MOTION], "free_bytes": 1 << 40}
    assert found(**values) == []
    assert found() == []


@pytest.mark.parametrize("name", ["IMG_0001.MOV", "clip.ts", "clip.m4v", "clip"])
def test_an_unsupported_file_stops_the_job_and_can_be_remuxed(video: VideoInfo, name: str) -> None:
    (issue,) = found(video=video, video_name=name)
    assert (issue.stops, issue.fix) == (True, "remux")
    assert f"accepts MP4, AVI, MKV, WEBM, not {name}" in issue.what
    assert found(video=video, video_name=name, video_url="https://host/clip.mov") == []


def test_a_url_of_an_unsupported_file_is_a_warning_for_a_hosted_service() -> None:
    (what,) = warns(video_url="https://host/clip.MOV?x=1", service=HOSTED)
    assert "URL ends in MOV" in what
    assert found(video_url="https://host/clip.mov") == []
    assert found(video_url="https://host/clip.mp4", service=HOSTED) == []


def test_a_file_whose_content_differs_from_its_name_is_a_warning(video: VideoInfo) -> None:
    (issue,) = found(video=msgspec.structs.replace(video, container="mpegts"))
    assert (issue.stops, issue.fix) == (False, "remux")
    assert "named MP4 but contains mpegts" in issue.what


def test_a_rate_outside_the_limits_stops_the_job(video: VideoInfo) -> None:
    (what,) = stops(video=video, infer_fps=10.5)
    assert "cannot be analyzed at 10.5" in what
    assert found(video=video, infer_fps=10.0) == []
    assert stops(infer_fps=240.0, service=HOSTED)  # above the limit of the API, whatever the video
    assert found(infer_fps=240.0) == []
    assert found(infer_fps=60.0) == []


def test_a_video_below_the_lowest_rate_of_a_service_stops_the_job_there(video: VideoInfo) -> None:
    lapse = msgspec.structs.replace(video, frame_rate="1/2")
    (what,) = stops(video=lapse, infer_fps=0.5, service=HOSTED)
    assert what == "The video has 0.5 frames per second; this service takes at least 1."
    assert found(video=lapse, infer_fps=0.5) == []


def test_a_model_that_is_not_installed_stops_the_job() -> None:
    cars = ModelChoice(model_id="cars", version="2")
    (what,) = stops(models=(cars,), installed=[MOTION])
    assert "cars/2 is not installed" in what
    assert found(models=(cars,), installed=[MOTION], service=HOSTED) == []
    assert found(models=(cars,), installed=[]) == []  # the engine does not answer
    served = InferenceServers.from_environment({SERVERS_SETTING: "cars/*=http://127.0.0.1:9001"})
    assert found(models=(cars,), installed=[MOTION], inference_servers=served) == []


def test_a_disk_without_room_for_the_copy_of_the_engine_stops_the_job(video: VideoInfo) -> None:
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
def test_the_expiry_of_a_signed_link_is_parsed(query: str, end: datetime | None) -> None:
    assert expires_at(f"https://host/video.mp4?{query}") == end


def test_an_expired_link_stops_the_job_and_one_that_expires_soon_warns() -> None:
    link = "https://host/v.mp4?Signature=y&Expires={:.0f}".format
    (expired,) = stops(video_url=link(NOW.timestamp()))
    assert "expired at 2026-03-01 12:00 UTC" in expired
    soon = NOW + timedelta(hours=1, minutes=5)
    (expiring,) = warns(video_url=link(soon.timestamp()))
    assert "expires in 1 h 5 min" in expiring
    assert found(video_url=link((NOW + timedelta(days=1)).timestamp())) == []


def test_an_invalid_url_stops_the_job() -> None:
    for url in ("https://[foo/v.mp4", "https://host]/v.mp4"):
        assert expires_at(url) is None
        (what,) = stops(video_url=url, service=HOSTED)
        assert "URL of the video is not valid" in what


def test_an_unreachable_url_stops_the_built_in_engine_and_warns_for_a_hosted_service() -> None:
    for report in (UrlReport(refusal="There is no host x.", next_step="Check it."), UrlReport(status=403)):
        assert stops(video_url="https://x/v.mp4", url_report=report)
        assert warns(video_url="https://x/v.mp4", url_report=report, service=HOSTED)
        assert not stops(video_url="https://x/v.mp4", url_report=report, service=HOSTED)
    for report in (UrlReport(status=404), UrlReport(status=200, content="page")):
        assert stops(video_url="https://x/v.mp4", url_report=report, service=HOSTED)
    assert warns(video_url="https://x/v.mp4", url_report=UrlReport(status=200, content="other"))
    assert found(video_url="https://x/v.mp4", url_report=UrlReport(status=206, content="video")) == []


def test_blocking_issues_come_first(video: VideoInfo) -> None:
    odd = msgspec.structs.replace(video, container="mpegts")
    assert [issue.stops for issue in found(video=odd, infer_fps=99.0)] == [True, False]


def test_the_command_line_refuses_a_job_that_is_certain_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_video(tmp_path / "IMG_1.MOV", frames=5, fps=10)
    write_video(tmp_path / "slow.mp4", frames=5, fps=10)
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("ROBOFLOW_API_KEY", "key")
    there = ["--model", "cars/1", "--api-url", "http://127.0.0.1:9"]
    assert main(["run", str(tmp_path / "IMG_1.MOV"), *there]) == ExitCode.BAD_INPUT
    assert "accepts MP4, AVI, MKV, WEBM, not IMG_1.MOV" in capsys.readouterr().err
    assert main(["run", str(tmp_path / "slow.mp4"), "--fps", "20", *there]) == ExitCode.BAD_INPUT
    assert "cannot be analyzed at 20" in capsys.readouterr().err


def test_the_command_line_refuses_a_model_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_video(tmp_path / "dock.mp4", frames=5, fps=10)
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    assert main(["run", str(tmp_path / "dock.mp4"), "--model", "cars/1"]) == ExitCode.BAD_INPUT
    assert "cars/1 is not installed" in capsys.readouterr().err


def test_a_refused_model_stops_with_its_own_reason_only() -> None:
    (issue,) = found(models=(ModelChoice(model_id="cars", version="2"),), installed=[MOTION, REFUSED])
    assert (issue.stops, issue.what, issue.next_step) == (True, REFUSED.refusal, REFUSED.next_step)


@pytest.mark.usefixtures("no_child_process")
def test_the_command_line_reports_why_a_model_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_video(tmp_path / "dock.mp4", frames=5, fps=10)
    save_with_outside_weights(tmp_path / "data" / "models" / "cars" / "1" / "model.onnx", "../weights")
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    assert main(["run", str(tmp_path / "dock.mp4"), "--model", "cars/1"]) == ExitCode.BAD_INPUT
    printed = capsys.readouterr().err
    assert "cars/1 references weights outside of its folder." in printed
    assert "not installed" not in printed
