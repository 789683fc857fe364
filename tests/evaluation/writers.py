"""Write labels as the tools of each format do; independent of the readers.

Labels are boxes by frame of the video, of which every `step`th from `start` on is labeled, some without objects.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

Box = tuple[float, float, float, float]
NAMES = ("car", 'dog "é" <&>')
WH = (640, 360)


@dataclass(frozen=True)
class Labels:
    start: int
    step: int
    boxes: tuple[tuple[tuple[int, Box], ...], ...]
    """Class and corners of the boxes of each labeled frame."""

    @property
    def frames(self) -> list[int]:
        return [self.start + at * self.step for at in range(len(self.boxes))]

    @property
    def by_frame(self) -> dict[int, list[tuple[str, Box]]]:
        rows = zip(self.frames, self.boxes, strict=True)
        return {frame: sorted((NAMES[code], box) for code, box in row) for frame, row in rows}


def write_coco(labels: Labels, folder: Path) -> Path:
    """As CVAT's "COCO 1.0": images are called frame_000030.PNG; ids are arbitrary."""
    images, annotations = list[Any](), list[Any]()
    for frame, row in zip(labels.frames, labels.boxes, strict=True):
        name = f"frame_{frame:06d}.PNG"
        images.append({"id": 7 * frame + 3, "width": WH[0], "height": WH[1], "file_name": name, "license": 0})
        for code, (left, top, right, bottom) in row:
            bbox = [left, top, right - left, bottom - top]
            fixed = {"id": len(annotations) + 1, "segmentation": [], "area": bbox[2] * bbox[3], "iscrowd": 0}
            annotations.append({**fixed, "image_id": 7 * frame + 3, "category_id": code + 1, "bbox": bbox})
    categories = [{"id": at, "name": name, "supercategory": ""} for at, name in enumerate(NAMES, start=1)]
    path = folder / "instances_default.json"
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path


def write_mot(labels: Labels, folder: Path) -> Path:
    """As CVAT's "MOT 1.1": frames from 1, gt/gt.txt with a labels.txt; `step` cannot be written."""
    target = folder / "gt"
    target.mkdir()
    (target / "labels.txt").write_text("\n".join(NAMES) + "\n")
    lines = list[str]()
    for frame, row in zip(labels.frames, labels.boxes, strict=True):
        for code, (left, top, right, bottom) in row:
            lines.append(f"{frame + 1},{len(lines)},{left},{top},{right - left},{bottom - top},1,{code + 1},1.0")
    (target / "gt.txt").write_text("\n".join(lines))
    sizes = f"imWidth={WH[0]}\nimHeight={WH[1]}"
    (target.parent / "seqinfo.ini").write_text(f"[Sequence]\nname=x\nseqLength={labels.frames[-1] + 1}\n{sizes}\n")
    return folder


def write_cvat_images(labels: Labels, folder: Path) -> Path:
    """As "CVAT for images 1.1" of a task on a video."""
    parts = list[str]()
    for frame, row in zip(labels.frames, labels.boxes, strict=True):
        parts.append(f'<image id="{frame}" name="frame_{frame:06d}" width="{WH[0]}" height="{WH[1]}">')
        parts += [
            f'<box label={quoteattr(NAMES[code])} source="manual" occluded="0" {_corners(box)} z_order="0"></box>'
            for code, box in row
        ]
        parts.append("</image>")
    return _written(folder, _meta(labels, "annotation") + "".join(parts))


def write_cvat_video(labels: Labels, folder: Path) -> Path:
    """As "CVAT for video 1.1": shapes of single frames as tracks that are outside in the next frame of the task."""
    parts = list[str]()
    for at, (frame, row) in enumerate(zip(labels.frames, labels.boxes, strict=True)):
        for code, box in row:
            parts.append(
                f'<track id="{len(parts)}" label={quoteattr(NAMES[code])} source="manual">{_keyframe(frame, box)}'
            )
            after = _keyframe(frame + labels.step, box, outside=True) if at + 1 < len(labels.boxes) else ""
            parts.append(f"{after}</track>")
    return _written(folder, _meta(labels, "interpolation") + "".join(parts))


def write_yolo(labels: Labels, folder: Path) -> Path:
    """As Ultralytics: images and labels side by side; pictures without objects have no text."""
    (folder / "labels").mkdir()
    (folder / "images").mkdir()
    lines = "\n".join(f"  {at}: {json.dumps(name)}" for at, name in enumerate(NAMES))
    (folder / "data.yaml").write_text(f"path: .\ntrain: images\nnames:\n{lines}\n")
    for frame, row in zip(labels.frames, labels.boxes, strict=True):
        (folder / "images" / f"clip_{frame:06d}.jpg").touch()
        if row:
            text = "\n".join(f"{code} {_shares(box)}" for code, box in row)
            (folder / "labels" / f"clip_{frame:06d}.txt").write_text(text)
    return folder


def _shares(box: Box) -> str:
    left, top, right, bottom = box
    values = ((left + right) / 2 / WH[0], (top + bottom) / 2 / WH[1], (right - left) / WH[0], (bottom - top) / WH[1])
    return " ".join(f"{value:.9f}" for value in values)


def _corners(box: Box) -> str:
    return " ".join(f'{name}="{value:.2f}"' for name, value in zip(("xtl", "ytl", "xbr", "ybr"), box, strict=True))


def _keyframe(frame: int, box: Box, *, outside: bool = False) -> str:
    return f'<box frame="{frame}" outside="{outside:d}" occluded="0" keyframe="1" {_corners(box)} z_order="0"></box>'


def _meta(labels: Labels, mode: str) -> str:
    names = "".join(f"<label><name>{_text(name)}</name><attributes></attributes></label>" for name in NAMES)
    step = f"step={labels.step}" if labels.step > 1 else ""
    return (
        f"<version>1.1</version><meta><task><id>1</id><size>{len(labels.boxes)}</size><mode>{mode}</mode>"
        f"<start_frame>{labels.start}</start_frame><stop_frame>{labels.frames[-1]}</stop_frame>"
        f"<frame_filter>{step}</frame_filter><labels>{names}</labels>"
        f"<original_size><width>{WH[0]}</width><height>{WH[1]}</height></original_size></task></meta>"
    )


def _text(name: str) -> str:
    return name.replace("&", "&amp;").replace("<", "&lt;")


def _written(folder: Path, content: str) -> Path:
    path = folder / "annotations.xml"
    path.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<annotations>{content}</annotations>', encoding="utf-8")
    return path
