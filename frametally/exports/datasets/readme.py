"""README.txt of a dataset: what is in it, of which video and model, and how to import it."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from frametally.analysis.view import View
from frametally.config.version import version
from frametally.exports.datasets.names import one_line
from frametally.exports.datasets.selection import Selection, Split

_WHOSE: Final = {
    Split.CHECKED: "CHECKED BY PEOPLE: every object of these classes that a person has seen in these frames.",
    Split.PREDICTED: "PREDICTIONS of a model, which no person has checked. Correct them before you train with them.",
}
_COCO: Final = """\
annotations/instances_{split}.json        the boxes, as COCO JSON
images/{split}/                           the pictures
images/{split}/_annotations.coco.json     the same boxes, where Roboflow looks for them
"""
_COCO_SCORE: Final = "Each box has its confidence as `score`.\n"
_YOLO: Final = """\
data.yaml               names of the classes
{split}/images/         the pictures
{split}/labels/         a text for each picture: class, center x, center y, width, height, in shares of the picture
{split}/classes.txt     names of the classes, as Label Studio reads them
"""
_COCO_IMPORT: Final = """\
CVAT: open a project, choose Actions, Import dataset, COCO 1.0, and this archive.
Label Studio: label-studio-converter import coco -i annotations/instances_{split}.json --out-type {ls}
Roboflow: upload this folder, or workspace.upload_dataset("FOLDER", "PROJECT", is_prediction={rf}).
Frametally: frametally evaluate RESULTS --truth annotations/instances_{split}.json
"""
_YOLO_IMPORT: Final = """\
CVAT: open a project, choose Actions, Import dataset, Ultralytics YOLO Detection 1.0, and this archive.
Label Studio: label-studio-converter import yolo -i {split} --out-type {ls}
Roboflow: upload this folder, or workspace.upload_dataset("FOLDER", "PROJECT", is_prediction={rf}).
Ultralytics: data.yaml needs a line `val:` with other pictures before a model can be trained.
Frametally: frametally evaluate RESULTS --truth FOLDER
"""


class Origin(NamedTuple):
    """Where a dataset comes from."""

    video_name: str
    video_sha256: str
    made_at: datetime


def readme(view: View, selection: Selection, origin: Origin, form: str, frames: int, notes: list[str]) -> str:
    """The text; `frames`: how many are in the dataset, `form`: `coco` or `yolo`."""
    split = selection.split
    is_checked = split is Split.CHECKED
    files, steps = (_COCO, _COCO_IMPORT) if form == "coco" else (_YOLO, _YOLO_IMPORT)
    values = {"split": split, "ls": "annotations" if is_checked else "predictions", "rf": not is_checked}
    score = _COCO_SCORE if form == "coco" and not is_checked else ""
    parts = (
        ("Whose boxes", f"{_WHOSE[split]}\n{selection.how}\n" + "".join(f"{note}\n" for note in notes)),
        ("Files", files.format(**values) + score),
        ("Origin", "".join(f"{what}: {value}\n" for what, value in _facts(view, origin, frames))),
        ("Import", steps.format(**values)),
    )
    return f"Labels of {one_line(origin.video_name)}\n" + "".join(f"\n{title}\n\n{text}" for title, text in parts)


def info(view: View, selection: Selection, origin: Origin) -> dict[str, object]:
    """The same facts for a JSON."""
    return {
        "description": f"{selection.split} frames of {origin.video_name}",
        "split": str(selection.split),
        "model": view.model,
        "confidence": view.confidence,
        "time_range_s": view.time_range_s,
        "video": origin.video_name,
        "video_sha256": origin.video_sha256,
        "date_created": origin.made_at.isoformat(),
        "contributor": f"Frametally {version()}",
    }


def _facts(view: View, origin: Origin, frames: int) -> list[tuple[str, object]]:
    first_s, last_s = view.time_range_s or (0.0, 0.0)
    return [
        ("Video", one_line(origin.video_name)),
        ("Video (SHA-256)", origin.video_sha256),
        ("Pictures", f"{frames:,}, the frames that were analyzed, upright, in their own size, JPEG"),
        ("Model", one_line(view.model)),
        ("Min. confidence", f"{view.confidence:g}"),
        ("Time range", f"{first_s:g} to {last_s:g} s" if view.time_range_s else "the whole video"),
        ("Classes", ", ".join(one_line(name) for name in view.names)),
        ("Made", f"{origin.made_at:%Y-%m-%d %H:%M:%S} UTC by Frametally {version()}"),
    ]
