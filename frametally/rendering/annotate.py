"""Drawing what a model saw on a frame, with supervision: one `Scene`, whatever the model's kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import supervision as sv
from supervision.key_points.skeletons import SKELETONS_BY_VERTEX_COUNT

from frametally.coco import COCO_PERSON
from frametally.video.decoding import Image

Floats = npt.NDArray[np.float32]

FILL: Final = 0.45
"""How much of a filled area is its color, the rest being the picture."""
SURE_KEYPOINT: Final = 0.3
"""Confidence from which a keypoint is drawn: those below lie anywhere."""
MAX_ENLARGED_PX: Final = 4096
"""The longer side of a picture that was enlarged."""
_FAR_PX = 1 << 15
"""Nothing is drawn farther from the corner: OpenCV takes no numbers of any size."""
_OTHER_COLOR = "#7f8c8d"
_LEGEND_ROWS = 8


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What there is to draw; boxes, names, confidences, outlines, keypoints and gaze run in parallel."""

    wh: tuple[float, float] | None = None
    """Width and height of the picture that coordinates refer to; None: the one drawn on."""
    xyxy: Floats
    """(n, 4) corners in pixels."""
    class_names: Sequence[str]
    confidence: npt.NDArray[np.float64]
    """(n,) 0 to 1."""
    polygons: Sequence[Floats] = ()
    """Outlines in pixels, (k, 2) each; (0, 2) where a box has none."""
    keypoints: Floats | None = None
    """(n, k, 3) x, y in pixels and confidence; NaN where unknown."""
    gaze: npt.NDArray[np.float64] | None = None
    """(n, 2) yaw and pitch in radians, of the face in each box."""
    mask: npt.NDArray[np.uint8] | None = None
    """(h, w) class id of each pixel; its size may differ from the picture's."""
    mask_names: Mapping[int, str] | None = None
    """The class names by id; ids without one are background."""
    banner: Sequence[tuple[str, float]] = ()
    """What holds for the whole picture: class name and probability, the likeliest first."""

    @classmethod
    def empty(cls) -> Scene:
        return cls(xyxy=np.zeros((0, 4), np.float32), class_names=(), confidence=np.zeros(0))


