"""Labels in ZIP files, in the process that reads them, and kept beside results."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from frametally.errors import EvaluationError
from frametally.evaluation.files.kept import (
    KeptFile,
    keep_truth,
    kept_file,
    kept_truth,
    remove_truth,
    truth_bytes,
    truth_of,
)
from frametally.evaluation.files.process import Request, read_in_subprocess
from frametally.evaluation.formats import archive as archives
from frametally.evaluation.reading import read_truth
from frametally.evaluation.truth import Truth
from frametally.results.archive import TRUTH_NAME
from frametally.results.reading.process import archive_in_subprocess
from tests.evaluation.writers import (
    Labels,
    write_coco,
    write_cvat_images,
    write_cvat_video,
    write_mot,
    write_yolo,
)

LABELS = Labels(3, 2, (((0, (1.0, 2.0, 30.0, 40.0)),), (), ((1, (5.0, 5.0, 9.0, 9.5)), (0, (0.0, 0.0, 4.0, 4.0)))))
FILE = KeptFile("labels.zip", datetime(2026, 1, 2, tzinfo=UTC), "person:1")


def zipped(folder: Path, name: str = "labels.zip", top: str = "") -> Path:
    path = folder.parent / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/._labels.json", "not JSON")
        for file in folder.rglob("*"):
            archive.write(file, f"{top}{file.relative_to(folder).as_posix()}")
    return path


def assert_same(one: Truth, other: Truth) -> None:
    assert (one.format, one.classes, one.notes) == (other.format, other.classes, other.notes)
    assert (one.times_s is None, one.boxes is None) == (other.times_s is None, other.boxes is None)
    for name in ("frames", "counts", "image_wh", "times_s"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for field in fields(one.boxes) if one.boxes else ():
        np.testing.assert_array_equal(getattr(one.boxes, field.name), getattr(other.boxes, field.name))


@pytest.mark.parametrize("top", ["", "export 1/"])
@pytest.mark.parametrize("write", [write_coco, write_mot, write_cvat_images, write_cvat_video, write_yolo])
def test_labels_in_an_archive_are_those_in_its_folder(
    tmp_path: Path, write: Callable[[Labels, Path], Path], top: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    place = write(LABELS, folder)
    assert_same(read_truth(zipped(folder, top=top)), read_truth(place))


def test_a_dataset_of_label_studio_is_that_of_its_texts(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "labels").mkdir(parents=True)
    (folder / "classes.txt").write_text("car\n\ntruck\n")
    (folder / "notes.json").write_text('{"categories": [{"id": 0, "name": "car"}]}')
    (folder / "labels" / "f_1.txt").write_text("2 0.5 0.5 0.1 0.1\n")
    truth = read_truth(zipped(folder))
    assert dict(zip(truth.classes, truth.counts[0].tolist(), strict=True)) == {"car": 0, "class 1": 0, "truck": 1}


def test_a_video_may_be_called_readme(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("car\n")
    (tmp_path / "README.roboflow.txt").write_text("This is a dataset.\n")
    (tmp_path / "README_000004.TXT").write_text("0 0.5 0.5 0.1 0.1\n")
    (tmp_path / "README_000004.jpg").touch()
    truth = read_truth(tmp_path)
    assert (truth.frames.tolist(), truth.counts.tolist(), truth.notes) == ([4], [[1]], ())


def test_an_archive_with_two_datasets_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for name in "ab":
        (folder / name).mkdir(parents=True)
        write_yolo(LABELS, folder / name)
    with pytest.raises(EvaluationError, match="several sets of labels: a, b"):
        read_truth(zipped(folder))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_is_refused_or_read(tmp_path: Path, method: int) -> None:
    path, random = tmp_path / "labels.zip", np.random.default_rng(1)
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("labels.csv", "frame,class,count\n" + "".join(f"{at},car,{at % 7}\n" for at in range(50)))
    content = path.read_bytes()
    for at in random.integers(0, len(content), 100).tolist():
        path.write_bytes(content[:at] + bytes([random.integers(0, 256)]) + content[at + 1 :])
        with suppress(EvaluationError):
            read_truth(path)


def test_an_archive_is_unpacked_within_bounds_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(match: str, *members: tuple[str, str]) -> None:
        with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)
        with pytest.raises(EvaluationError, match=match):
            read_truth(tmp_path / "a.zip")

    coco = '{"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": [], "categories": []}'
    refused("no labels that are known", ("../../labels.json", coco), ("/labels.json", coco), ("a/../labels.json", coco))
    refused(
        "no labels that are known", ("a/" * 20 + "labels.json", coco), ("notes.doc", ""), (".git/labels.json", coco)
    )
    refused("several sets of labels", ("instances_train.json", coco), ("instances_val.json", coco))
    refused("two files labels.json in one folder", ("./labels.json", coco), ("labels.json", coco))
    refused("more than 2,000 folders", *((f"{at}/a/1.jpg", "") for at in range(1000)))
    monkeypatch.setattr(archives, "MAX_BYTES", 1 << 20)
    refused("more than 1 MiB", ("labels.json", " " * (2 << 20)))
    monkeypatch.setattr(archives, "MAX_FILES", 2)
    refused("more than 2 files", *((f"{at}.jpg", "") for at in range(3)))
    (tmp_path / "a.zip").write_bytes((tmp_path / "a.zip").read_bytes()[:-30])
    with pytest.raises(EvaluationError, match="cannot be unpacked"):
        read_truth(tmp_path / "a.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_names_that_stand_for_more_than_fits_into_memory_are_refused(tmp_path: Path) -> None:
    names = "abcdefghijkl"
    doubled = (f"{b}: &{b} [{', '.join([f'*{a}'] * 8)}]" for a, b in pairwise(names))
    lines = ["a: &a [x]", *doubled]
    (tmp_path / "data.yaml").write_text("\n".join([*lines, "names: [*l]"]))
    with pytest.raises(EvaluationError, match="no list of names"):
        read_truth(tmp_path)


def test_labels_are_kept_with_the_results_until_they_are_removed(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('{"frame_offset": [0], "time_offset": [0.0], "cars/1": [null]}')
    shutil.copy(tmp_path / "results.json", tmp_path / "again.json")
    archive_in_subprocess(tmp_path / "results.json", tmp_path / "job")
    assert kept_truth(tmp_path / "job") is None
    (tmp_path / "counts.csv").write_text("time,class,count\n0:01.5,car,2\n3,dog,1\n")
    truth = read_in_subprocess(tmp_path / "counts.csv", Request(FILE))
    keep_truth(tmp_path / "job", truth, FILE)
    (tmp_path / "job" / "notes.json").unlink()  # as of an earlier version: the results are read again
    archive_in_subprocess(tmp_path / "again.json", tmp_path / "job")
    found = kept_truth(tmp_path / "job")
    assert found is not None
    assert found[1] == FILE
    assert_same(found[0], read_truth(tmp_path / "counts.csv"))
    (tmp_path / "job" / TRUTH_NAME).write_bytes(b"PK damaged")
    with pytest.raises(EvaluationError, match="are damaged"):
        kept_truth(tmp_path / "job")
    remove_truth(tmp_path / "job")
    assert kept_truth(tmp_path / "job") is None
    with pytest.raises(EvaluationError, match="no longer exist"):
        keep_truth(tmp_path / "gone", truth, FILE)


def test_damaged_labels_are_named_as_such_wherever_they_are_damaged(tmp_path: Path) -> None:
    content = truth_bytes(read_truth(write_coco(LABELS, tmp_path)), FILE)
    random = np.random.default_rng(1)
    for at in random.integers(0, len(content), 400).tolist():
        (tmp_path / TRUTH_NAME).write_bytes(content[:at] + bytes([random.integers(0, 256)]) + content[at + 1 :])
        assert kept_file(tmp_path) in (FILE, None)
        with suppress(EvaluationError):
            kept_truth(tmp_path)


def test_labels_with_boxes_are_kept_as_they_are(tmp_path: Path) -> None:
    truth = read_truth(write_coco(LABELS, tmp_path))
    found, file = truth_of(truth_bytes(truth, FILE))
    assert_same(found, truth)
    assert file == FILE


def test_half_a_surrogate_pair_in_a_name_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "data.yaml").write_text(r'names: ["\ud800"]')
    (folder / "f_1.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    assert read_in_subprocess(zipped(folder), Request(FILE)).classes == ("?",)


def test_a_file_that_cannot_be_read_is_refused_by_the_process_that_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"images": [], "annotations": [], "categories": [{"id": 1, "name": "\\ud800"}]}')
    with pytest.raises(EvaluationError, match=r"a\.json is not a COCO JSON"):
        read_in_subprocess(tmp_path / "a.json", Request(FILE))
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.soak
def test_what_a_file_costs_is_bounded(tmp_path: Path) -> None:
    """A few hundred bytes that stand for millions of boxes."""
    track = '<track label="a"><box frame="0" outside="0" xtl="0" ytl="0" xbr="9" ybr="9"/></track>'
    task = "<task><size>1900000</size><start_frame>0</start_frame><stop_frame>1899999</stop_frame></task>"
    (tmp_path / "a.xml").write_text(f"<annotations><meta>{task}</meta>{track * 9}</annotations>")
    with pytest.raises(EvaluationError, match=r"too much|more than|too many"):
        read_in_subprocess(tmp_path / "a.xml", Request(FILE))
