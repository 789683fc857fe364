"""Read labels from a file, a folder or a ZIP file, in the format that its content has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from frametally.errors import EvaluationError
from frametally.evaluation.formats.archive import unpack
from frametally.evaluation.formats.coco import read_coco
from frametally.evaluation.formats.counts import read_counts
from frametally.evaluation.formats.cvat_images import read_cvat_images
from frametally.evaluation.formats.cvat_video import read_cvat_video
from frametally.evaluation.formats.mot import mot_file, read_mot
from frametally.evaluation.formats.numbering import Numbering
from frametally.evaluation.formats.xml import elements_of
from frametally.evaluation.formats.yolo import read_yolo
from frametally.evaluation.truth import Truth

FORMATS: Final[dict[str, Callable[[Path, Numbering], Truth]]] = {
    "coco": read_coco,
    "mot": read_mot,
    "cvat-images": read_cvat_images,
    "cvat-video": read_cvat_video,
    "yolo": read_yolo,
    "counts": read_counts,
}
_ENDINGS: Final = {".json": "coco", ".txt": "mot", ".csv": "counts"}


def read_truth(path: Path, format_name: str | None = None, numbering: Numbering | None = None) -> Truth:
    """The labels in a file, a folder or a ZIP file.

    Args:
        path: of it.
        format_name: one of `FORMATS`; None: by its ending and content.
        numbering: what is known of the frame numbers.

    Raises:
        EvaluationError: they cannot be read.
    """
    if not path.exists():
        raise EvaluationError(f"There is no file or folder {path.name}.", "Check the path.")
    if path.is_file() and path.suffix.lower() == ".zip":
        with TemporaryDirectory() as folder:
            return read_truth(unpack(path, Path(folder)), format_name, numbering)
    return FORMATS[format_name or format_of(path)](path, numbering or Numbering())


def format_of(path: Path) -> str:
    """The format of a file or folder.

    Raises:
        EvaluationError: it is none of `FORMATS`.
    """
    if path.is_dir():
        return "mot" if mot_file(path) else "yolo"
    if path.suffix.lower() == ".xml":
        found = next((one.tag for one in elements_of(path, "annotations") if one.tag in ("track", "image")), "track")
        return "cvat-video" if found == "track" else "cvat-images"
    if path.suffix.lower() not in _ENDINGS:
        raise EvaluationError(f"The format of {path.name} is not known.", f"Use --format: {', '.join(FORMATS)}.")
    return _ENDINGS[path.suffix.lower()]