def draw(image: Image, scene: Scene, colors: Mapping[str, str], *, min_width_px: int = 0) -> Image:
    """A new picture with the scene on it.

    Args:
        image: (height_px, width_px, 3) BGR; stays as it is.
        scene: what to draw; scaled where it refers to another size. A place that is not finite is left out.
        colors: hex color by class name; gray where there is none.
        min_width_px: enlarge smaller pictures first, so that labels can be read: by a whole factor, and not beyond
            `MAX_ENLARGED_PX`.
    """
    native_wh = (image.shape[1], image.shape[0])
    factor = max(min(math.ceil(min_width_px / native_wh[0]), MAX_ENLARGED_PX // max(native_wh)), 1)
    canvas = image.copy() if factor == 1 else _enlarged(image, factor)
    wh = scene.wh or native_wh
    scene = _in_reach(scene, canvas.shape[1] / wh[0], canvas.shape[0] / wh[1])
    if scene.mask is not None:
        _fill_mask(canvas, scene.mask, scene.mask_names or {}, colors)
    if len(scene.polygons):
        _fill_polygons(canvas, scene, colors)
    if len(scene.xyxy):
        _draw_boxes(canvas, scene, colors)
    if scene.keypoints is not None:
        _draw_keypoints(canvas, scene, colors)
    if scene.gaze is not None:
        _draw_gaze(canvas, scene, colors)
    rows = list(scene.banner) or _legend(scene)
    if rows:
        _draw_banner(canvas, rows, colors)
    return canvas


def annotate(
    image: Image,
    xyxy: Floats,
    class_names: Sequence[str],
    confidence: npt.NDArray[np.float64],
    colors: Mapping[str, str],
) -> Image:
    """A copy of the frame with a box and a label for each detection; see `draw`."""
    return draw(image, Scene(xyxy=xyxy, class_names=class_names, confidence=confidence), colors)


def to_jpeg(image: Image, quality: int = 90) -> bytes:
    """The picture as a JPEG file."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def to_png(image: Image) -> bytes:
    """The picture as a PNG file."""
    _, data = cv2.imencode(".png", image)
    return data.tobytes()


def _enlarged(image: Image, factor: int) -> Image:
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor), dtype=np.uint8)


def _in_reach(scene: Scene, x: float, y: float) -> Scene:
    """The scene scaled to the picture; NaN, and no outline, where a place is not finite."""
    scale = np.array([x, y])
    boxes = _places(scene.xyxy.reshape(-1, 2, 2), scale).reshape(-1, 4)
    boxes[np.isnan(boxes).any(axis=1)] = np.nan
    points = None if scene.keypoints is None else scene.keypoints.copy()
    if points is not None:
        points[..., :2] = _places(points[..., :2], scale)
    return replace(
        scene,
        xyxy=boxes,
        polygons=_outlines_in_reach(scene.polygons, scale) if len(scene.polygons) else (),
        keypoints=points,
        gaze=None if scene.gaze is None else np.where(np.isfinite(scene.gaze), scene.gaze, np.nan),
    )


def _outlines_in_reach(polygons: Sequence[Floats], scale: npt.NDArray[np.float64]) -> list[Floats]:
    ends = np.cumsum([len(outline) for outline in polygons])[:-1]
    outlines = np.split(_places(np.concatenate(polygons), scale), ends)
    return [outline[:0] if np.isnan(outline).any() else outline for outline in outlines]


def _places(xy: Floats, scale: npt.NDArray[np.float64]) -> Floats:
    """(…, 2) points scaled, moved into reach where they lie far outside; NaN where one is not finite."""
    finite = np.where(np.isfinite(xy), xy, np.nan)
    return np.clip(finite * scale, -_FAR_PX, _FAR_PX).astype(np.float32)


def _bgr(colors: Mapping[str, str], name: str) -> tuple[int, int, int]:
    color = colors.get(name, _OTHER_COLOR)
    return int(color[5:7], 16), int(color[3:5], 16), int(color[1:3], 16)


def _ink_on(bgr: tuple[int, int, int]) -> tuple[int, int, int]:
    """Black or white, whichever stands out more: relative luminance as in WCAG 2.2."""
    blue, green, red = (value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in bgr)
    return (0, 0, 0) if 0.0722 * blue + 0.7152 * green + 0.2126 * red > 0.179 else (255, 255, 255)


def _text_scale(canvas: Image) -> float:
    return max(sv.calculate_optimal_text_scale((canvas.shape[1], canvas.shape[0])), 0.4)


def _thickness(canvas: Image) -> int:
    return int(sv.calculate_optimal_line_thickness((canvas.shape[1], canvas.shape[0])))


def _draw_boxes(canvas: Image, scene: Scene, colors: Mapping[str, str]) -> None:
    names = sorted(set(scene.class_names))
    order = np.argsort(scene.confidence, kind="stable")  # of labels that overlap, the surest stays readable
    order = order[_touching(scene.xyxy[order], canvas)]
    if not len(order):
        return
    detections = sv.Detections(
        xyxy=scene.xyxy[order].astype(np.float32),
        confidence=scene.confidence[order],
        class_id=np.array([names.index(scene.class_names[at]) for at in order]),
    )
    palette = sv.ColorPalette.from_hex([colors.get(name, _OTHER_COLOR) for name in names])
    inks = sv.ColorPalette([sv.Color.from_bgr_tuple(_ink_on(_bgr(colors, name))) for name in names])
    thickness, scale = _thickness(canvas), _text_scale(canvas)
    sv.BoxAnnotator(color=palette, thickness=thickness).annotate(canvas, detections)
    labels = [f"{scene.class_names[at]} {scene.confidence[at]:.2f}" for at in order]
    weight, padding = max(thickness // 2, 1), max(round(8 * scale), 3)
    labeller = sv.LabelAnnotator(
        color=palette, text_color=inks, text_scale=scale, text_thickness=weight, text_padding=padding
    )
    room = [cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, scale, weight)[0] for label in labels]
    detections.xyxy = _labels_inside(scene.xyxy[order].astype(np.float32), np.array(room) + 2 * padding, canvas)
    labeller.annotate(canvas, detections, labels=labels)


def _touching(xyxy: Floats, canvas: Image) -> npt.NDArray[np.bool_]:
    """(n,) whether some of a box lies in the picture."""
    first, last = np.minimum(xyxy[:, :2], xyxy[:, 2:]), np.maximum(xyxy[:, :2], xyxy[:, 2:])
    return np.asarray(((first < canvas.shape[1::-1]) & (last >= 0)).all(axis=1))


def _labels_inside(xyxy: Floats, room_wh: npt.NDArray[np.int_], canvas: Image) -> Floats:
    """Boxes to hang the labels on: where one would leave the picture at the top, right or left, it is moved in."""
    moved = xyxy.copy()
    moved[:, 1] = np.clip(xyxy[:, 1], room_wh[:, 1], canvas.shape[0])
    moved[:, 0] = np.clip(xyxy[:, 0], 0, np.maximum(canvas.shape[1] - room_wh[:, 0], 0))
    return moved


def _fill_polygons(canvas: Image, scene: Scene, colors: Mapping[str, str]) -> None:
    """Every outline filled, and the whole region blended once."""
    outlines = [(np.rint(outline).astype(np.int32), name) for outline, name in _with_names(scene) if len(outline) > 2]
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
        cv2.fillPoly(filled, [outline - (left, top)], _bgr(colors, name))
    canvas[top:bottom, left:right] = cv2.addWeighted(filled, FILL, region, 1 - FILL, 0)
    for outline, name in outlines:
        cv2.polylines(canvas, [outline], True, _bgr(colors, name), max(_thickness(canvas) // 2, 1), cv2.LINE_AA)


def _with_names(scene: Scene) -> list[tuple[Floats, str]]:
    """The outlines with their classes, the larger boxes first, so that what lies in front stays visible."""
    sides = scene.xyxy[:, 2:] - scene.xyxy[:, :2]
    order = np.argsort(-sides.prod(axis=1), kind="stable")
    return [(scene.polygons[at], scene.class_names[at]) for at in order]


def _draw_keypoints(canvas: Image, scene: Scene, colors: Mapping[str, str]) -> None:
    points = np.zeros((0, 0, 3), np.float32) if scene.keypoints is None else scene.keypoints
    thickness = _thickness(canvas)
    edges = SKELETONS_BY_VERTEX_COUNT.get(points.shape[1], ()) if points.shape[1] == len(COCO_PERSON) else ()
    for name in sorted(set(scene.class_names)):
        of_class = points[[at for at, other in enumerate(scene.class_names) if other == name]]
        xy, sure = of_class[..., :2], np.nan_to_num(of_class[..., 2], nan=1.0) >= SURE_KEYPOINT
        shown = sv.KeyPoints(xy=np.nan_to_num(xy), visible=sure & np.isfinite(xy).all(axis=2))
        color = sv.Color.from_bgr_tuple(_bgr(colors, name))
        if edges:
            sv.EdgeAnnotator(color=color, thickness=thickness, edges=edges).annotate(canvas, shown)
        sv.VertexAnnotator(color=sv.Color.WHITE, radius=thickness + 2).annotate(canvas, shown)
        sv.VertexAnnotator(color=color, radius=thickness + 1).annotate(canvas, shown)


def _draw_gaze(canvas: Image, scene: Scene, colors: Mapping[str, str]) -> None:
    """An arrow from the middle of each face: to the left of the picture for yaw above 0, up for pitch above 0."""
    if scene.gaze is None or not len(scene.xyxy):
        return
    yaw, pitch = scene.gaze.T
    length_px = 1.5 * (scene.xyxy[:, 2] - scene.xyxy[:, 0])
    start = (scene.xyxy[:, :2] + scene.xyxy[:, 2:]) / 2
    end = start - np.column_stack([length_px * np.sin(yaw) * np.cos(pitch), length_px * np.sin(pitch)])
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
    for number, name in _areas(names):
        palette[number], shown[number] = _bgr(colors, name), 255
    ids = cv2.resize(mask, (canvas.shape[1], canvas.shape[0]), interpolation=cv2.INTER_NEAREST)
    blended = cv2.addWeighted(palette[ids], FILL, canvas, 1 - FILL, 0)
    cv2.copyTo(blended, shown[ids], canvas)


def _areas(names: Mapping[int, str]) -> list[tuple[int, str]]:
    return [(number, name) for number, name in names.items() if number < 256 and name.lower() != "background"]


def _legend(scene: Scene) -> list[tuple[str, float]]:
    """Class names of the mask and their share of the picture, the largest first."""
    if scene.mask is None:
        return []
    pixels = np.bincount(scene.mask.ravel(), minlength=256)
    shares: dict[str, float] = {}
    for number, name in _areas(scene.mask_names or {}):
        shares[name] = shares.get(name, 0.0) + float(pixels[number]) / scene.mask.size
    return sorted(((name, share) for name, share in shares.items() if share), key=lambda row: -row[1])[:_LEGEND_ROWS]


def _draw_banner(canvas: Image, rows: Sequence[tuple[str, float]], colors: Mapping[str, str]) -> None:
    """A line for each row in the upper left corner, on the color of its class."""
    scale, weight = _text_scale(canvas) * 1.2, max(_thickness(canvas) // 2, 1)
    pad = max(round(10 * scale), 4)
    top = left = pad
    for name, share in rows:
        color = _bgr(colors, name)
        text = f"{name} {share:.1%}"
        (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, weight)
        bottom = top + height + below + pad
        cv2.rectangle(canvas, (left, top), (left + width + 2 * pad, bottom), color, -1)
        place = (left + pad, bottom - below - pad // 2)
        cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, _ink_on(color), weight, cv2.LINE_AA)
        top = bottom + max(pad // 3, 1)
