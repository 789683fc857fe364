"""A dataset in the form of Ultralytics YOLO (docs.ultralytics.com, detection datasets), a folder for each split.

    data.yaml
    <split>/images/*.jpg
    <split>/labels/*.txt       class center_x center_y width height, in shares of the picture
    <split>/classes.txt        as Label Studio reads names

Predictions are not called `train`, so that no model is trained with them by mistake. `nc` is left out of data.yaml: the
names say it, and CVAT takes it for a split.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml

from frametally.exports.datasets.frames import DatasetFrame, as_supervision
from frametally.exports.datasets.names import one_line
from frametally.exports.datasets.selection import Split
from frametally.exports.datasets.target import Target

_KEYS: Final = {Split.CHECKED: "train", Split.PREDICTED: "predicted"}


class YoloWriter:
    """Writes one dataset."""

    def __init__(self, target: Target, scratch: Path, split: Split, names: tuple[str, ...]) -> None:
        self._target, self._scratch, self._split, self._names = target, scratch, split, names

    def add(self, frames: list[DatasetFrame]) -> None:
        """Some frames, whose pictures are then moved."""
        labels = self._scratch / "labels"
        as_supervision(frames, self._names).as_yolo(annotations_directory_path=str(labels))
        for frame in frames:
            self._target.add(labels / f"{frame.path.stem}.txt", f"{self._split}/labels/{frame.path.stem}.txt")
            self._target.add(frame.path, f"{self._split}/images/{frame.path.name}")

    def finish(self) -> None:
        """Write what belongs to all frames."""
        path, classes = self._scratch / "data.yaml", self._scratch / "classes.txt"
        as_supervision([], self._names).as_yolo(data_yaml_path=str(path))
        names = yaml.safe_load(path.read_bytes())["names"]
        content = {_KEYS[self._split]: f"{self._split}/images", "names": names}
        path.write_text(yaml.safe_dump(content, sort_keys=False))
        lines = (one_line(name) or f"class {number}" for number, name in enumerate(self._names))
        classes.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="replace")
        self._target.add(path, "data.yaml")
        self._target.add(classes, f"{self._split}/classes.txt")
