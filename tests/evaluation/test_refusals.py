"""Files that cannot be read, or would cost too much, end with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from frametally.errors import EvaluationError
from frametally.evaluation.reading import read_truth

_TASK = "<annotations><meta><task><stop_frame>{}</stop_frame></task></meta>{}</annotations>"
_BOX = '<box frame="{}" xtl="0" ytl="0" xbr="9" ybr="9"/>'
_IMAGES = '{{"images": [{}], "annotations": [], "categories": []}}'


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.json", "[", "not a COCO JSON"),
        ("a.json", '{"images": [], "annotations": [], "categories": []}', "contain no frame"),
        ("a.json", _IMAGES.format('{"id": 1, "file_name": "shot.jpg"}'), "has no frame number"),
        (
            "a.json",
            _IMAGES.format('{"id": 1, "file_name": "a_1.jpg"}, {"id": 2, "file_name": "b_1.jpg"}'),
            "both frame 1",
        ),
        (
            "a.json",
            _IMAGES.format('{"id": 1, "video_id": 1, "frame_id": 1}, {"id": 2, "video_id": 2, "frame_id": 1}'),
            "several videos",
        ),
        ("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><annotations>&b;</annotations>', "document type"),
        ("a.xml", "<annotations><image></annotations>", "cannot be read as XML"),
        ("a.xml", "<annotations>" + "<image>" * 20, "nested too deeply"),
        ("a.xml", "<other><image/></other>", "its root is not annotations"),
        ("a.xml", "<other/>", "its root is not annotations"),
        ("a.xml", '<?xml version="1.0" encoding="utf-x"?><annotations/>', "unknown encoding"),
        ("a.xml", _TASK.format(10**9, '<track label="a"/>'), "more than 2,000,000 frames"),
        ("a.xml", _TASK.format("x", '<track label="a"/>'), "stop_frame that is not a number"),
        ("a.xml", _TASK.format(9, f'<track label="a">{_BOX.format(1) * 2}</track>'), "two boxes in one frame"),
        ("a.xml", _TASK.format(9, '<track label="a"><box frame="1" xtl="1"/></track>'), "has no number ytl"),
        (
            "a.xml",
            _TASK.format(9, f'<track label="a">{_BOX.format(1)[:-2]} rotation="inf"/></track>'),
            "no number rotation",
        ),
        ("a.txt", "1,1,0,0,5\n", "line 1 is not a line of MOT text"),
        ("a.txt", "1e300,1,0,0,5,5\n", "line 1 is not a line of MOT text"),
        ("a.csv", "when,what\n1,car\n", "does not name the columns"),
        ("a.csv", "time,class,count\n1,car\n", "Line 2 of the labels cannot be read"),
        ("a.csv", "time,class,count\n1,car,1.5\n", "no whole count"),
        ("a.csv", "time;class;count\n1,5;car;1,000\n", "Line 2 of the labels cannot be read"),
        ("a.csv", "time,class,count\n1,car,1\n1,car,2\n", "car is counted twice at 1"),
        ("a.csv", "frame,class,count\nnan,car,1\n", "Line 2 of the labels cannot be read"),
        ("a.zip", "", "cannot be unpacked"),
        ("a.doc", "", "format of a.doc is not known"),
    ],
)
def test_a_file_is_refused(tmp_path: Path, name: str, content: str, match: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(EvaluationError, match=match):
        read_truth(path)


@pytest.mark.parametrize(
    ("files", "match"),
    [
        ({"x_1.txt": "0 1 1 1 1"}, "no names of classes"),
        ({"classes.txt": "car", "x_1.txt": "1 0.5 0.5 1 1"}, "class 1, which has no name"),
        ({"classes.txt": "car", "x_1.txt": "0 0.5 0.5"}, "x_1.txt, line 1 is not a line"),
        ({"classes.txt": "car", "x_1.txt": "", "y_1.txt": ""}, "x_1 and y_1 are both frame 1"),
        ({"data.yaml": "names: !!python/object/apply:os.getcwd []", "x_1.txt": ""}, "data.yaml cannot be read"),
        ({"data.yaml": 'names: [car]\nnc: !!int ""', "x_1.txt": ""}, "data.yaml cannot be read"),
        ({"data.yaml": "names: [car]\nval: !!timestamp x", "x_1.txt": ""}, "data.yaml cannot be read"),
        ({"data.yaml": "names: 3", "x_1.txt": ""}, "has no list of names"),
    ],
)
def test_a_folder_is_refused(tmp_path: Path, files: dict[str, str], match: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(EvaluationError, match=match):
        read_truth(tmp_path)


def test_a_path_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"no file or folder labels\.json"):
        read_truth(tmp_path / "labels.json")
