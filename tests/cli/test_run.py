"""`frametally run`: errors before the job is created, and interruption after it."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.config.settings import Settings
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.library.library import Library
from tests.support.videos import write

SERVICE = "http://127.0.0.1:9"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that name a service which does not exist, so that no engine is started."""
    values = {"FRAMETALLY_DATA_DIR": str(tmp_path), "FRAMETALLY_API_URL": SERVICE, "ROBOFLOW_API_KEY": "key"}
    settings = Settings.read(values)
    monkeypatch.setattr("frametally.cli.run.read_settings", lambda: settings)
    return settings


def test_an_interrupted_run_leaves_its_job_open(
    settings: Settings, small_video: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("frametally.cli.run._wait", lambda deployment, job: interrupted())
    assert main(["run", str(small_video), "--model", "cars/1", "--fps", "2"]) == ExitCode.INTERRUPTED
    assert "The job continues" in capsys.readouterr().err
    with closing(Ledger(settings.database_url)) as ledger:
        (job,) = ledger.jobs()
    assert (job.status, job.service, job.infer_fps) == (JobStatus.CREATED, SERVICE, 2.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.mp4", "--model", "cars/1"], "File not found: missing.mp4."),
        (["missing.mp4", "--model", "cars/1", "--confidence", "1.5"], "--confidence is 1.5."),
        (["missing.mp4", "--model", "cars/1", "--api-url", "ftp://host"], "URL"),
    ],
)
def test_invalid_input_creates_no_job(
    settings: Settings, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *arguments]) == ExitCode.BAD_INPUT
    assert message in capsys.readouterr().err
    with closing(Ledger(settings.database_url)) as ledger:
        assert ledger.jobs() == []


def test_a_service_needs_an_api_key(
    settings: Settings, small_video: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_key = Settings.read({"FRAMETALLY_DATA_DIR": str(settings.data_dir), "FRAMETALLY_API_URL": SERVICE})
    monkeypatch.setattr("frametally.cli.run.read_settings", lambda: without_key)
    assert main(["run", str(small_video), "--model", "cars/1"]) == ExitCode.BAD_INPUT
    assert "Set ROBOFLOW_API_KEY." in capsys.readouterr().err


@pytest.fixture
def transport_stream(tmp_path: Path) -> Path:
    path = tmp_path / "holiday.ts"
    write(path, "libx264", {"g": "12", "bf": "2"}, frames=20)
    return path


def test_a_file_that_no_service_accepts_names_the_option(
    settings: Settings, transport_stream: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(transport_stream), "--model", "cars/1"]) == ExitCode.BAD_INPUT
    error = capsys.readouterr().err
    assert "not holiday.ts. Add --remux to convert it to MP4 (no re-encoding)." in error
    with closing(Ledger(settings.database_url)) as ledger:
        assert ledger.jobs() == []


@pytest.mark.parametrize("suffix", [".ts", ".mov"])
def test_a_file_is_remuxed_on_request(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    suffix: str,
) -> None:
    source = tmp_path / f"holiday{suffix}"
    write(source, "libx264", {"g": "12", "bf": "2"}, frames=20)
    monkeypatch.setattr("frametally.cli.run._wait", lambda deployment, job: interrupted())
    assert main(["run", str(source), "--model", "cars/1", "--fps", "2", "--remux"]) == ExitCode.INTERRUPTED
    assert "Converted to MP4 (no re-encoding): holiday.mp4" in capsys.readouterr().err
    with closing(Ledger(settings.database_url)) as ledger:
        (job,) = ledger.jobs()
    video = Library(settings.media_dir, max_video_bytes=1 << 30).get(job.video_sha256 or "")
    assert video is not None
    assert (job.video_name, video.info.container, video.info.frame_count) == ("holiday.mp4", "mov", 20)


def test_a_file_that_services_accept_is_not_remuxed(
    settings: Settings, small_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frametally.cli.run._wait", lambda deployment, job: interrupted())
    main(["run", str(small_video), "--model", "cars/1", "--remux"])
    with closing(Ledger(settings.database_url)) as ledger:
        (job,) = ledger.jobs()
    assert job.video_sha256 == hashlib.sha256(small_video.read_bytes()).hexdigest()


def test_a_codec_that_mp4_cannot_contain_is_named(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "intra.mov"
    write(path, "mjpeg", {}, frames=5)
    for option, message in (([], "Its codec cannot be stored in MP4."), (["--remux"], "MP4 cannot contain the codec")):
        assert main(["run", str(path), "--model", "cars/1", *option]) == ExitCode.BAD_INPUT
        assert message in capsys.readouterr().err


def interrupted() -> NoReturn:
    raise KeyboardInterrupt
