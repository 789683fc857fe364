"""A YOLO folder (docs.ultralytics.com, detection datasets; Darknet; CVAT's YOLO 1.1): a text per image.

    class center_x center_y width height      shares of the picture, one line for each box

The frame of a text is the number in its name, `clip_000030.txt`. Names of classes come from `data.yaml`, `classes.txt`
or `obj.names`. Empty texts, and pictures without one, are labeled frames without objects. Polygons and turned boxes (a
class and at least three points) are read as the upright box around them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from frametally.errors import EvaluationError
from frametally.evaluation.formats.builder import Corners, TruthBuilder
from frametally.evaluation.formats.limits import MAX_BYTES, MAX_CLASSES, MAX_FILES, read_bytes, read_lines, read_names
from frametally.evaluation.formats.numbering import Numbering, number_in
from frametally.evaluation.truth import Truth

_PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
_NAME_LISTS: Final = ("classes.txt", "obj.names")
_MAX_YAML_BYTES: Final = 1 << 20
_UNREADABLE_YAML: Final = (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError)
"""The last ones: of a text that is no value of the type that a tag names."""
_BOX_COLUMNS: Final = 5
_MIN_POLYGON_COLUMNS: Final = 7


def read_yolo(path: Path, numbering: Numbering) -> Truth:
    """The labels in such a folder and those below it.

    Raises:
        EvaluationError: they cannot be read, or are not the frames of one video.
    """
    if not path.is_dir():
        raise EvaluationError(f"{path.name} is not a folder.", "Name the folder with classes and labels.")
    files = list(_files(path))
    names, has_keypoints = _names(path, files)
    builder = TruthBuilder("YOLO")
    for name in names:
        builder.class_code(name)
    labels = {file.stem: file for file in files if _is_label(file)}
    if len(labels) < sum(map(_is_label, files)):
        raise EvaluationError("Two label files have the same name.", "Labels of one video are needed, each frame once.")
    pictures = {file.stem for file in files if file.suffix.lower() in _PICTURES}
    for stem in sorted(labels.keys() | pictures):
        number = number_in(stem)
        if number is None:
            raise EvaluationError(f"{stem} has no frame number.", "Name it like frame_000030.txt.")
        builder.frame(number, stem, (1.0, 1.0))
        if stem in labels:
            _add(builder, labels[stem], number, names, has_keypoints=has_keypoints)
    if alone := len(pictures - labels.keys()):
        builder.note(f"Pictures without a label file are taken as labeled, without objects: {alone:,}.")
    return builder.build(0, numbering)


def _files(folder: Path) -> Iterator[Path]:
    """All files; links to folders are not followed."""
    count, total = 0, 0
    for place, _, names in os.walk(folder):
        for name in names:
            file = Path(place) / name
            count += 1
            total += file.stat().st_size if _is_label(file) and file.is_file() else 0
            if count > MAX_FILES or total > MAX_BYTES:
                raise EvaluationError(f"{folder.name} has too many files, or too large ones.", "Split the labels.")
            yield file


def _is_label(file: Path) -> bool:
    """Whether it has labels; texts at the top that list pictures (`train.txt`) have no number."""
    return file.suffix.lower() == ".txt" and file.name not in _NAME_LISTS and not _is_list(file)


def _is_list(file: Path) -> bool:
    stem = file.stem.lower()
    return stem in ("train", "val", "valid", "test") or (stem.startswith("readme") and number_in(file.name) is None)


def _names(folder: Path, files: list[Path]) -> tuple[list[str], bool]:
    """Names of the classes, and whether lines have keypoints behind the box."""
    for file in (file for file in files if file.parent == folder and file.suffix in (".yaml", ".yml")):
        content = _yaml(file)
        if isinstance(content, dict) and "names" in content:
            return _named(file, content["names"]), "kpt_shape" in content
    for name in _NAME_LISTS:
        found = next((file for file in files if file.name == name), None)
        if found:
            return read_names(found), False
    raise EvaluationError("The folder has no names of classes.", "Add a data.yaml or a classes.txt.")


def _yaml(file: Path) -> Any:
    content = read_bytes(file)
    try:
        if len(content) > _MAX_YAML_BYTES:
            raise ValueError("it is too large")
        return yaml.safe_load(content)
    except _UNREADABLE_YAML as error:
        raise EvaluationError(f"{file.name} cannot be read.", "Check the file.") from error


def _named(file: Path, names: Any) -> list[str]:
    """Names as a list, or by their number."""
    if isinstance(names, dict) and all(isinstance(key, int) and 0 <= key < MAX_CLASSES for key in names):
        names = [names.get(number, str(number)) for number in range(max(names, default=-1) + 1)]
    # A list within a list may stand for more than fits into memory: aliases of YAML.
    if not isinstance(names, list) or len(names) > MAX_CLASSES or any(isinstance(name, list | dict) for name in names):
        raise EvaluationError(f"{file.name} has no list of names.", "Check the file.")
    return [str(name).encode(errors="replace").decode() for name in names]  # half a surrogate pair is no text


def _add(builder: TruthBuilder, file: Path, number: int, names: list[str], *, has_keypoints: bool) -> None:
    for line, text in read_lines(file):
        try:
            code, *values = (float(part) for part in text.split())
            corners = _corners(builder, values, has_keypoints=has_keypoints)
        except ValueError as error:
            raise EvaluationError(f"{file.name}, line {line} is not a line of a YOLO label.", "Check it.") from error
        if code % 1 or not 0 <= code < len(names):
            raise EvaluationError(f"{file.name}, line {line} has the class {code:g}, which has no name.", "Add it.")
        builder.box(number, names[int(code)], corners)


def _corners(builder: TruthBuilder, values: list[float], *, has_keypoints: bool) -> Corners:
    columns = len(values) + 1
    if columns >= _MIN_POLYGON_COLUMNS and columns % 2 and not has_keypoints:
        builder.note("Polygons and turned boxes are read as the upright box around them.")
        xs, ys = values[::2], values[1::2]
        return min(xs), min(ys), max(xs), max(ys)
    if columns < _BOX_COLUMNS or (columns > _BOX_COLUMNS + 1 and not has_keypoints):
        raise ValueError("not a box")
    if columns == _BOX_COLUMNS + 1:
        builder.note("The sixth number of a line, a confidence or a track, is not used.")
    x, y, width, height = values[:4]
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2
