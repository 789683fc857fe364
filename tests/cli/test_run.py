"""`frametally run`: errors before the job is created, and interruption after it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.config.settings import Settings
from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger

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
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("frametally.cli.run._wait", interrupt)
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
