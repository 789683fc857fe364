"""Datasets for labeling tools, read back by supervision and by our own readers of labels."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml

from frametally.analysis.view import View
from frametally.audit.seen import Group, Seen, SeenBox, SeenCount
from frametally.errors import ResultsError, SettingsError
from frametally.evaluation.reading import read_truth
from frametally.exports.datasets.checked import checked_frames
from frametally.exports.datasets.dataset import Form, write_dataset
from frametally.exports.datasets.least_sure import doubt_of, least_sure_frames
from frametally.exports.datasets.readme import Origin
from frametally.exports.datasets.selection import Selection
from frametally.ledger.audits.frame_checks import FrameCheck
from frametally.results import open_results
from frametally.video.frame_index import FrameIndex, build_index
from frametally.video.frame_reader import FrameReader
from tests.support.videos import FRAMES, archived

if TYPE_CHECKING:
    from supervision import DetectionDataset

WIDTH, HEIGHT = 96, 64
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = 'no: [&x, "../..\n- yes'
"""A class name that means something in YAML, in paths and in texts by the line."""


def found(name: str, confidence: float, place: tuple[float, float, float, float]) -> dict[str, Any]:
    """`place`: center and size."""
    corners = dict(zip(("x", "y", "width", "height"), place, strict=True))
    return {**corners, "confidence": confidence, "class": name, "class_id": 0}


@dataclass
class Clip:
    """A turned video: the upright picture is 64 x 96."""

    view: View
    path: Path
    index: FrameIndex

    def write(self, selection: Selection, path: Path, form: Form) -> int:
        origin = Origin("Tor 1 é.mp4", "0123abcd" * 8, NOW)
        with closing(FrameReader(self.path, self.index, threads=1)) as reader:
            return write_dataset(self.view, selection, reader, path, form, origin)

    def picture(self, frame: int) -> np.ndarray[Any, Any]:
        with closing(FrameReader(self.path, self.index, threads=1)) as reader:
            image = reader.frame(frame)
        assert image is not None
        return image


@pytest.fixture
def clip(hard_videos: Path, tmp_path: Path) -> Clip:
    """A sure box in each frame, an unsure one in frames 20 to 29 and 50 to 59; every tenth was not analyzed."""
    entries = [
        None
        if at % 10 == 9
        else {
            "time": 0.01,
            "image": {"width": HEIGHT, "height": WIDTH},
            "predictions": [
                found(HOSTILE, 1.0, (20.0, 30.5, 10.0, 20.0)),
                *([found("car", 0.5 + (at - 24) / 100, (50.0, 70.0, 20.0, 40.0))] if 20 <= at < 30 else []),
                *([found("car", 0.6, (50.0, 70.0, 20.0, 40.0))] if at >= 50 else []),
            ],
        }
        for at in range(FRAMES)
    ]
    path = hard_videos / "turned.mp4"
    view = View(open_results(archived(tmp_path, entries)), "model", confidence=0.5)
    return Clip(view, path, build_index(path))


def checks(clip: Clip, groups: tuple[Group, ...] = ((HOSTILE,), ("car",))) -> list[FrameCheck]:
    """Frame 4 with a car that the model has missed, 6 with nothing, 8 unclear, 9 not analyzed, 14 counted only."""
    seen = {
        4: Seen(groups, (SeenBox(0, (0.25, 0.25, 0.5, 0.5)), SeenBox(1, (0.5, 0.125, 1.0, 0.375)))),
        6: Seen(groups, counts=(SeenCount(0, 0),)),
        8: Seen(groups, is_unclear=True),
        9: Seen(groups),
        12: Seen(groups[:1]),
        14: Seen(groups, counts=(SeenCount(0, 3),)),
    }
    return [
        FrameCheck(
            video="v", time=int(clip.index.pts[at]), checker="", seen=one.to_json(), begun_at=NOW, checked_at=NOW
        )
        for at, one in seen.items()
    ]


def read_back(folder: Path, split: str, form: Form) -> DetectionDataset:
    from supervision import DetectionDataset  # takes a second to import

    if form == "coco":
        images = str(folder / "images" / split)
        return DetectionDataset.from_coco(images, str(folder / f"annotations/instances_{split}.json"))
    images, labels = str(folder / split / "images"), str(folder / split / "labels")
    return DetectionDataset.from_yolo(images, labels, str(folder / "data.yaml"))


def boxes_of(dataset: DetectionDataset) -> Iterator[tuple[str, Any, list[tuple[str, list[float]]]]]:
    for path, image, detections in sorted(dataset, key=lambda one: one[0]):
        ids = np.asarray(detections.class_id).tolist()
        yield (
            Path(path).name,
            image,
            [(dataset.classes[at], xyxy) for at, xyxy in zip(ids, detections.xyxy.tolist(), strict=True)],
        )


@pytest.mark.parametrize("form", ["coco", "yolo"])
def test_checked_frames_are_read_back_as_they_were_seen(clip: Clip, tmp_path: Path, form: Form) -> None:
    selection = checked_frames(clip.view, clip.index, checks(clip))
    assert selection.entries.tolist() == [4, 6]
    assert clip.write(selection, tmp_path / "out", form) == 2
    (four, picture, boxes), (six, _, nothing) = boxes_of(read_back(tmp_path / "out", "checked", form))
    assert (four, six) == ("Tor_1_é_000004.jpg", "Tor_1_é_000006.jpg")
    assert picture.shape == (WIDTH, HEIGHT, 3)
    assert np.abs(picture.astype(int) - clip.picture(4)).mean() < 6
    assert [name for name, _ in boxes] == [HOSTILE, "car"]
    assert [xyxy for _, xyxy in boxes] == [
        pytest.approx([16, 24, 32, 48], abs=0.01),
        pytest.approx([32, 12, 64, 36], abs=0.01),
    ]
    assert nothing == []
    text = (tmp_path / "out" / "README.txt").read_text()
    for part in (
        "CHECKED BY PEOPLE",
        "could not tell what is there, left out: 1",
        "not all of these classes were asked about, left out: 1",
        "counted without a box for each, left out: 1",
        "not analyzed in this job, left out: 1",
        "Tor 1 é.mp4",
        "0123abcd",
        "2026-01-02",
    ):
        assert part in text


@pytest.mark.parametrize("form", ["coco", "yolo"])
def test_what_is_written_is_truth_for_the_same_video(clip: Clip, tmp_path: Path, form: Form) -> None:
    clip.write(checked_frames(clip.view, clip.index, checks(clip)), tmp_path / "out", form)
    truth = read_truth(tmp_path / "out" / ("annotations/instances_checked.json" if form == "coco" else "."))
    assert truth.classes == ("car", HOSTILE)
    assert truth.frames.tolist() == [4, 6]
    assert truth.counts.tolist() == [[1, 1], [0, 0]]


def test_predictions_are_marked_as_such(clip: Clip, tmp_path: Path) -> None:
    selection = least_sure_frames(clip.view, len(clip.index), 2)
    clip.write(selection, tmp_path / "coco.zip", "coco")
    clip.write(selection, tmp_path / "yolo.zip", "yolo")
    with zipfile.ZipFile(tmp_path / "coco.zip") as archive:
        names = archive.namelist()
        coco = json.loads(archive.read("annotations/instances_predicted.json"))
        assert archive.read("images/predicted/_annotations.coco.json") == archive.read(
            "annotations/instances_predicted.json"
        )
        assert b"no person has checked" in archive.read("README.txt")
    assert {name.rpartition("/")[0] for name in names} == {"", "annotations", "images/predicted"}
    assert [one["score"] for one in coco["annotations"]] == [1.0, 0.5, 1.0, 0.6]
    assert coco["info"]["video_sha256"] == "0123abcd" * 8
    assert (coco["info"]["split"], coco["info"]["confidence"], coco["licenses"]) == ("predicted", 0.5, [])
    assert [(one["frame_index"], one["split"]) for one in coco["images"]] == [(24, "predicted"), (50, "predicted")]
    assert not {"license", "date_captured"} & coco["images"][0].keys()
    with zipfile.ZipFile(tmp_path / "yolo.zip") as archive:
        content = yaml.safe_load(archive.read("data.yaml"))
        assert content == {"predicted": "predicted/images", "names": ["car", HOSTILE]}
        assert archive.read("predicted/classes.txt").decode().splitlines() == ["car", 'no: [&x, "../.. - yes']
        assert all(name.count("..") == 0 and not name.startswith("/") for name in archive.namelist())


def test_the_least_sure_frames_are_near_the_threshold_and_spread_over_time(clip: Clip) -> None:
    assert doubt_of(np.array([0.25, 0, 1, 0.625, 0.125, np.nan]), 0.25) == pytest.approx([1, 0, 0, 0.5, 0.5, 0])
    assert doubt_of(np.array([0.0, 1.0]), 0.0).tolist() == [1, 0]

    def chosen(count: int, without: list[int] | None = None) -> list[int]:
        left = np.array(without or [], dtype=np.int64)
        return [*map(int, least_sure_frames(clip.view, len(clip.index), count, without=left).entries)]

    assert chosen(1) == [24]
    assert chosen(1, [24]) in ([23], [25])
    assert chosen(2) == [24, 50]  # not 25, which is less sure than 50, but a neighbor
    assert len(chosen(50)) == 18  # the others have no doubtful box
    sure = View(clip.view.results, "model", 0.5, time_range_s=(0.0, 1.0))
    with pytest.raises(ResultsError, match="no frame of which the model is unsure"):
        least_sure_frames(sure, len(clip.index), 5)


def test_boxes_end_at_the_edges_of_the_picture(clip: Clip, tmp_path: Path) -> None:
    seen = Seen(((HOSTILE,), ("car",)), (SeenBox(1, (-0.5, 0.5, 0.5, 2.0)), SeenBox(1, (1.5, 0.5, 2.0, 0.6))))
    (first, *_) = checks(clip)
    check = FrameCheck(video="v", time=first.time, checker="", seen=seen.to_json(), begun_at=NOW, checked_at=NOW)
    clip.write(checked_frames(clip.view, clip.index, [check]), tmp_path / "out", "yolo")
    ((_, _, [(name, xyxy)]),) = boxes_of(read_back(tmp_path / "out", "checked", "yolo"))
    assert name == "car"
    assert xyxy == pytest.approx([0, 48, 32, 96], abs=0.01)
    assert "without an area, left out: 1" in (tmp_path / "out" / "README.txt").read_text()


def test_pictures_are_not_all_held(clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most one batch of pictures is on the disk beside the archive, and none in memory."""
    monkeypatch.setattr("frametally.exports.datasets.dataset._TOGETHER", 3)
    most = 0

    def count(_: float) -> None:
        nonlocal most
        most = max(most, len(list(tmp_path.glob("tmp*/*.jpg"))))

    selection = least_sure_frames(clip.view, len(clip.index), 50)
    origin = Origin("a.mp4", "00", NOW)
    with closing(FrameReader(clip.path, clip.index, threads=1)) as reader:
        write_dataset(clip.view, selection, reader, tmp_path / "a.zip", "coco", origin, count)
    assert most == 0  # each batch has been moved when its progress is reported
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        coco = json.loads(archive.read("annotations/instances_predicted.json"))
    assert [one["id"] for one in coco["annotations"]] == [*range(1, 33)]
    assert len({one["id"] for one in coco["images"]}) == 18


def test_nothing_is_left_where_nothing_can_be_written(clip: Clip, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ResultsError, match="No frame was checked"):
        clip.write(checked_frames(clip.view, clip.index, []), tmp_path / "out", "coco")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").touch()
    selection = least_sure_frames(clip.view, len(clip.index), 2)
    with pytest.raises(SettingsError, match="exists already"):
        clip.write(selection, tmp_path / "full", "coco")
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "full"])
