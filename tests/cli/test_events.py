"""`frametally events`."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest

from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.regions.shapes import Line, RegionSet, Rule, Zone
from tests.support.archives import archive_cached
from tests.support.geometry_videos import scene_image, write_oriented
from tests.support.opened_results import box, entry

SIZE = (640, 360)
SET = RegionSet(
    camera="dock 3",
    size=SIZE,
    lines=(
        Line(id="l1", name="Gate", start=(0.5, 1), end=(0.5, 0)),
        Line(id="l2", name="Nowhere", start=(0.9, 0.1), end=(0.95, 0.1)),
    ),
    zones=(Zone(id="z1", name="Dock", points=((0.6, 0), (1, 0), (1, 1), (0.6, 1)), anchor="center"),),
    rules=(Rule(name="Busy", zone="z1", more_than=0, for_s=0.4),),
)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a results JSON of a car that drives to the right, and the regions."""
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    entries: list[Any] = [entry(box("car", 0.9, (20 + 20 * at, 200, 80, 60))) for at in range(30)]
    content = {
        "frame_offset": [at * 3 for at in range(30)],
        "time_offset": [at / 5 for at in range(30)],
        "cars/1": entries,
    }
    (tmp_path / "results.json").write_text(json.dumps(content))
    (tmp_path / "regions.json").write_bytes(SET.to_json())
    return tmp_path


def run(files: Path, *more: str, results: str = "results.json", out: str = "events.csv") -> int:
    reference = str(files / results) if (files / results).exists() else results
    return main(["events", reference, "--regions", str(files / "regions.json"), "--out", str(files / out), *more])


def test_events_of_a_results_file_are_written_and_printed(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(files) == ExitCode.OK
    with (files / "events.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [(row["region"], row["kind"], row["class"]) for row in rows] == [
        ("Gate", "in", "car"),
        ("Dock", "enter", "car"),
        ("Dock", "inside at end", "car"),
    ]
    assert float(rows[0]["time_s"]) == pytest.approx(3.0)
    assert rows[0]["frame"] == "45"
    printed = capsys.readouterr()
    assert "Gate: 1 in, 0 out" in printed.out
    assert "Dock: entries 1, exits 0\nDock: 1 inside at the end: not in the median." in printed.out
    assert "Busy: from 0:03.8 to 0:05.8 or later, up to 1 object in Dock." in printed.out
    assert "Nowhere: Counts nothing: " in printed.err


def test_objects_that_are_too_fast_are_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.loads((files / "results.json").read_text())
    content["cars/1"] = [entry(box("car", 0.9, (20 + 70 * (at % 9), 200, 20, 20))) for at in range(30)]
    (files / "results.json").write_text(json.dumps(content))
    assert run(files, "--confidence", "0.95") == ExitCode.OK
    assert "Only 0% of the boxes could be joined to tracks" in capsys.readouterr().err


def test_events_of_a_job_are_written_as_parquet(files: Path) -> None:
    archive_cached(files / "results.json", files / "data/results/j1")
    assert run(files, "--model", "cars/1", "--confidence", "0.5", results="j1", out="events.parquet") == ExitCode.OK
    assert pq.read_table(files / "events.parquet")["kind"].to_pylist() == ["in", "enter", "inside at end"]


def test_a_video_gives_the_times_and_is_compared_with_the_background(
    files: Path, hard_videos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = msgspec.structs.replace(SET, size=(100, 360), background=bytes(range(256)) * 9)
    (files / "regions.json").write_bytes(other.to_json())
    assert run(files, "--video", str(hard_videos / "variable.mp4")) == ExitCode.OK
    warnings = capsys.readouterr().err
    assert "drawn on a picture of 100 × 360 px" in warnings
    assert "the camera may have been moved" in warnings
    with (files / "events.csv").open(encoding="utf-8-sig") as file:
        crossed = next(csv.DictReader(file))
    # Entry 15 is frame 45; this video has its frames at 33 n + 150 (n // 5) ms.
    assert float(crossed["time_s"]) == pytest.approx(45 * 0.033 + 9 * 0.15)


def test_boxes_of_a_picture_that_was_not_turned_are_turned_with_the_video(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = write_oriented(
        files / "phone.mp4", scene_image(640, 360), rotation_deg=270, pixel_aspect=Fraction(4, 3), frames=2
    )
    upright = msgspec.structs.replace(
        SET, size=(360, 853), lines=(Line(id="l1", name="Gate", start=(1, 0.5), end=(0, 0.5)),), zones=(), rules=()
    )
    (files / "regions.json").write_bytes(upright.to_json())
    assert run(files, "--video", str(video)) == ExitCode.OK
    printed = capsys.readouterr()
    assert "Gate: 0 in, 1 out" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"results": "j9"}, "There is no job or file j9."),
        ({"results": "../data"}, "There is no job or file data."),
        ({"out": "events.xlsx"}, "The format .xlsx is not known."),
        ({"out": "no/events.csv"}, "events.csv cannot be written: No such file or directory."),
        ({"more": ("--model", "birds")}, "These results have no model birds. They have: cars/1."),
        ({"more": ("--confidence", "2")}, "--confidence is 2.0."),
        ({"more": ("--video", "gone.mp4")}, "File not found: gone.mp4."),
        ({"regions": "{}"}, "This is not a valid set of regions: Object missing required field `camera`"),
        ({"regions": None}, "regions.json cannot be read"),
    ],
)
def test_what_cannot_be_used_is_named(
    files: Path, capsys: pytest.CaptureFixture[str], changed: dict[str, Any], message: str
) -> None:
    if "regions" in changed:
        (files / "regions.json").unlink()
        if changed["regions"] is not None:
            (files / "regions.json").write_text(changed["regions"])
    out, results = changed.get("out", "events.csv"), changed.get("results", "results.json")
    assert run(files, *changed.get("more", ()), results=results, out=out) == ExitCode.BAD_INPUT
    assert message in capsys.readouterr().err
    assert not (files / out).exists()
