"""Frames for labelling, read back from the ZIP."""

from __future__ import annotations

import json
import zipfile
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from frametally.analysis.view import View
from frametally.errors import ResultsError
from frametally.exports.labelling import write_labelling
from frametally.results import open_results
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader
from tests.support.videos import FRAMES, archived
from tests.support.videos import box as square

SIZE = {"width": 96, "height": 64}


def view_of(folder: Path, video_size: dict[str, int], frames: int = FRAMES) -> View:
    """One bar in each frame, except every tenth, which was not analyzed."""
    entries = [
        None
        if at % 10 == 9
        else {"time": 0.01, "image": video_size, "predictions": [square(at + 3, 32, 6, 64), square(5, 5, 4, 4, 0.1)]}
        for at in range(frames)
    ]
    return View(open_results(archived(folder, entries)), "model", confidence=0.5)


def test_the_pictures_and_boxes_of_moments_are_written(hard_videos: Path, tmp_path: Path) -> None:
    view, source = view_of(tmp_path, SIZE), hard_videos / "b_frames.mp4"
    with closing(FrameReader(source, build_index(source), threads=1)) as reader:
        assert write_labelling(view, [40, 3, 19, 3], reader, tmp_path / "frames.zip", "Tor 1.mp4") == 2
        expected = {at: reader.frame(at) for at in (3, 40)}
    with zipfile.ZipFile(tmp_path / "frames.zip") as archive:
        content = json.loads(archive.read("annotations/instances_default.json"))
        names = [image["file_name"] for image in content["images"]]
        assert sorted(archive.namelist()) == sorted(
            ["annotations/instances_default.json", *(f"images/{name}" for name in names)]
        )
        for at, image in zip((3, 40), content["images"], strict=True):
            assert (image["frame_index"], image["width"], image["height"]) == (at, 96, 64)
            data = np.frombuffer(archive.read(f"images/{image['file_name']}"), np.uint8)
            picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
            assert np.abs(picture.astype(int) - np.asarray(expected[at]).astype(int)).mean() < 6
    assert [(one["image_id"], one["bbox"]) for one in content["annotations"]] == [
        (4, [3.0, 0.0, 6.0, 64.0]),
        (41, [40.0, 0.0, 6.0, 64.0]),
    ]


@pytest.mark.parametrize(
    ("name", "size", "shape"),
    [
        ("turned.mp4", {"width": 64, "height": 96}, (96, 64)),  # the service turned the picture upright
        ("turned.mp4", {"width": 96, "height": 64}, (64, 96)),  # it did not
        ("b_frames.mp4", {"width": 48, "height": 32}, (32, 48)),  # it scaled the picture
    ],
)
def test_pictures_are_those_that_the_coordinates_refer_to(
    hard_videos: Path, tmp_path: Path, name: str, size: dict[str, int], shape: tuple[int, int]
) -> None:
    view = view_of(tmp_path, size)
    with closing(FrameReader(hard_videos / name, build_index(hard_videos / name), threads=1)) as reader:
        write_labelling(view, [1], reader, tmp_path / "frames.zip", "a.mp4")
    with zipfile.ZipFile(tmp_path / "frames.zip") as archive:
        (image,) = (name for name in archive.namelist() if name.startswith("images/"))
        data = np.frombuffer(archive.read(image), np.uint8)
        assert np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)).shape[:2] == shape


def test_nothing_to_write_is_an_error(hard_videos: Path, tmp_path: Path) -> None:
    view, source = view_of(tmp_path, SIZE), hard_videos / "one.mp4"
    with closing(FrameReader(source, build_index(source), threads=1)) as reader:
        with pytest.raises(ResultsError, match="None of these frames"):
            write_labelling(view, [40], reader, tmp_path / "frames.zip", "a.mp4")
        with pytest.raises(ResultsError, match="None of these frames"):
            write_labelling(view, [], reader, tmp_path / "frames.zip", "a.mp4")
    assert not (tmp_path / "frames.zip").exists()
