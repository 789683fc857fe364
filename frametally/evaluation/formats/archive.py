"""Labels in a ZIP file, as CVAT, Roboflow, Label Studio and Frametally write them: unpacked within bounds.

Only texts are unpacked. Of pictures, the names are: a picture without a text is a labeled frame without objects.
"""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import IO, Final

from frametally.errors import EvaluationError
from frametally.evaluation.formats.limits import MAX_BYTES, MAX_FILES
from frametally.evaluation.formats.mot import mot_file

_TEXTS: Final = frozenset({".txt", ".json", ".xml", ".csv", ".yaml", ".yml", ".ini", ".names"})
_PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
_UNREADABLE: Final = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, EOFError, ValueError)
_NAMES_OF_CLASSES: Final = ("data.yaml", "data.yml", "classes.txt", "obj.names")
_NO_LABELS: Final = ("notes.json",)
"""What Label Studio writes about the classes of a YOLO dataset."""
_BLOCK_BYTES: Final = 1 << 18
_MAX_DEPTH: Final = 8
_MAX_FOLDERS: Final = 2_000
_MAX_NAME_BYTES: Final = 255


def unpack(path: Path, folder: Path) -> Path:
    """The file or folder with the labels, below the empty `folder`.

    Raises:
        EvaluationError: the archive cannot be read, is too large, or has no labels or several sets of them.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _unpack(archive, folder)
    except _UNREADABLE as error:
        raise EvaluationError(f"{path.name} cannot be unpacked.", "Use a ZIP file without a password.") from error
    except OSError as error:
        raise EvaluationError(f"{path.name} cannot be unpacked: {error.strerror}.", "Unpack it first.") from error
    return _labels_in(folder)


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    total = 0
    members = archive.infolist()
    if len(members) > MAX_FILES:
        raise EvaluationError(f"The archive has more than {MAX_FILES:,} files.", "Split the labels.")
    places = [(member, _place(member.filename)) for member in members if not member.is_dir()]
    if len({parent for _, place in places if place for parent in place.parents}) > _MAX_FOLDERS:
        raise EvaluationError(f"The archive has more than {_MAX_FOLDERS:,} folders.", "Use one for all labels.")
    for member, place in places:
        if place is None:
            continue
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if place.suffix.lower() in _PICTURES:
            target.touch()
        elif target.is_file():
            raise EvaluationError(f"The archive has two files {place.name} in one folder.", "Remove one of them.")
        else:
            with archive.open(member) as source:
                total += _copy(source, target, MAX_BYTES - total)


def _place(name: str) -> PurePosixPath | None:
    """Where a file goes; None for what is not read."""
    place = PurePosixPath(name.replace("\\", "/"))
    parts = place.parts
    is_inside = bool(parts) and not place.is_absolute() and ".." not in parts and len(parts) <= _MAX_DEPTH
    is_hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    is_short = all(len(part.encode(errors="replace")) <= _MAX_NAME_BYTES and part.isprintable() for part in parts)
    is_read = place.suffix.lower() in _TEXTS | _PICTURES
    return place if is_inside and not is_hidden and is_short and is_read else None


def _copy(source: IO[bytes], target: Path, max_bytes: int) -> int:
    """How many bytes were written; sizes that an archive states are not relied upon."""
    size = 0
    with target.open("wb") as file:
        while block := source.read(_BLOCK_BYTES):
            size += len(block)
            if size > max_bytes:
                raise EvaluationError(f"The labels have more than {MAX_BYTES >> 20} MiB.", "Split them.")
            file.write(block)
    return size


def _labels_in(folder: Path) -> Path:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if sequences := [path.parent.parent for path in files if path.parts[-2:] == ("gt", "gt.txt")]:
        return _only(sequences)
    if mot_file(folder):
        return folder
    for kind in (".xml", ".json"):
        if found := [path for path in files if path.suffix.lower() == kind and path.name not in _NO_LABELS]:
            named = [path for path in found if path.name.startswith("instances_")]
            return _only(named or found)
    if classes := [path.parent for path in files if path.name in _NAMES_OF_CLASSES]:
        top = min(classes, key=lambda path: len(path.parts))
        return _only([top, *sorted({path for path in classes if not path.is_relative_to(top)})])
    if tables := [path for path in files if path.suffix.lower() == ".csv"]:
        return _only(tables)
    raise EvaluationError("The archive has no labels that are known.", "Use COCO JSON, CVAT XML, MOT, YOLO or CSV.")


def _only(found: Iterable[Path]) -> Path:
    first, *others = found
    if others:
        names = ", ".join(path.name for path in (first, *others[:2]))
        raise EvaluationError(f"The archive has several sets of labels: {names}.", "Labels of one video are needed.")
    return first
