"""`frametally labels`."""

from __future__ import annotations

import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from frametally.audit.seen import Seen, SeenBox
from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.config.settings import Settings
from frametally.ledger.audits.frame_checks import keep_check
from frametally.storage.digests import sha256_of
from frametally.video.frame_index import build_index
from tests.support.ledgers import open_ledger
from tests.support.opened_results import box, entry

FRAMES = 20


@pytest.fixture
def run(hard_videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    entries = [entry(box("car", 0.25 + at / 40, (20, 20, 10, 10)), wh=(96, 64)) for at in range(FRAMES)]
    content = {"frame_offset": [*range(FRAMES)], "time_offset": [at / 10 for at in range(FRAMES)], "cars/1": entries}
    (tmp_path / "results.json").write_text(json.dumps(content))

    def command(*more: str) -> int:
        return main(["labels", str(tmp_path / "results.json"), *more])

    return command


def test_the_least_sure_frames_are_written(
    run: Any, hard_videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video, out = str(hard_videos / "b_frames.mp4"), tmp_path / "out.zip"
    assert run("--video", video, "--least-sure", "3", "--format", "yolo", "--out", str(out)) == ExitCode.OK
    assert capsys.readouterr().out == "3 predicted frames in out.zip.\n"
    with zipfile.ZipFile(out) as archive:
        assert "predicted/images/b_frames_000000.jpg" in archive.namelist()
        assert sha256_of(hard_videos / "b_frames.mp4") in archive.read("README.txt").decode()
    assert not (tmp_path / "data").exists()  # no ledger is made for a file


def test_checked_frames_are_those_of_the_video_in_the_ledger(
    run: Any, hard_videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = hard_videos / "b_frames.mp4"
    settings = Settings.read({"FRAMETALLY_DATA_DIR": str(tmp_path / "data")}, {})
    with open_ledger(settings.database_url) as ledger:
        seen = Seen((("car",),), (SeenBox(0, (0.5, 0.5, 0.75, 0.75)),))
        keep_check(ledger, sha256_of(video), int(build_index(video).pts[7]), seen.to_json(), actor=None)
    arguments = ("--video", str(video), "--checked", "--out", str(tmp_path / "out"))
    assert run(*arguments) == ExitCode.OK
    assert capsys.readouterr().out == "1 checked frame in out.\n"
    coco = json.loads((tmp_path / "out/annotations/instances_checked.json").read_text())
    assert [(one["bbox"], one.get("score")) for one in coco["annotations"]] == [([48, 32, 24, 16], None)]
    assert datetime.fromisoformat(coco["info"]["date_created"]).tzinfo
    assert run(*arguments) == ExitCode.BAD_INPUT
    assert "exists already" in capsys.readouterr().err


def test_options_that_do_not_fit_are_refused(run: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--least-sure", "3", "--out", str(tmp_path / "a.zip")) == ExitCode.BAD_INPUT
    assert "--video" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("--least-sure", "3", "--checked", "--out", str(tmp_path / "a.zip"))
