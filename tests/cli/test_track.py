"""`frametally track`: tracks of a job or of a file, in each format."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from frametally.cli.main import main
from tests.support.opened_results import box, entry


@pytest.fixture
def results_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two cars and a dog, five looks a second; the data folder is empty."""
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    rows = [
        entry(
            box("car", 0.9, (60 + 8 * at, 60, 40, 30)),
            box("car", 0.8, (400 - 8 * at, 200, 40, 30)),
            box("dog", 0.3 if at else 0.6, (300, 300, 40, 30)),
        )
        for at in range(20)
    ]
    path = tmp_path / "results.json"
    content = {"frame_offset": [at * 6 for at in range(20)], "time_offset": [at / 5 for at in range(20)], "m": rows}
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("ending", ["parquet", "csv", "txt", "xml"])
def test_a_file_is_tracked_and_its_objects_are_counted(
    results_json: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    out = tmp_path / f"tracks.{ending}"
    assert main(["track", str(results_json), "--out", str(out), "--confidence", "0.5"]) == 0
    printed = capsys.readouterr()
    assert [line.split() for line in printed.out.splitlines()] == [["class", "objects"], ["car", "2"], ["dog", "1"]]
    assert printed.err == ""
    assert out.stat().st_size > 400
    if ending == "parquet":
        assert pq.read_metadata(out).num_rows == 41


def test_options_of_the_tracker_are_applied(
    results_json: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["track", str(results_json), "--out", str(tmp_path / "t.csv"), "--min-length", "9"]) == 0
    assert capsys.readouterr().out.split() == ["class", "objects", "car", "0", "dog", "0"]


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["--out", "tracks.mp4"], "The format .mp4 is not known. Use .parquet"),
        (["--out", "tracks.csv", "--confidence", "2"], "--confidence is 2.0."),
        (["--out", "tracks.csv", "--buffer", "nan"], "--buffer or --min-length is out of range."),
        (["--out", "tracks.csv", "--model", "other"], "These results have no model other."),
        (["--out", "tracks.csv", "--video", "none.mp4"], "File not found: none.mp4."),
        (["--out", "no/tracks.parquet"], "tracks.parquet cannot be written: No such file or directory."),
    ],
)
def test_what_cannot_be_used_is_explained(
    results_json: Path, capsys: pytest.CaptureFixture[str], options: list[str], what: str
) -> None:
    assert main(["track", str(results_json), *options]) == 3
    assert what in capsys.readouterr().err
