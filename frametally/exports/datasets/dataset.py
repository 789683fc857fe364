"""Write a dataset: some pictures at a time, so that a long one takes no more memory than a short one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from frametally.analysis.view import Progress, View
from frametally.errors import ResultsError
from frametally.exports.coco_json import images_of
from frametally.exports.datasets.coco import CocoWriter
from frametally.exports.datasets.frames import DatasetFrame
from frametally.exports.datasets.pictures import jpeg, labeled_pictures
from frametally.exports.datasets.readme import Origin, info, readme
from frametally.exports.datasets.selection import Selection, Split
from frametally.exports.datasets.target import Target, open_target
from frametally.exports.datasets.yolo import YoloWriter
from frametally.exports.tables import check_boxes
from frametally.video.frame_reader import FrameReader

Form = Literal["coco", "yolo"]
MAX_FRAMES: Final = 2_000
_TOGETHER: Final = 32
_NONE: Final = {
    Split.CHECKED: ("No frame was checked for all of these classes.", "Check frames in the tab Audit of the job."),
    Split.PREDICTED: ("There is no frame of which the model is unsure.", "Choose a longer time range."),
}


def write_dataset(
    view: View,
    selection: Selection,
    reader: FrameReader,
    path: Path,
    form: Form,
    origin: Origin,
    progress: Progress | None = None,
) -> int:
    """Write the frames that can be decoded, with their boxes and a README.txt; returns their number.

    Args:
        view: names the classes.
        selection: which frames, and whose boxes.
        reader: of the video.
        path: of a ZIP file, or of a new folder.
        form: of the files.
        origin: for the README.
        progress: receives the share done.

    Raises:
        ResultsError: the results have no boxes, there are too many frames, or none.
        SettingsError: the folder exists already.
    """
    check_boxes(view)
    if not len(selection.entries):
        raise ResultsError(*_NONE[selection.split])
    if len(selection.entries) > MAX_FRAMES:
        raise ResultsError(f"At most {MAX_FRAMES:,} frames can be exported at once.", "Choose a shorter time range.")
    with open_target(path) as target, TemporaryDirectory(dir=path.parent) as scratch:
        writer = _writer(view, selection, target, Path(scratch), form, origin)
        left_out, written = 0, 0
        for frames, omitted in _batches(view, selection, reader, Path(scratch), origin.video_name):
            writer.add(frames)
            left_out, written = left_out + omitted, written + len(frames)
            if progress:
                progress(written / len(selection.entries))
        if not written:
            raise ResultsError("None of these frames can be decoded.", "Choose another time range.")
        writer.finish()
        notes = [*selection.notes, *_notes(left_out, len(selection.entries) - written)]
        text = Path(scratch) / "README.txt"
        text.write_text(readme(view, selection, origin, form, written, notes), encoding="utf-8", errors="replace")
        target.add(text, text.name)
    return written


def _writer(
    view: View, selection: Selection, target: Target, scratch: Path, form: Form, origin: Origin
) -> CocoWriter | YoloWriter:
    if form == "coco":
        return CocoWriter(target, scratch, selection.split, view.names, info(view, selection, origin))
    return YoloWriter(target, scratch, selection.split, view.names)


def _batches(
    view: View, selection: Selection, reader: FrameReader, scratch: Path, video_name: str
) -> Iterator[tuple[list[DatasetFrame], int]]:
    """Some frames with their pictures in files, and how many boxes of them are left out."""
    names = images_of(view, video_name, selection.entries.tolist())
    frames, left_out = list[DatasetFrame](), 0
    for entry, image, boxes, omitted in labeled_pictures(view, selection, reader):
        path = scratch / names[entry]
        path.write_bytes(jpeg(image))
        frame_index, time_s = int(view.results.frame_index[entry]), float(view.results.time_s[entry])
        frames.append(DatasetFrame(path, frame_index, time_s, boxes))
        left_out += omitted
        if len(frames) == _TOGETHER:
            yield frames, left_out
            frames, left_out = [], 0
    if frames:
        yield frames, left_out


def _notes(boxes: int, frames: int) -> Iterator[str]:
    if boxes:
        yield f"Boxes outside the picture, or without an area, left out: {boxes:,}."
    if frames:
        yield f"Frames that cannot be decoded, left out: {frames:,}."
