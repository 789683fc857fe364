"""Export a view as COCO JSON (Lin et al. 2014; cocodataset.org/#format-data).

One image per analyzed frame, one annotation per box ([x, y, width, height] in pixels, with its score), one category per
class. Masks are polygons, or RLE if they have holes, which polygons of COCO cannot have. Boxes with a number that is
not finite, which JSON cannot have, are left out; `info` states how many, and the first.

pycocotools only reads this format and holds the whole file in memory; this writer needs bounded memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import UNSET, Struct, UnsetType

from frametally.analysis.view import Progress, View, ViewedBoxes, chunks_of, picked
from frametally.coco import COCO_KEYPOINTS, COCO_SKELETON
from frametally.exports.tables import check_boxes
from frametally.processes.light_imports import supervision
from frametally.results import Boxes, Kind
from frametally.results.masks import MAX_PX, rasterized
from frametally.results.spellings.rle import signed_area
from frametally.storage.atomic import atomic_path
from frametally.storage.file_names import image_stem

_MIN_VISIBLE_CONFIDENCE: Final = 0.5
"""Keypoints are visible (2) from this confidence on, below it labeled but not visible (1), and 0 if missing."""
_DECIMALS: Final = 3
_BATCH: Final = 4096
_WHY: Final = "their position or confidence is not a finite number"


class _Image(Struct, frozen=True, gc=False):
    id: int
    file_name: str
    frame_index: int
    time_s: float
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    damaged: bool | UnsetType = UNSET
    """True if the frame is damaged in the video file; absent otherwise."""


class _Annotation(Struct, gc=False):
    id: int
    image_id: int
    category_id: int
    bbox: list[float]
    area: float
    score: float
    iscrowd: int = 0
    segmentation: list[list[float]] | dict[str, object] | UnsetType = UNSET
    keypoints: list[float] | UnsetType = UNSET
    num_keypoints: int | UnsetType = UNSET


class _Category(Struct, frozen=True):
    id: int
    name: str
    supercategory: str = ""
    keypoints: tuple[str, ...] | UnsetType = UNSET
    skeleton: tuple[tuple[int, int], ...] | UnsetType = UNSET


def write_coco(
    view: View, path: Path, video_name: str, progress: Progress | None = None, *, entries: Sequence[int] | None = None
) -> None:
    """Write the images, annotations and categories of the view. Ids start at 1; that of an image is its entry + 1.

    Args:
        view: what to write.
        path: of the file.
        video_name: for the names of images.
        progress: receives the share done.
        entries: only these, ascending; None: all in the time range.

    Raises:
        ResultsError: the results have no boxes.
    """
    check_boxes(view)
    with atomic_path(path) as draft, draft.open("wb") as file:
        left_out = _LeftOut()
        file.write(b'{"images":[')
        _write_items(file, _images(view, image_stem(video_name), entries))
        file.write(b'],"annotations":[')
        pieces = view.in_chunks(progress) if entries is None else (view.chunk(at, at + 1) for at in entries)
        _write_items(file, _annotations(view, left_out, pieces))
        file.write(b'],"categories":' + msgspec.json.encode(_categories(view)))
        file.write(b',"info":' + msgspec.json.encode(_info(view, video_name) | left_out.info(view)) + b"}")


class _LeftOut:
    """Counts the boxes that are left out because a number of theirs is not finite."""

    def __init__(self) -> None:
        self._count = 0
        self._first: int | None = None

    def finite(self, boxes: Boxes) -> npt.NDArray[np.int64]:
        """(k,) positions of the boxes that can be exported; the others are counted."""
        is_finite = np.isfinite(boxes.xyxy).all(axis=1) & np.isfinite(boxes.confidence)
        missing = np.flatnonzero(~is_finite)
        self._count += len(missing)
        if len(missing) and self._first is None:
            self._first = int(boxes.entry[missing[0]])
        return np.flatnonzero(is_finite)

    def info(self, view: View) -> dict[str, object]:
        """What to add to the info of the file; empty if nothing was left out."""
        if self._first is None:
            return {}
        frame_index = int(view.results.frame_index[self._first])
        return {
            "left_out_boxes": self._count,
            "left_out_because": _WHY,
            "first_left_out_frame_index": frame_index,
        }


def _info(view: View, video_name: str) -> dict[str, object]:
    return {
        "description": f"{view.model} on {video_name}",
        "model": view.model,
        "video": video_name,
        "confidence": view.confidence,
        "time_range_s": view.time_range_s,
    }


def images_of(view: View, video_name: str, entries: Sequence[int]) -> dict[int, str]:
    """The file name of the image of each of these entries."""
    seen: Counter[int] = Counter()
    return {entry: _image(view, entry, image_stem(video_name), seen).file_name for entry in entries}


def _images(view: View, stem: str, entries: Sequence[int] | None) -> Iterator[list[_Image]]:
    seen: Counter[int] = Counter()
    if entries is not None:
        yield [_image(view, entry, stem, seen) for entry in entries]
        return
    for start, stop in chunks_of(view.entries):
        analyzed = start + np.flatnonzero(view.table.analyzed[start:stop])
        yield [_image(view, int(entry), stem, seen) for entry in analyzed]


def _image(view: View, entry: int, stem: str, seen: Counter[int]) -> _Image:
    """The image of an entry; a frame that occurs again gets another name."""
    frame_index = int(view.results.frame_index[entry])
    seen[frame_index] += 1
    again = f"_{seen[frame_index]}" if seen[frame_index] > 1 else ""
    wh = view.table.image_wh[entry]
    size = (round(float(wh[0])), round(float(wh[1]))) if ((wh > 0) & (wh < np.inf)).all() else ()
    name = f"{stem}_{frame_index:06d}{again}.jpg"
    time_s, damaged = float(view.results.time_s[entry]), bool(view.results.damaged[entry]) or UNSET
    width, height = size or (UNSET, UNSET)
    return _Image(entry + 1, name, frame_index, time_s, width, height, damaged)


def _annotations(view: View, left_out: _LeftOut, pieces: Iterable[ViewedBoxes]) -> Iterator[list[_Annotation]]:
    number = 1
    for piece in pieces:
        add_shapes, finite = _shapes(view, piece), left_out.finite(piece.boxes)
        boxes, position = picked(piece.boxes, finite), piece.position[finite]
        for first in range(0, len(position), _BATCH):
            here = slice(first, first + _BATCH)
            annotations = _boxes(boxes, here, number)
            number += len(annotations)
            add_shapes(annotations, position[here])
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
            outlines = view.results.outlines(view.model, piece.start, piece.stop)
            return partial(_add_outlines, outlines, view.table.image_wh)
        case Kind.KEYPOINTS:
            return partial(_add_keypoints, view.results.keypoints(view.model, piece.start, piece.stop))
        case _:
            return lambda *_: None


def _add_outlines(
    outlines: list[list[npt.NDArray[np.float32]]],
    image_wh: npt.NDArray[np.float32],
    annotations: list[_Annotation],
    positions: npt.NDArray[np.int64],
) -> None:
    single = []
    for found, position in zip(annotations, positions.tolist(), strict=True):
        # Fewer than three points have no area, and the COCO tools interpret four numbers as a box.
        rings = [ring for ring in outlines[position] if len(ring) >= 3 and np.isfinite(ring).all()]
        if len(rings) == 1:
            single.append((found, rings[0]))
        elif rings:
            _add_several(found, rings, image_wh[found.image_id - 1])
    if single:
        _add_polygons(single)


def _add_several(found: _Annotation, rings: list[npt.NDArray[np.float32]], wh: npt.NDArray[np.float32]) -> None:
    """Several outlines as polygons; as RLE if some are holes, or as their outer outlines if the size is unknown."""
    areas = [signed_area(ring) for ring in rings]
    found.area = round(abs(sum(areas)), _DECIMALS)
    if min(areas) < 0 and 0 < float(wh.prod()) <= MAX_PX:
        found.segmentation = _rle(rings, *wh.round().astype(int).tolist())
    else:
        outer = (ring for ring, area in zip(rings, areas, strict=True) if area >= 0)
        found.segmentation = [ring.astype(np.float64).round(_DECIMALS).ravel().tolist() for ring in outer]


def _rle(rings: list[npt.NDArray[np.float32]], width_px: int, height_px: int) -> dict[str, object]:
    mask = rasterized(rings, width_px, height_px)
    return {"size": [height_px, width_px], "counts": supervision().mask_to_rle(mask, compressed=True)}


def _add_polygons(drawn: list[tuple[_Annotation, npt.NDArray[np.float32]]]) -> None:
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
    present = np.asarray(np.isfinite(found[:, :, :2]).all(axis=2))
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
