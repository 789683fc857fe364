"""A dataset as COCO JSON (Lin et al. 2014; cocodataset.org/#format-data).

    annotations/instances_<split>.json        as CVAT and FiftyOne import it
    images/<split>/*.jpg
    images/<split>/_annotations.coco.json     the same, beside the pictures as Roboflow imports it

`supervision` makes images, annotations and categories of some pictures at a time. What it does not know is added: the
frame and its time, `score` of predictions, and what the dataset is. What it states without knowing is removed: a
license of the pictures, and that they were taken now.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from frametally.exports.datasets.frames import DatasetFrame, as_supervision
from frametally.exports.datasets.selection import Split
from frametally.exports.datasets.target import Target

_DECIMALS: Final = 3
_NOT_KNOWN: Final = ("license", "date_captured")


class CocoWriter:
    """Writes one dataset."""

    def __init__(
        self, target: Target, scratch: Path, split: Split, names: tuple[str, ...], info: Mapping[str, Any]
    ) -> None:
        self._target, self._scratch, self._split, self._names, self._info = target, scratch, split, names, info
        self._next = (1, 1)
        self._images: list[dict[str, Any]] = []
        self._path = scratch / "whole.json"
        self._path.write_bytes(b'{"annotations":[')

    def add(self, frames: list[DatasetFrame]) -> None:
        """Some frames, whose pictures are then moved."""
        part = self._scratch / "part.json"
        first = self._next
        self._next = as_supervision(frames, self._names).as_coco(
            annotations_path=str(part), starting_image_id=first[0], starting_annotation_id=first[1]
        )
        coco = msgspec.json.decode(part.read_bytes())
        scores = [score for frame in frames for score in frame.boxes.confidence.tolist()]
        with self._path.open("ab") as file:
            for annotation, score in zip(coco["annotations"], scores, strict=True):
                file.write(b"," if annotation["id"] > 1 else b"")
                file.write(msgspec.json.encode(self._annotation(annotation, score)))
        self._images += [self._image(*pair) for pair in zip(coco["images"], frames, strict=True)]
        for frame in frames:
            self._target.add(frame.path, f"images/{self._split}/{frame.path.name}")

    def finish(self) -> None:
        """Write what belongs to all frames."""
        from supervision.dataset.formats.coco import classes_to_coco_categories

        rest = {
            "images": self._images,
            "categories": [one | {"supercategory": ""} for one in classes_to_coco_categories(list(self._names))],
            "licenses": [],
            "info": dict(self._info),
        }
        with self._path.open("ab") as file:
            file.write(b"]," + msgspec.json.encode(rest)[1:])
        beside = self._scratch / "beside.json"
        shutil.copyfile(self._path, beside)
        self._target.add(self._path, f"annotations/instances_{self._split}.json")
        self._target.add(beside, f"images/{self._split}/_annotations.coco.json")

    def _annotation(self, annotation: dict[str, Any], score: float) -> dict[str, Any]:
        bbox = [round(side, _DECIMALS) for side in annotation["bbox"]]
        known = annotation | {"bbox": bbox, "area": round(annotation["area"], _DECIMALS)}
        return known if self._split is Split.CHECKED else known | {"score": score}

    def _image(self, image: dict[str, Any], frame: DatasetFrame) -> dict[str, Any]:
        known = {key: value for key, value in image.items() if key not in _NOT_KNOWN}
        return known | {"frame_index": frame.frame_index, "time_s": frame.time_s, "split": str(self._split)}
