"""Inspection in a child process: limits, and results that are stored by the digest of a model's files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from frametally.engine.detectors.selection import inspection
from frametally.engine.detectors.selection.inspection import Inspection, Inspector, examine_in_child
from frametally.errors import ModelError
from tests.support import onnx_models
from tests.support.onnx_constants import rows, save_constants

pytestmark = [pytest.mark.child_process, pytest.mark.slow]


def model(tmp_path: Path) -> Path:
    path = tmp_path / "made" / "1" / "model.onnx"
    save_constants(path, {"outputs": rows(2100, [100, 120, 40, 60, 1, 0.9, 0])})
    path.with_name("classes.txt").write_text("cat\ndog\n")
    return path


class Counted:
    """Counts the examinations; returns a fixed result."""

    def __init__(self, result: Inspection) -> None:
        self.result = result
        self.paths: list[Path] = []

    def __call__(self, path: Path) -> Inspection:
        self.paths.append(path)
        return self.result


def test_a_child_process_returns_the_result(tmp_path: Path) -> None:
    found = examine_in_child(model(tmp_path))
    assert found == Inspection("yolov6", False, "object-detection", ("cat", "dog"))


def test_a_refusal_is_returned_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "made" / "1" / "model.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a model")
    found = examine_in_child(path)
    assert (found.what, found.next_step) == ("made/1 is not a valid ONNX file.", "Export the model again.")


def test_a_file_is_examined_once_by_all_processes(tmp_path: Path) -> None:
    path = model(tmp_path)
    examine = Counted(Inspection("yolov6", False, "object-detection", ("cat", "dog")))
    for inspector in (Inspector(examine), Inspector(examine)):
        for _ in range(2):
            assert inspector.inspect(path) == examine.result
    assert len(examine.paths) == 1
    assert [file.parent.name for file in path.parent.rglob("*.json")] == ["derived"]


@pytest.mark.parametrize("name", ["model.onnx", "classes.txt", "model.json", "weights.bin"])
def test_a_change_of_any_file_of_a_model_leads_to_an_examination(tmp_path: Path, name: str) -> None:
    path = model(tmp_path)
    examine = Counted(Inspection("yolov6", False, "object-detection", ("cat", "dog")))
    inspector = Inspector(examine)
    inspector.inspect(path)
    with path.with_name(name).open("ab") as file:
        file.write(b" ")
    inspector.inspect(path)
    assert len(examine.paths) == 2


def test_a_result_that_depends_on_the_machine_is_not_stored(tmp_path: Path) -> None:
    path = model(tmp_path)
    examine = Counted(Inspection("yolov6", is_final=False))
    Inspector(examine).inspect(path)
    Inspector(examine).inspect(path)
    assert len(examine.paths) == 2


def test_a_damaged_stored_result_is_replaced(tmp_path: Path) -> None:
    path = model(tmp_path)
    examine = Counted(Inspection("yolov6"))
    Inspector(examine).inspect(path)
    (stored,) = path.parent.glob("derived/*.json")
    stored.write_bytes(b"{")
    assert Inspector(examine).inspect(path) == examine.result
    assert stored.read_bytes() != b"{"


def test_a_read_only_folder_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = model(tmp_path)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(inspection, "write_json", refuse)
    examine = Counted(Inspection("yolov6"))
    inspector = Inspector(examine)
    assert [inspector.inspect(path), inspector.inspect(path)] == [examine.result] * 2
    assert len(examine.paths) == 1


def test_a_named_pipe_as_classes_txt_does_not_block(tmp_path: Path) -> None:
    path = model(tmp_path)
    path.with_name("classes.txt").unlink()
    os.mkfifo(path.with_name("classes.txt"))
    assert "is a link or larger than 1 MB" in examine_in_child(path).what
    Inspector(examine_in_child).inspect(path)


@pytest.mark.soak
def test_a_slow_model_is_read_by_its_shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "made" / "1" / "model.onnx"
    onnx_models.save_ultralytics(path, stuck=True, inspected=False)
    monkeypatch.setattr(inspection, "TIME_LIMIT_S", 4.0)
    found = examine_in_child(path)
    assert (found.architecture, found.is_final) in (("yolov8", False), ("yolov8", True))


def test_a_model_that_needs_too_much_memory_is_read_by_its_shapes(tmp_path: Path) -> None:
    path = tmp_path / "made" / "1" / "model.onnx"
    onnx_models.save_ultralytics(path, hungry_gib=4)
    found = examine_in_child(path)
    assert (found.architecture, found.is_final, found.what) == ("yolov8", False, "")


def test_a_model_whose_folder_disappears_raises_a_model_error(tmp_path: Path) -> None:
    path = model(tmp_path)
    shutil.rmtree(path.parent)
    with pytest.raises(ModelError, match="made/1 cannot be read"):
        inspection.inspect_model(path)


def test_a_crash_is_reported_as_such() -> None:
    assert "crashes ONNX Runtime" in inspection._result("made/1", b"", -11).what
    early = inspection._result("made/1", b'{"architecture":"yolov8"}\n', -11)
    assert "crashes ONNX Runtime" in early.what


def test_an_early_result_is_used_if_the_child_process_takes_too_long() -> None:
    for output in (b'{"architecture":"yolov8"}\n', b'{"architecture":"yolov8"}\n{"archi'):
        early = inspection._result("made/1", output, None)
        assert (early.architecture, early.is_final) == ("yolov8", False)
    assert "cannot be opened within 10 s" in inspection._result("made/1", b"", None).what


def test_the_sample_picture_is_part_of_the_package() -> None:
    from frametally.engine.detectors.selection.pictures import examination_pictures

    sizes = {name: image.shape for name, image in examination_pictures((96, 64))}
    assert set(sizes.values()) == {(64, 96, 3)}
    assert np.ptp(next(image for name, image in examination_pictures((96, 64)) if name == "sample")) > 100
