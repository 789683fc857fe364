"""Draw a `Scene` on a frame, with OpenCV and supervision.

The first picture imports supervision, which takes a while: most commands draw none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from frametally.coco import COCO_KEYPOINTS
from frametally.processes.light_imports import supervision
from frametally.rendering.labels import place_labels
from frametally.rendering.plates import Plate, TextStyle, plate
from frametally.rendering.regions.drawn import draw_regions
from frametally.rendering.scene import Floats, Scene
from frametally.rendering.text import cut
from frametally.results.masks import separated
from frametally.video.decoding import Image

FILL: Final = 0.45
"""Opacity of filled areas."""
MIN_KEYPOINT_CONFIDENCE: Final = 0.3
"""Keypoints below it are not drawn: their positions are unreliable."""
MAX_ENLARGED_PX: Final = 4096
"""Maximum length of the longer side of an enlarged picture."""
_MAX_COORDINATE_PX: Final = 1 << 15
"""Coordinates are clipped to plus or minus this: OpenCV fails with very large numbers."""
_DEFAULT_COLOR: Final = "#7f8c8d"
_NOTE_BGR: Final = (30, 38, 179)
"""The color with which the charts mark damage."""
_MAX_LEGEND_ROWS: Final = 8
_SHORT_LETTERS: Final = 12


def draw(
    image: Image,
    scene: Scene,
    colors: Mapping[str, str],
    *,
    min_width_px: int = 0,
    with_labels: bool = True,
    with_confidence: bool = True,
) -> Image:
    """A new picture with the scene drawn on it.

    Args:
        image: (height_px, width_px, 3) BGR; unchanged.
        scene: what to draw; scaled if it refers to another size. Objects with a coordinate that is not finite are
            left out.
        colors: hex color by class name; gray for names without one.
        min_width_px: enlarge smaller pictures first, so that labels are readable: by an integer factor, up to
            `MAX_ENLARGED_PX`.
        with_labels: whether boxes have labels, which would cover most of a small picture.
        with_confidence: whether labels have the confidence.
    """
    native_wh = (image.shape[1], image.shape[0])
    factor = enlargement(*native_wh, min_width_px)
    canvas = image.copy() if factor == 1 else _enlarged(image, factor)
    wh = scene.wh or native_wh
    scene = _scaled(scene, canvas.shape[1] / wh[0], canvas.shape[0] / wh[1])
    if scene.mask is not None:
        _fill_mask(canvas, scene.mask, scene.mask_names or {}, colors)
    if len(scene.polygons):
        _fill_polygons(canvas, scene, colors)
    if len(scene.xyxy):
        order = _draw_boxes(canvas, scene, colors)
        if with_labels and len(order):
            _draw_labels(canvas, scene, order, colors, with_confidence=with_confidence)
    if scene.keypoints is not None:
        _draw_keypoints(canvas, scene, colors)
    if scene.gaze is not None:
        _draw_gaze(canvas, scene, colors)
    if scene.regions:
        style = TextStyle(_text_scale(canvas), max(_thickness(canvas) // 2, 1))
        draw_regions(canvas, scene.regions, style, _thickness(canvas))
    rows = list(scene.banner) or _legend(scene)
    if rows:
        _draw_banner(canvas, rows, colors)
    if scene.note:
        _draw_note(canvas, scene.note)
    return canvas


def enlargement(width_px: int, height_px: int, min_width_px: int) -> int:
    """The integer factor by which a picture is enlarged to this width, up to `MAX_ENLARGED_PX`; at least 1."""
    return max(min(math.ceil(min_width_px / width_px), MAX_ENLARGED_PX // max(width_px, height_px)), 1)


def _enlarged(image: Image, factor: int) -> Image:
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor), dtype=np.uint8)


def _scaled(scene: Scene, x: float, y: float) -> Scene:
    """The scene in pixels of the picture; objects that are not finite become NaN, their polygons empty."""
    scale = np.array([x, y])
    boxes = _scaled_points(scene.xyxy.reshape(-1, 2, 2), scale).reshape(-1, 4)
    boxes[np.isnan(boxes).any(axis=1)] = np.nan
    points = None if scene.keypoints is None else scene.keypoints.copy()
    if points is not None:
        points[..., :2] = _scaled_points(points[..., :2], scale)
    return replace(
        scene,
        xyxy=boxes,
        polygons=_scaled_polygons(scene.polygons, scale) if len(scene.polygons) else (),
        keypoints=points,
        gaze=None if scene.gaze is None else np.where(np.isfinite(scene.gaze), scene.gaze, np.nan),
    )


def _scaled_polygons(polygons: Sequence[Floats], scale: npt.NDArray[np.float64]) -> list[Floats]:
    ends = np.cumsum([len(outline) for outline in polygons])[:-1]
    outlines = np.split(_scaled_points(np.concatenate(polygons), scale), ends)
    return [outline[:0] if np.isnan(outline).any() else outline for outline in outlines]


def _scaled_points(xy: Floats, scale: npt.NDArray[np.float64]) -> Floats:
    """(…, 2) points scaled and clipped; NaN for coordinates that are not finite."""
    finite = np.where(np.isfinite(xy), xy, np.nan)
    return np.clip(finite * scale, -_MAX_COORDINATE_PX, _MAX_COORDINATE_PX).astype(np.float32)


def _bgr(colors: Mapping[str, str], name: str) -> tuple[int, int, int]:
    color = colors.get(name, _DEFAULT_COLOR)
    return int(color[5:7], 16), int(color[3:5], 16), int(color[1:3], 16)


def _text_scale(canvas: Image) -> float:
    sv = supervision()

    return max(float(sv.calculate_optimal_text_scale((canvas.shape[1], canvas.shape[0]))), 0.4)


def _thickness(canvas: Image) -> int:
    sv = supervision()

    return int(sv.calculate_optimal_line_thickness((canvas.shape[1], canvas.shape[0])))


def _draw_boxes(canvas: Image, scene: Scene, colors: Mapping[str, str]) -> npt.NDArray[np.int_]:
    """Returns which of the boxes are on the picture, the most confident first."""
    sv = supervision()

    names = sorted(set(scene.class_names))
    order = np.argsort(scene.confidence, kind="stable")
    order = order[_touching(scene.xyxy[order], canvas)]
    if not len(order):
        return order
    detections = sv.Detections(
        xyxy=scene.xyxy[order].astype(np.float32),
        confidence=scene.confidence[order],
        class_id=np.array([names.index(scene.class_names[at]) for at in order]),
    )
    palette = sv.ColorPalette.from_hex([colors.get(name, _DEFAULT_COLOR) for name in names])
    sv.BoxAnnotator(color=palette, thickness=_thickness(canvas)).annotate(canvas, detections)
    return order[::-1]


def _draw_labels(
    canvas: Image, scene: Scene, order: npt.NDArray[np.int_], colors: Mapping[str, str], *, with_confidence: bool
) -> None:
    """Label the boxes, the first one in any case, the others where there is room."""
    style = TextStyle(_text_scale(canvas), max(_thickness(canvas) // 2, 1))
    confidences = [f"{scene.confidence[at]:.2f}" if with_confidence else "" for at in order]
    labels = [_label(scene.class_names[at], text, style) for at, text in zip(order, confidences, strict=True)]
    sizes = np.array([[form.wh for form in forms] for forms in labels])
    boxes = _sorted_corners(scene.xyxy[order])
    for place in place_labels(boxes, sizes, (canvas.shape[1], canvas.shape[0])):
        color = _bgr(colors, scene.class_names[order[place.box]])
        labels[place.box][place.form].draw(canvas, place.left, place.top, color)


def _label(name: str, confidence: str, style: TextStyle) -> tuple[Plate, ...]:
    """Name and confidence; for crowds the name alone, or the beginning of it."""
    pad_px = max(round(8 * style.scale), 3)
    texts = ((name, confidence) if confidence else (name,), (name,), (cut(name, _SHORT_LETTERS),))
    return tuple(plate(text, style, pad_px) for text in texts)


def _sorted_corners(xyxy: Floats) -> Floats:
    return np.hstack([np.minimum(xyxy[:, :2], xyxy[:, 2:]), np.maximum(xyxy[:, :2], xyxy[:, 2:])])


def _touching(xyxy: Floats, canvas: Image) -> npt.NDArray[np.bool_]:
    """(n,) whether a box overlaps the picture."""
    first, last = np.minimum(xyxy[:, :2], xyxy[:, 2:]), np.maximum(xyxy[:, :2], xyxy[:, 2:])
    return np.asarray(((first < canvas.shape[1::-1]) & (last >= 0)).all(axis=1))


def _fill_polygons(canvas: Image, scene: Scene, colors: Mapping[str, str]) -> None:
    """Fill all polygons and blend the region once."""
    outlines = [
        (np.rint(outline).astype(np.int32), name) for outline, name in _polygons_with_names(scene) if len(outline) > 2
    ]
    if not outlines:
        return
    points = np.concatenate([outline for outline, _ in outlines])
    left, top = np.maximum(points.min(axis=0), 0)
    right, bottom = points.max(axis=0) + 1
    region = canvas[top:bottom, left:right]
    if not region.size:
        return
    filled = region.copy()
    for outline, name in outlines:
        cv2.fillPoly(filled, [part - (left, top) for part in separated(outline)], _bgr(colors, name))
    canvas[top:bottom, left:right] = cv2.addWeighted(filled, FILL, region, 1 - FILL, 0)
    for outline, name in outlines:
        cv2.polylines(
            canvas, separated(outline), True, _bgr(colors, name), max(_thickness(canvas) // 2, 1), cv2.LINE_AA
        )


def _polygons_with_names(scene: Scene) -> list[tuple[Floats, str]]:
    """The polygons with their class names, larger boxes first, so that smaller objects stay visible."""
    sides = scene.xyxy[:, 2:] - scene.xyxy[:, :2]
    order = np.argsort(-sides.prod(axis=1), kind="stable")
    return [(scene.polygons[at], scene.class_names[at]) for at in order]


def _draw_keypoints(canvas: Image, scene: Scene, colors: Mapping[str, str]) -> None:
    sv = supervision()

    points = np.zeros((0, 0, 3), np.float32) if scene.keypoints is None else scene.keypoints
    thickness = _thickness(canvas)
    edges = skeleton(points.shape[1])
    for name in sorted(set(scene.class_names)):
        of_class = points[[at for at, other in enumerate(scene.class_names) if other == name]]
        xy, is_confident = of_class[..., :2], np.nan_to_num(of_class[..., 2], nan=1.0) >= MIN_KEYPOINT_CONFIDENCE
        shown = sv.KeyPoints(xy=np.nan_to_num(xy), visible=is_confident & np.isfinite(xy).all(axis=2))
        color = sv.Color.from_bgr_tuple(_bgr(colors, name))
        if edges:
            sv.EdgeAnnotator(color=color, thickness=thickness, edges=edges).annotate(canvas, shown)
        sv.VertexAnnotator(color=sv.Color.WHITE, radius=thickness + 2).annotate(canvas, shown)
        sv.VertexAnnotator(color=color, radius=thickness + 1).annotate(canvas, shown)


def skeleton(keypoints: int) -> Sequence[tuple[int, int]]:
    """The pairs of keypoints that are joined, numbered from 1, for objects with this number of them."""
    if keypoints != len(COCO_KEYPOINTS):
        return ()
    pairs: Sequence[tuple[int, int]] = supervision().key_points.skeletons.SKELETONS_BY_VERTEX_COUNT.get(keypoints, ())
    return pairs


def gaze_arrows(xyxy: npt.NDArray[Any], gaze: npt.NDArray[np.float64]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Start and end (n, 2) in pixels of the arrows of faces in boxes (n, 4)."""
    yaw, pitch = gaze.T
    length_px = 1.5 * (xyxy[:, 2] - xyxy[:, 0])
    start = (xyxy[:, :2] + xyxy[:, 2:]) / 2
    return start, start - np.column_stack([length_px * np.sin(yaw) * np.cos(pitch), length_px * np.sin(pitch)])


