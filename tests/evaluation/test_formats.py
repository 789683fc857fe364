"""Labels written by the rules of each tool are read back to the same boxes of the same frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frametally.evaluation.formats.numbering import Numbering
from frametally.evaluation.reading import read_truth
from frametally.evaluation.truth import Truth
from tests.evaluation.writers import (
    WH,
    Box,
    Labels,
    write_coco,
    write_cvat_images,
    write_cvat_video,
    write_mot,
    write_yolo,
)

Read = dict[int, list[tuple[str, Box]]]


@st.composite
def boxes(draw: st.DrawFn) -> tuple[int, Box]:
    left, top = draw(st.integers(0, 5000)) / 10, draw(st.integers(0, 3000)) / 10
    width, height = draw(st.integers(1, 1000)) / 10, draw(st.integers(1, 500)) / 10
    return draw(st.integers(0, 1)), (left, top, left + width, top + height)


labels_of_a_video = st.builds(
    Labels,
    start=st.integers(0, 40),
    step=st.integers(1, 12),
    boxes=st.lists(st.lists(boxes(), max_size=3).map(tuple), min_size=1, max_size=5).map(tuple),
)


def read(truth: Truth) -> Read:
    """The boxes of each labeled frame."""
    assert truth.boxes is not None
    by_frame: Read = {frame: [] for frame in truth.frames.tolist()}
    scale = np.where(truth.image_wh == 1, WH, 1)[truth.boxes.at]
    corners = (truth.boxes.xyxy * np.hstack([scale, scale])).tolist()
    for at, code, box in zip(truth.boxes.at.tolist(), truth.boxes.class_code.tolist(), corners, strict=True):
        by_frame[int(truth.frames[at])].append((truth.classes[code], tuple(box)))
    return {frame: sorted(row) for frame, row in by_frame.items()}


def assert_same(found: Read, expected: Read) -> None:
    assert list(found) == list(expected)
    for frame, row in expected.items():
        assert [name for name, _ in found[frame]] == [name for name, _ in row]
        assert [box for _, box in found[frame]] == [pytest.approx(box, abs=1e-5) for _, box in row]


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_coco, "COCO JSON"),
        (write_cvat_images, "CVAT for images"),
        (write_cvat_video, "CVAT for video"),
        (write_yolo, "YOLO"),
    ],
)
@settings(max_examples=15, deadline=None)
@given(labels=labels_of_a_video)
def test_labels_are_read_back(write: Callable[[Labels, Path], Path], name: str, labels: Labels) -> None:
    with TemporaryDirectory() as folder:
        truth = read_truth(write(labels, Path(folder)), numbering=Numbering())
    assert truth.format == name
    assert_same(read(truth), labels.by_frame)


@settings(max_examples=15, deadline=None)
@given(labels=labels_of_a_video)
def test_a_mot_sequence_is_read_back_with_all_its_frames(labels: Labels) -> None:
    with TemporaryDirectory() as folder:
        truth = read_truth(write_mot(labels, Path(folder)))
    expected: Read = {frame: [] for frame in range(labels.frames[-1] + 1)}
    assert_same(read(truth), expected | labels.by_frame)


def test_keyframes_of_cvat_move_in_a_straight_line_and_stay_after_the_last(tmp_path: Path) -> None:
    """Step 5 from frame 10; a track of two keyframes, one that leaves and comes back, and one to the end."""
    corners = 'ytl="0" xbr="{}" ybr="10" occluded="0" keyframe="1"'
    frames = [(10, 0, 0), (20, 10, 0), (25, 10, 1), (35, 50, 0)]
    keyframes = "".join(
        f'<box frame="{frame}" outside="{outside}" xtl="{x}" {corners.format(x + 20)}/>' for frame, x, outside in frames
    )
    path = tmp_path / "annotations.xml"
    path.write_text(
        "<annotations><meta><job><size>7</size><start_frame>10</start_frame><stop_frame>400</stop_frame>"
        "<frame_filter>step=5</frame_filter><segments><segment><start>0</start><stop>6</stop></segment></segments>"
        f'</job></meta><track id="0" label="car">{keyframes}</track></annotations>'
    )
    left = {frame: [box[0] for _, box in row] for frame, row in read(read_truth(path)).items()}
    assert left == {10: [0], 15: [5], 20: [10], 25: [], 30: [], 35: [50], 40: [50]}


def test_crowds_ignored_boxes_and_what_cannot_be_read_are_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text(
        '{"images": [{"id": 1, "file_name": "a_3.jpg"}], "categories": [{"id": 1, "name": "car"}], "annotations": ['
        '{"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5], "iscrowd": 1},'
        '{"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5], "ignore": true},'
        '{"image_id": 1, "category_id": 1, "bbox": [0, 0, 0, 5]}, {"image_id": 1, "category_id": 1},'
        '{"image_id": 2, "category_id": 1, "bbox": [0, 0, 5, 5]},'
        '{"image_id": 1, "category_id": 1, "bbox": [1, 1, 5, 5]}]}'
    )
    truth = read_truth(path)
    assert truth.boxes is not None
    assert truth.boxes.ignored.tolist() == [True, True, False]
    assert truth.counts.tolist() == [[1]]
    assert set(truth.notes) == {
        "Left out of the labels: 1 boxes without an area.",
        "Left out of the labels: 1 annotations without a box.",
        "Left out of the labels: 1 annotations of an image or a category that is not in the file.",
        "Crowds and ignored boxes, which are not counted: 2.",
    }


def test_other_shapes_are_the_boxes_around_them(tmp_path: Path) -> None:
    shapes = (
        '<polygon label="a" points="1,2;5,2;3,9"/><mask label="a" rle="4" left="3" top="4" width="5" height="6"/>'
        '<ellipse label="a" cx="10" cy="10" rx="4" ry="2"/><polyline label="a" points="1,2;3,4"/>'
        '<box label="a" xtl="0" ytl="0" xbr="20" ybr="10" rotation="90"/>'
    )
    path = tmp_path / "annotations.xml"
    path.write_text(f'<annotations><image id="4" name="shot" width="20" height="20">{shapes}</image></annotations>')
    truth = read_truth(path)
    expected = [(1, 2, 5, 9), (3, 4, 8, 10), (5, -5, 15, 15), (6, 8, 14, 12)]
    assert [box for _, box in read(truth)[4]] == [pytest.approx(box) for box in expected]
    assert "Left out of the labels: 1 shapes without an area (polyline)." in truth.notes
    assert any("upright box" in note for note in truth.notes)


def test_lines_of_yolo_with_more_numbers(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("car\n")
    (tmp_path / "x_1.txt").write_text("0 0.5 0.5 0.2 0.2 0.9\n0 0.1 0.1 0.3 0.1 0.2 0.4\n")
    truth = read_truth(tmp_path)
    assert truth.boxes is not None
    assert truth.boxes.xyxy.tolist() == [pytest.approx([0.4, 0.4, 0.6, 0.6]), pytest.approx([0.1, 0.1, 0.3, 0.4])]
    (tmp_path / "classes.txt").unlink()
    (tmp_path / "data.yaml").write_text("names: [person]\nkpt_shape: [1, 2]\n")
    (tmp_path / "x_1.txt").write_text("0 0.5 0.5 0.2 0.2 0.9 0.9\n")
    keypoints = read_truth(tmp_path)
    assert keypoints.boxes is not None
    assert keypoints.boxes.xyxy.tolist() == [pytest.approx([0.4, 0.4, 0.6, 0.6])]


def test_counts_by_time_or_frame(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("\ufeffTime;Class;Count\n1:02,5;car;3\n0,5;car;1\n0,5;dog;0\n", encoding="utf-8")
    truth = read_truth(path)
    assert truth.times_s is not None
    assert truth.times_s.tolist() == [0.5, 62.5]
    assert truth.classes == ("car", "dog")
    assert np.array_equal(truth.counts, np.array([[1, 0], [3, np.nan]]), equal_nan=True)
    path.write_text('frame,time,class,count\n30,1.0,"a, b",2\n')
    by_frame = read_truth(path)
    assert by_frame.frames.tolist() == [30]
    assert by_frame.classes == ("a, b",)
