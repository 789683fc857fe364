"""`frametally evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from frametally.analysis.view import View
from frametally.cli.exit_code import ExitCode
from frametally.cli.main import main
from frametally.exports.coco_json import write_coco
from frametally.exports.cvat_video import write_cvat_video
from frametally.exports.mot import write_mot
from frametally.results import open_results
from frametally.tracking.tracker import track
from tests.support.archives import archive_cached
from tests.support.geometry_videos import scene_image, write_oriented
from tests.support.opened_results import box, entry


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a results JSON of a car in 30 entries, 3 frames apart, and of a dog in the last two."""
    monkeypatch.setenv("FRAMETALLY_DATA_DIR", str(tmp_path / "data"))
    entries: list[Any] = []
    for at in range(30):
        dog = [box("dog", 0.8, (500, 300, 40, 40))] if at >= 28 else []
        entries.append(entry(box("car", 0.9, (20.5 + 20 * at, 200, 80, 60)), *dog))
    content = {
        "frame_offset": [at * 3 for at in range(30)],
        "time_offset": [at / 5 for at in range(30)],
        "cars/1": entries,
    }
    (tmp_path / "results.json").write_text(json.dumps(content))
    return tmp_path


def run(files: Path, truth: str, *more: str) -> int:
    return main(["evaluate", str(files / "results.json"), "--truth", str(files / truth), *more])


def rows_of(printed: str) -> list[list[str]]:
    return [line.split() for line in printed.splitlines()]


def test_tables_json_and_exit_code(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"{at * 3 + 1},1,{20.5 + 20 * at - 40},170,80,60,1,1,1\n" for at in range(29))
    (files / "truth.txt").write_text(rows)
    (files / "labels.txt").write_text("ve\x1bhicle\n")
    options = ("--map", "car=ve\x1bhicle", "--json", str(files / "out.json"), "--min-f1")
    assert run(files, "truth.txt", *options, "0.99") == ExitCode.OK
    printed = capsys.readouterr()
    assert "cars/1: 29 labeled frames compared (MOT text), confidence >= 0.25; 1 analyzed" in printed.out
    assert ["ve?hicle", "29", "1.00", "1.00", "+0.00", "0.00"] in rows_of(printed.out)
    assert "The highest F1 is 1.000, at a confidence of 0.00." in printed.out
    assert "Model and labels do not differ in any compared frame." in printed.out
    assert "only the frames that have boxes are taken as labeled" in printed.err
    assert "with boxes that do not count: dog (1)." in printed.err
    written = json.loads((files / "out.json").read_text())
    assert written["boxes"]["map50_95"] == pytest.approx(1.0)
    assert written["frames"]["compared"] == 29

    assert run(files, "truth.txt", "--map", "dog=ve\x1bhicle", "--min-f1", "0.5") == ExitCode.BELOW_MINIMUM
    printed = capsys.readouterr()
    assert "F1 is 0.000, lower than 0.5." in printed.err
    assert "The worst seconds" in printed.out
    assert "ve?hicle: 1 missed" in printed.out


def test_own_exports_are_read_as_labels(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive_cached(files / "results.json", files / "archive")
    view = View(open_results(files / "archive"), "cars/1", 0.25)
    tracks = track(view.results, view.model)
    write_coco(view, files / "coco.json", "clip.mp4")
    write_mot(view, tracks, files / "mot.txt")
    write_cvat_video(view, tracks, files / "cvat.xml", "clip.mp4")
    (files / "labels.txt").write_text("car\ndog\n")
    for name in ("coco.json", "mot.txt", "cvat.xml"):
        assert run(files, name, "--min-f1", "1", "--json", str(files / "out.json")) == ExitCode.OK
        written = json.loads((files / "out.json").read_text())
        assert written["frames"]["compared"] == 30
        assert written["boxes"]["all"]["right"] == 32
        assert written["boxes"]["map50_95"] == pytest.approx(1.0)
    assert "Boxes (IoU >= 0.5)" in capsys.readouterr().out


def test_boxes_in_the_stored_picture_are_turned_as_the_video_asks(files: Path) -> None:
    """A service that did not turn the picture found a box at the left; upright, after a quarter turn, it is below."""
    video = write_oriented(files / "clip.mp4", scene_image(64, 48), rotation_deg=90)
    found = entry(box("car", 0.9, (8, 20, 12, 16)), wh=(64, 48))
    content = {"frame_offset": [0], "time_offset": [0.0], "cars/1": [found]}
    (files / "results.json").write_text(json.dumps(content))
    folder = files / "yolo"
    folder.mkdir()
    (folder / "classes.txt").write_text("car\n")
    (folder / "clip_0.txt").write_text(f"0 {20 / 48} {(64 - 8) / 64} {16 / 48} {12 / 64}\n")
    options = ("--video", str(video), "--min-f1", "1", "--json", str(files / "out.json"))
    assert run(files, "yolo", *options) == ExitCode.OK
    assert json.loads((files / "out.json").read_text())["boxes"]["map50_95"] == pytest.approx(1.0)


def test_counts_have_no_f1_and_options_are_checked(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "counts.csv").write_text("time,class,count\n0,car,1\n2,car,3\n")
    assert run(files, "counts.csv") == ExitCode.OK
    assert ["car", "2", "1.00", "2.00", "-1.00", "1.00"] in rows_of(capsys.readouterr().out)
    assert run(files, "counts.csv", "--min-f1", "0.5") == ExitCode.BAD_INPUT
    assert run(files, "counts.csv", "--min-f1", "2") == ExitCode.BAD_INPUT
    assert run(files, "counts.csv", "--map", "car") == ExitCode.BAD_INPUT
    assert run(files, "counts.csv", "--step", "0") == ExitCode.BAD_INPUT
    assert run(files, "counts.csv", "--json", str(files / "no/out.json")) == ExitCode.BAD_INPUT
    assert "These labels give no F1." in capsys.readouterr().err