def _draw_gaze(canvas: Image, scene: Scene, colors: Mapping[str, str]) -> None:
    """Draw an arrow from the center of each face: to the left for yaw above 0, up for pitch above 0."""
    if scene.gaze is None or not len(scene.xyxy):
        return
    start, end = gaze_arrows(scene.xyxy, scene.gaze)
    for name, a, b in zip(scene.class_names, start, end, strict=True):
        if not np.isfinite(b).all():
            continue
        ends = tuple(np.rint(a).astype(int).tolist()), tuple(np.rint(b).astype(int).tolist())
        thickness = _thickness(canvas)
        cv2.circle(canvas, ends[0], thickness * 2, _bgr(colors, name), -1, cv2.LINE_AA)
        cv2.arrowedLine(canvas, *ends, (255, 255, 255), thickness * 2 + 2, cv2.LINE_AA, tipLength=0.25)
        cv2.arrowedLine(canvas, *ends, _bgr(colors, name), thickness * 2, cv2.LINE_AA, tipLength=0.25)


def _fill_mask(canvas: Image, mask: npt.NDArray[np.uint8], names: Mapping[int, str], colors: Mapping[str, str]) -> None:
    palette, shown = np.zeros((256, 3), np.uint8), np.zeros(256, np.uint8)
    for number, name in drawn_classes(names):
        palette[number], shown[number] = _bgr(colors, name), 255
    ids = cv2.resize(mask, (canvas.shape[1], canvas.shape[0]), interpolation=cv2.INTER_NEAREST)
    blended = cv2.addWeighted(palette[ids], FILL, canvas, 1 - FILL, 0)
    cv2.copyTo(blended, shown[ids], canvas)


