"""Export a view as COCO JSON (Lin et al. 2014; cocodataset.org/#format-data).

One image per analyzed frame, one annotation per box ([x, y, width, height] in pixels, with its score), one category per
class. pycocotools only reads this format and holds the whole file in memory; this writer needs bounded memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import UNSET, Struct, UnsetType

from frametally.analysis.view import Progress, View, ViewedBoxes, chunks_of
from frametally.coco import COCO_KEYPOINTS, COCO_SKELETON
from frametally.exports.tables import check_boxes
from frametally.results import Boxes, Kind
from frametally.storage.atomic import atomic_path
from frametally.storage.file_names import safe_file_name

_MIN_VISIBLE_CONFIDENCE: Final = 0.5
"""Keypoints are visible (2) from this confidence on, below it labeled but not visible (1), and 0 if missing."""
_DECIMALS: Final = 3
_BATCH: Final = 4096


class _Image(Struct, frozen=True, gc=False):
    id: int
    file_name: str
    frame_index: int
    time_s: float
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET


class _Annotation(Struct, gc=False):
    id: int
    image_id: int
    category_id: int
    bbox: list[float]
    area: float
    score: float
    iscrowd: int = 0
    segmentation: list[list[float]] | UnsetType = UNSET
    keypoints: list[float] | UnsetType = UNSET
    num_keypoints: int | UnsetType = UNSET


class _Category(Struct, frozen=True):
    id: int
    name: str
    supercategory: str = ""
    keypoints: tuple[str, ...] | UnsetType = UNSET
    skeleton: tuple[tuple[int, int], ...] | UnsetType = UNSET


def write_coco(view: View, path: Path, video_name: str, progress: Progress | None = None) -> None:
    """Write the images, annotations and categories of the view. Ids start at 1; that of an image is its entry + 1.

    Raises:
        ResultsError: the results have no boxes.
    """
    check_boxes(view)
    with atomic_path(path) as draft, draft.open("wb") as file:
        file.write(b'{"info":' + msgspec.json.encode(_info(view, video_name)) + b',"images":[')
        _write_items(file, _images(view, Path(safe_file_name(video_name)).stem))
        file.write(b'],"annotations":[')
        _write_items(file, _annotations(view, progress))
        file.write(b'],"categories":' + msgspec.json.encode(_categories(view)) + b"}")


def _info(view: View, video_name: str) -> dict[str, object]:
    return {
        "description": f"{view.model} on {video_name}",
        "model": view.model,
        "video": video_name,
        "confidence": view.confidence,
        "time_range_s": view.time_range_s,
    }


def _images(view: View, stem: str) -> Iterator[list[_Image]]:
    for start, stop in chunks_of(view.entries):
        analyzed = start + np.flatnonzero(view.table.analyzed[start:stop])
        yield [_image(view, int(entry), stem) for entry in analyzed]


def _image(view: View, entry: int, stem: str) -> _Image:
    frame_index = int(view.results.frame_index[entry])
    wh = view.table.image_wh[entry]
    size = (round(float(wh[0])), round(float(wh[1]))) if ((wh > 0) & (wh < np.inf)).all() else ()
    return _Image(entry + 1, f"{stem}_{frame_index:06d}.jpg", frame_index, float(view.results.time_s[entry]), *size)


def _annotations(view: View, progress: Progress | None) -> Iterator[list[_Annotation]]:
    number = 1
    for piece in view.in_chunks(progress):
        add_shapes = _shapes(view, piece)
        for first in range(0, len(piece.position), _BATCH):
            here = slice(first, first + _BATCH)
            annotations = _boxes(piece.boxes, here, number)
            number += len(annotations)
            add_shapes(annotations, piece.position[here])
            yield annotations


def _boxes(boxes: Boxes, here: slice, first_id: int) -> list[_Annotation]:
    corners = boxes.xyxy[here].astype(np.float64)
    size = corners[:, 2:] - corners[:, :2]
    columns = (
        (boxes.entry[here] + 1).tolist(),
        (boxes.class_code[here] + 1).tolist(),
        np.hstack([corners[:, :2], size]).round(_DECIMALS).tolist(),
        size.prod(axis=1).round(_DECIMALS).tolist(),
        boxes.confidence[here].tolist(),
    )
    return [_Annotation(number, *row) for number, row in enumerate(zip(*columns, strict=True), start=first_id)]


def _shapes(view: View, piece: ViewedBoxes) -> Callable[[list[_Annotation], npt.NDArray[np.int64]], None]:
    """A function that adds polygons or keypoints to annotations, given the positions of their boxes in the chunk."""
    match view.table.kind:
        case Kind.SEGMENTATION:
            return partial(_add_polygons, view.results.polygons(view.model, piece.start, piece.stop))
        case Kind.KEYPOINTS:
            return partial(_add_keypoints, view.results.keypoints(view.model, piece.start, piece.stop))
        case _:
            return lambda *_: None


def _add_polygons(
    polygons: list[npt.NDArray[np.float32]], annotations: list[_Annotation], positions: npt.NDArray[np.int64]
) -> None:
    outlines = [polygons[position] for position in positions.tolist()]
    # Fewer than three points have no area, and the COCO tools interpret four numbers as a box.
    drawn = [(found, outline) for found, outline in zip(annotations, outlines, strict=True) if len(outline) >= 3]
    if not drawn:
        return
    sizes = np.array([len(outline) for _, outline in drawn])
    points = np.concatenate([outline for _, outline in drawn]).astype(np.float64)
    areas = _areas(points, sizes).round(_DECIMALS).tolist()
    numbers, ends = points.round(_DECIMALS).ravel().tolist(), np.cumsum(2 * sizes).tolist()
    for (found, outline), area, end in zip(drawn, areas, ends, strict=True):
        found.segmentation, found.area = [numbers[end - outline.size : end]], area


def _areas(points: npt.NDArray[np.float64], sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """(n,) areas of polygons by the shoelace formula; `points` (k, 2) are concatenated, `sizes` (n,) per polygon."""
    starts = np.cumsum(sizes) - sizes
    following = np.arange(1, len(points) + 1)
    following[starts + sizes - 1] = starts
    (x, y), (next_x, next_y) = points.T, points[following].T
    return np.abs(np.add.reduceat(x * next_y - next_x * y, starts)) / 2


def _add_keypoints(
    points: npt.NDArray[np.float32], annotations: list[_Annotation], positions: npt.NDArray[np.int64]
) -> None:
    found = points[positions].astype(np.float64)
    present = np.asarray(~np.isnan(found[:, :, :2]).any(axis=2))
    # A keypoint without a confidence counts as visible.
    visibility = np.where(present, np.where(found[:, :, 2] < _MIN_VISIBLE_CONFIDENCE, 1, 2), 0)
    xy = np.where(present[:, :, np.newaxis], found[:, :, :2], 0).round(_DECIMALS)
    flat = np.dstack([xy, visibility]).reshape(len(found), -1).tolist()
    for annotation, keypoints, number in zip(annotations, flat, present.sum(axis=1).tolist(), strict=True):
        annotation.keypoints, annotation.num_keypoints = keypoints, number


def _categories(view: View) -> list[_Category]:
    numbered = enumerate(view.names, start=1)
    if view.table.kind is not Kind.KEYPOINTS:
        return [_Category(number, name) for number, name in numbered]
    points = view.table.keypoint_names
    skeleton = COCO_SKELETON if points == COCO_KEYPOINTS else ()
    return [_Category(number, name, keypoints=points, skeleton=skeleton) for number, name in numbered]


def _write_items(file: BinaryIO, chunks: Iterable[list[_Image]] | Iterable[list[_Annotation]]) -> None:
    """Write the items of one JSON array, without its brackets."""
    comma = b""
    for items in chunks:
        if items:
            file.write(comma + msgspec.json.encode(items)[1:-1])
            comma = b","
