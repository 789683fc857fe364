"""Export frames for labelling: a ZIP with the pictures and the boxes of the view as COCO JSON.

`images/*.jpg` and `annotations/instances_default.json`, the layout that CVAT and FiftyOne import. The pictures are
those that the model saw, in the size that its coordinates refer to.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import cv2
import numpy as np

from frametally.analysis.unturned import is_unturned
from frametally.analysis.view import Progress, View
from frametally.errors import ResultsError
from frametally.exports.coco_json import images_of, write_coco
from frametally.exports.tables import check_boxes
from frametally.storage.atomic import atomic_path
from frametally.video.decoding import Image, upright
from frametally.video.frame_reader import FrameReader
from frametally.video.orientation import orientation_of

MAX_FRAMES: Final = 2_000
_JPEG_QUALITY: Final = 95


def write_labelling(
    view: View,
    entries: Sequence[int],
    reader: FrameReader,
    path: Path,
    video_name: str,
    progress: Progress | None = None,
) -> int:
    """Write the analyzed ones of these entries whose frame can be decoded; returns their number.

    Args:
        view: whose boxes are written.
        entries: of the results, in any order; each is written once.
        reader: of the video.
        path: of the ZIP.
        video_name: for the names of images.
        progress: receives the share done.

    Raises:
        ResultsError: the results have no boxes, there are too many frames, or none can be decoded.
    """
    check_boxes(view)
    wanted = sorted({entry for entry in entries if view.table.analyzed[entry]})
    if len(wanted) > MAX_FRAMES:
        raise ResultsError(f"At most {MAX_FRAMES:,} frames can be exported at once.", "Choose fewer moments.")
    names = images_of(view, video_name, wanted)
    written: list[int] = []
    with (
        atomic_path(path) as draft,
        TemporaryDirectory(dir=path.parent) as scratch,
        zipfile.ZipFile(draft, "w", zipfile.ZIP_STORED) as archive,
    ):
        for entry, picture in _pictures(view, wanted, reader):
            archive.writestr(f"images/{names[entry]}", _jpeg(picture))
            written.append(entry)
            if progress:
                progress(len(written) / len(wanted))
        if not written:
            raise ResultsError("None of these frames can be decoded.", "Choose other moments.")
        coco = Path(scratch) / "coco.json"
        write_coco(view, coco, video_name, entries=sorted(written))
        archive.write(coco, "annotations/instances_default.json")
    return len(written)


def _pictures(view: View, entries: Sequence[int], reader: FrameReader) -> Iterator[tuple[int, Image]]:
    """(entry, picture that the model saw) of each entry whose frame can be decoded."""
    of_frame: dict[int, list[int]] = {}
    for entry in entries:
        of_frame.setdefault(int(view.results.frame_index[entry]), []).append(entry)
    for position, frame in reader.frames(of_frame):
        for entry in of_frame[position]:
            yield entry, _picture(view, entry, frame)


def _picture(view: View, entry: int, frame: Any) -> Image:
    width, height = (float(side) for side in view.table.image_wh[entry])
    is_known = width > 0 and height > 0 and np.isfinite(width) and np.isfinite(height)
    orientation = orientation_of(frame)
    upright_wh = orientation.size(frame.width, frame.height)
    if is_unturned((width, height) if is_known else None, upright_wh, orientation):
        image: Image = frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
    else:
        image = upright(frame)
    size = (round(width), round(height)) if is_known else image.shape[1::-1]
    if size == image.shape[1::-1]:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _jpeg(image: Image) -> bytes:
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return bytes(data.tobytes())
