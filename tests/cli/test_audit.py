"""`frametally audit`."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from tests.support.opened_results import box, entry
from tests.support.video_files import write_video

FRAMES = 60
CARS = np.arange(FRAMES) % 4
"""What the model finds; there is one more in every sixth frame."""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a results JSON, whose last two entries were not analyzed."""
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    entries: list[Any] = [entry(*(box("car", 0.9, (20, 20, 40, 40)) for _ in range(cars))) for cars in CARS.tolist()]
    content = {"frame_offset": [*range(FRAMES)], "time_offset": [at / 5 for at in range(FRAMES)], "cars/1": entries}
    content["cars/1"][-2:] = [None, None]
    (tmp_path / "results.json").write_text(json.dumps(content))
    return tmp_path


def run(files: Path, *more: str) -> int:
    return main(["audit", str(files / "results.json"), *more])


def planned(files: Path, size: int = 20) -> list[dict[str, str]]:
    assert run(files, "--plan", str(size), "--out", str(files / "sheet.csv")) == ExitCode.OK
    with (files / "sheet.csv").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def filled(files: Path, rows: list[dict[str, str]], delimiter: str = ",") -> str:
    with (files / "filled.csv").open("w") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return str(files / "filled.csv")


def with_truth(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [row | {"car": str(CARS[int(row["frame"])] + (int(row["frame"]) % 6 == 0))} for row in rows]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_sheet_that_was_filled_in_corrects_the_counts(
    files: Path, capsys: pytest.CaptureFixture[str], delimiter: str
) -> None:
    rows = planned(files)
    assert len({row["frame"] for row in rows}) == 20
    assert not {row["frame"] for row in rows} & {"58", "59"}  # unknown, not zero
    by_frame = sorted(with_truth(rows), key=lambda row: int(row["frame"]))
    assert run(files, "--checks", filled(files, by_frame, delimiter)) == ExitCode.OK
    out, error = capsys.readouterr()
    (line,) = (line for line in out.splitlines() if line.startswith("  car "))
    model, corrected, low, _, high = line.split()[1:6]
    assert float(model) == pytest.approx(CARS[:-2].mean(), abs=0.01)
    assert float(low) <= CARS[:-2].mean() + 10 / 58 <= float(high)
    assert float(low) < float(corrected) < float(high)
    assert "more frames would make the intervals half as wide." in out
    assert not error


def test_what_was_not_checked_is_named_and_not_counted_as_zero(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = with_truth(planned(files))
    for row, text in zip(rows, ["?", " ", ""], strict=False):
        row["car"] = text
    assert run(files, "--checks", filled(files, rows)) == ExitCode.OK
    assert "car: 3 of 20 drawn frames were not checked; they may differ." in capsys.readouterr().err
    assert run(files, "--checks", filled(files, [row | {"car": ""} for row in rows])) == ExitCode.OK
    out = capsys.readouterr().out
    assert "too few checked frames to say" in out
    assert "half as wide" not in out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[1:], "other frames than were drawn"),
        (lambda rows: [row | {"sample_seed": "2"} for row in rows], "other frames than were drawn"),
        (lambda rows: [*rows, rows[0]], "frames twice"),
        (lambda rows: [row | {"car": "1.5"} for row in rows], "row 2: 1.5 in car"),
        (lambda rows: [row | {"car": "-1"} for row in rows], "row 2: -1 in car"),
        (lambda rows: [row | {"car": "10000000"} for row in rows], "row 2: 10000000 in car"),
        (lambda rows: [{key: value for key, value in row.items() if key != "car"} for row in rows], "no column car"),
    ],
)
def test_other_sheets_are_refused(files: Path, capsys: pytest.CaptureFixture[str], change: Any, message: str) -> None:
    assert run(files, "--checks", filled(files, change(with_truth(planned(files))))) == ExitCode.BAD_INPUT
    assert message in capsys.readouterr().err


def test_a_sheet_is_never_replaced(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned(files)
    before = (files / "sheet.csv").read_bytes()
    assert run(files, "--plan", "40", "--out", str(files / "sheet.csv")) == ExitCode.BAD_INPUT
    assert "sheet.csv exists already." in capsys.readouterr().err
    assert (files / "sheet.csv").read_bytes() == before


def test_names_of_classes_do_not_control_the_terminal(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (files / "results.json").read_text()
    (files / "results.json").write_text(text.replace('"class": "car"', '"class": "\\u001b[2Jcar"'))
    assert run(files, "--checks", filled(files, planned(files))) == ExitCode.OK
    out, error = capsys.readouterr()
    assert "?[2Jcar" in out
    assert "\x1b" not in out + error


def test_a_class_may_be_called_as_a_column_of_the_sheet(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (files / "results.json").read_text()
    (files / "results.json").write_text(text.replace('"class": "car"', '"class": "frame"'))
    rows = [row | {"frame (class)": str(CARS[int(row["frame"])])} for row in planned(files)]
    assert run(files, "--checks", filled(files, rows)) == ExitCode.OK
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("  frame "))
    assert line.split()[1] == line.split()[2] == f"{CARS[:-2].mean():.2f}"


def test_files_that_are_no_sheets_are_refused(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content, message in ((b"\xff\xfe\x00", "not a CSV file"), (b"", "no rows"), (b"a,b\n1,2\n", "no column frame")):
        (files / "other.csv").write_bytes(content)
        assert run(files, "--checks", str(files / "other.csv")) == ExitCode.BAD_INPUT
        assert message in capsys.readouterr().err
    assert run(files, "--checks", str(files / "missing.csv")) == ExitCode.BAD_INPUT


@pytest.mark.parametrize(
    "options",
    [
        ("--plan", "20"),
        ("--plan", "2", "--out", "sheet.csv"),
        ("--plan", "20", "--out", "no/sheet.csv"),
        ("--plan", "20", "--out", "sheet.csv", "--seed", "-1"),
        ("--plan", "20", "--out", "sheet.csv", "--pictures", "frames.zip"),
        ("--checks", "sheet.csv", "--confidence", "2"),
    ],
)
def test_options_that_do_not_fit_are_refused(files: Path, options: tuple[str, ...]) -> None:
    assert run(files, *options) == ExitCode.BAD_INPUT


def test_the_frames_are_written_as_pictures(files: Path) -> None:
    write_video(files / "video.mp4", frames=FRAMES, fps=5)
    options = ("--plan", "6", "--out", str(files / "sheet.csv"), "--video", str(files / "video.mp4"))
    assert run(files, *options, "--pictures", str(files / "frames.zip")) == ExitCode.OK
    names = zipfile.ZipFile(files / "frames.zip").namelist()
    assert sum(name.startswith("images/") for name in names) == 6
