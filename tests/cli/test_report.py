"""`frametally report`: a brief of a results JSON."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from frametally.cli.main import main
from tests.support.disks import fill
from tests.support.opened_results import box, entry


@pytest.fixture
def results_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten frames with a car; the data folder is empty."""
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    path = tmp_path / "results.json"
    times = {"frame_offset": [at * 6 for at in range(10)], "time_offset": [at / 5 for at in range(10)]}
    path.write_text(json.dumps({**times, "m": [entry(box("car", 0.4 + 0.05 * at)) for at in range(10)]}))
    return path


def test_a_brief_of_a_file_is_written(results_json: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "brief.html"
    options = ["--title", "Cars", "--question", "How many?", "--confidence", "0.5", "--from", "1", "--made-by", "Dana"]
    assert main(["report", str(results_json), "--out", str(out), *options]) == 0
    html = out.read_text()
    assert all(text in html for text in ("<h1>Cars</h1>", "How many?", "min. confidence 0.5", "by Dana"))
    assert "Peak: 1 car" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--out", "brief.txt"], "not known"),
        (["--out", "b.html", "--confidence", "2"], "invalid value"),
        (["--out", "b.html", "--every", "0"], "invalid value"),
        (["--out", "b.html", "--blur", "face"], "could be blurred"),
        (["--out", "b.html", "--model", "other"], "no model other"),
        (["--out", "no/where.html"], "cannot be written"),
    ],
)
def test_what_cannot_be_used_is_reported(
    results_json: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(results_json.parent)
    assert main(["report", str(results_json), *options]) == 3
    assert message in capsys.readouterr().err


def test_a_full_disk_is_reported(
    results_json: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FRAMETALLY_BROWSER", "/bin/true")
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    fill(small_disk, leave_bytes=500_000)
    assert main(["report", str(results_json), "--out", str(results_json.with_name("b.html")), "--pdf"]) == 3
    assert "Free some disk space" in capsys.readouterr().err


def test_an_unknown_job_is_reported(results_json: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "nothing", "--out", "b.html"]) == 3
    assert "no job or file nothing" in capsys.readouterr().err
