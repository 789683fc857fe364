"""Exports of tracks, each read back by a reader of its format."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.exports.cvat_video import frame_step, write_cvat_video
from frametally.exports.mot import write_mot
from frametally.exports.track_tables import write_tracks_csv, write_tracks_parquet
from frametally.tracking.tracker import track
from frametally.tracking.tracks import Tracks
from tests.support.opened_results import box, entry, opened

Box = tuple[float, ...]


@dataclass(frozen=True)
class Tracked:
    view: View
    tracks: Tracks

    def boxes(self) -> dict[tuple[int, int], Box]:
        """The box of each (track, frame of the video) in the view."""
        frames = self.view.results.frame_index[self.tracks.entry]
        kept = self.view.codes[self.tracks.class_code] >= 0
        keys = zip(self.tracks.track_id[kept].tolist(), frames[kept].tolist(), strict=True)
        return dict(zip(keys, map(tuple, self.tracks.xyxy[kept].tolist()), strict=True))


@pytest.fixture
def tracked(tmp_path: Path) -> Tracked:
    """Two cars, of which one is not seen in looks 8 and 9, and a class that is not in the view; a frame is null."""
    rows = []
    for at in range(20):
        seen = [box("a & <b>", 0.9, (60 + 8 * at, 60, 40, 30)), box("dog", 0.8, (400, 300, 30, 30))]
        if at not in {8, 9} and at < 16:
            seen.append(box("car", 0.75, (200 + 5.5 * at, 200, 60.5, 50)))
        rows.append(None if at == 12 else entry(*seen))
    results = opened(tmp_path, m=rows)
    view = View(results, "m", classes=ClassMapping(renames=(("car", "auto"),), shown=("a & <b>", "auto")))
    return Tracked(view, track(results, "m"))


def read_mot(path: Path) -> dict[tuple[int, int], tuple[Box, int]]:
    """Box and class of each (track, frame from 0), as the readers of MOT benchmarks do."""
    rows = np.loadtxt(path, delimiter=",", ndmin=2)
    boxes = np.column_stack([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]])
    keys = zip(rows[:, 1].astype(int).tolist(), (rows[:, 0].astype(int) - 1).tolist(), strict=True)
    return dict(zip(keys, zip(map(tuple, boxes.tolist()), rows[:, 7].astype(int).tolist(), strict=True), strict=True))


def read_cvat(path: Path) -> dict[tuple[int, int], Box]:
    """The box that CVAT shows of each (track, frame of its task from 0), with boxes interpolated between key frames."""
    root = ET.parse(path).getroot()
    step = int(root.findtext("meta/task/frame_filter", "").removeprefix("step="))
    size = int(root.findtext("meta/task/size", "0"))
    labels = {label.findtext("name") for label in root.iter("label")}
    shown: dict[tuple[int, int], Box] = {}
    for one in root.iter("track"):
        assert one.get("label") in labels
        keys = []
        for element in one.iter("box"):
            place, rest = divmod(int(element.attrib["frame"]), step)
            assert rest == 0
            assert place < size
            corners = tuple(float(element.attrib[side]) for side in ("xtl", "ytl", "xbr", "ybr"))
            keys.append((place, element.attrib["outside"] == "1", corners))
        assert [key[0] for key in keys] == sorted({key[0] for key in keys})
        for (first, outside, corners), (after, _, others) in zip(
            keys, [*keys[1:], (size, True, keys[-1][2])], strict=True
        ):
            for place in range(first, after if not outside else first):
                share = (place - first) / (after - first)
                shown[int(one.attrib["id"]), place * step] = tuple(
                    a + (b - a) * share for a, b in zip(corners, others, strict=True)
                )
    return shown


def test_mot_text_has_frames_from_1_and_every_box(tracked: Tracked, tmp_path: Path) -> None:
    write_mot(tracked.view, tracked.tracks, tmp_path / "tracks.txt")
    found = read_mot(tmp_path / "tracks.txt")
    expected = tracked.boxes()
    assert found.keys() == expected.keys()
    assert all(found[key][0] == pytest.approx(expected[key], abs=0.011) for key in expected)
    names = {number: tracked.view.names[code - 1] for (number, _), (_, code) in found.items()}
    assert names == {1: "a & <b>", 2: "auto"}
    first = (tmp_path / "tracks.txt").read_text().splitlines()[0]
    assert first == "1,1,40.00,45.00,40.00,30.00,0.9000,1,1"


def test_cvat_shows_the_boxes_of_the_analyzed_frames_and_none_where_a_track_is_lost(
    tracked: Tracked, tmp_path: Path
) -> None:
    write_cvat_video(tracked.view, tracked.tracks, tmp_path / "tracks.xml", "a & b\x01\uffff.mp4")
    found = read_cvat(tmp_path / "tracks.xml")
    expected = tracked.boxes()
    assert all(found[key] == pytest.approx(expected[key], abs=0.011) for key in expected)
    assert found.keys() - expected.keys() == {(1, 72), (2, 72)}  # the null frame, between two boxes of a track
    assert ET.parse(tmp_path / "tracks.xml").getroot().findtext("meta/task/name") == "a & b.mp4"


def test_the_step_of_frames_is_the_largest_that_contains_them_all() -> None:
    assert frame_step(np.array([0, 6, 12, 30])) == 6
    assert frame_step(np.array([0, 3, 5, 8])) == 1
    assert frame_step(np.array([0])) == frame_step(np.zeros(0, dtype=np.int64)) == 1


def test_tables_have_a_row_for_each_box_in_the_view(tracked: Tracked, tmp_path: Path) -> None:
    write_tracks_parquet(tracked.view, tracked.tracks, tmp_path / "tracks.parquet")
    rows = pq.read_table(tmp_path / "tracks.parquet").to_pylist()
    expected = tracked.boxes()
    corners = [tuple(row[f"{side}_px"] for side in ("x_min", "y_min", "x_max", "y_max")) for row in rows]
    assert {(row["track_id"], row["frame_index"]): box for row, box in zip(rows, corners, strict=True)} == expected
    assert {(row["class"], row["class_share"]) for row in rows} == {("a & <b>", 1.0), ("auto", 1.0)}
    write_tracks_csv(tracked.view, tracked.tracks, tmp_path / "tracks.csv")
    with (tmp_path / "tracks.csv").open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(int(line["track_id"]), float(line["time_s"])) for line in lines] == [
        (row["track_id"], row["time_s"]) for row in rows
    ]


def test_without_tracks_the_files_are_empty_and_valid(tmp_path: Path) -> None:
    results = opened(tmp_path, m=[entry(), entry()])
    view, tracks = View(results, "m"), track(results, "m")
    write_mot(view, tracks, tmp_path / "tracks.txt")
    write_cvat_video(view, tracks, tmp_path / "tracks.xml", "x")
    write_tracks_parquet(view, tracks, tmp_path / "tracks.parquet")
    assert (tmp_path / "tracks.txt").read_text() == ""
    assert read_cvat(tmp_path / "tracks.xml") == {}
    assert pq.read_table(tmp_path / "tracks.parquet").num_rows == 0