def drawn_classes(names: Mapping[int, str]) -> list[tuple[int, str]]:
    """Id and name of the classes of a mask that are drawn: all but the background."""
    return [(number, name) for number, name in names.items() if number < 256 and name.lower() != "background"]


def _legend(scene: Scene) -> list[tuple[str, float]]:
    """Class names of the mask and their area shares, largest first."""
    if scene.mask is None:
        return []
    pixels = np.bincount(scene.mask.ravel(), minlength=256)
    shares: dict[str, float] = {}
    for number, name in drawn_classes(scene.mask_names or {}):
        shares[name] = shares.get(name, 0.0) + float(pixels[number]) / scene.mask.size
    return sorted(((name, share) for name, share in shares.items() if share), key=lambda row: -row[1])[
        :_MAX_LEGEND_ROWS
    ]


def _draw_banner(canvas: Image, rows: Sequence[tuple[str, float]], colors: Mapping[str, str]) -> None:
    """Write the rows into the upper left corner, each on the color of its class."""
    style = TextStyle(_text_scale(canvas) * 1.2, max(_thickness(canvas) // 2, 1))
    pad_px = max(round(8 * style.scale), 4)
    top = pad_px
    for name, share in rows:
        row = plate((name, f"{share:.1%}"), style, pad_px)
        row.draw(canvas, pad_px, top, _bgr(colors, name))
        top += row.wh[1] + max(pad_px // 3, 1)


def _draw_note(canvas: Image, note: str) -> None:
    style = TextStyle(_text_scale(canvas), max(_thickness(canvas) // 2, 1))
    row = plate((note,), style, max(round(8 * style.scale), 4))
    row.draw(canvas, 0, max(canvas.shape[0] - row.wh[1], 0), _NOTE_BGR)
