"""Labels kept beside the results of a job: as arrays, so that the file of the person is read only once.

    results/<job>/labels.truth     an NPZ with the arrays of `Truth`; `head` has the rest as JSON

The file is included in backups and object storage, removed with the job, and stays when results are read again.
"""

from __future__ import annotations

import io
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct

from frametally.errors import EvaluationError
from frametally.evaluation.truth import Truth, TruthBoxes
from frametally.results.archive import TRUTH_NAME
from frametally.storage.atomic import atomic_path
from frametally.storage.cached_files import latest, put_changed, removed

_ARRAYS: Final = ("frames", "counts", "image_wh")
_UNREADABLE: Final = (
    *(ValueError, KeyError, OSError, EOFError, RuntimeError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError, msgspec.MsgspecError),
)
_BOXES: Final = ("at", "class_code", "xyxy", "ignored")


class KeptFile(Struct, frozen=True):
    """What is known of the file that a person chose."""

    name: str
    kept_at: datetime
    """Together with the other fields, this tells these labels from all others."""
    actor: str | None
    """None without a sign-in."""
    video_sha256: str = ""
    """Of the video that the labels are of; empty if it is not stored here."""


class _Head(Struct, frozen=True):
    file: KeptFile
    format: str
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def keep_truth(results: Path, truth: Truth, file: KeptFile) -> None:
    """Keep the labels in the folder of the results, instead of earlier ones.

    Raises:
        EvaluationError: the results no longer exist.
        DiskFull: there is no room.
        StoreUnavailable: the object storage does not take them; the earlier ones stay.
    """
    content, path = truth_bytes(truth, file), results / TRUTH_NAME
    try:
        with atomic_path(path) as draft:
            draft.write_bytes(content)
            put_changed(path, content)
    except FileNotFoundError as error:
        raise EvaluationError("These results no longer exist.", "Run the job again.") from error


def remove_truth(results: Path) -> None:
    """Remove the labels, if there are any.

    Raises:
        StoreUnavailable: they could not be removed from the object storage.
    """
    removed(results / TRUTH_NAME).unlink(missing_ok=True)


def kept_file(results: Path) -> KeptFile | None:
    """What is known of the labels of these results; None if there are none, or if they are damaged."""
    try:
        with (results / TRUTH_NAME).open("rb") as file, np.load(file) as arrays:
            return _head_of(arrays).file
    except _UNREADABLE:
        return None


def kept_truth(results: Path) -> tuple[Truth, KeptFile] | None:
    """The labels of these results; None if there are none.

    Raises:
        EvaluationError: they are damaged.
    """
    try:
        content = latest(results / TRUTH_NAME).read_bytes()
    except FileNotFoundError:
        return None
    try:
        return truth_of(content)
    except _UNREADABLE as error:
        raise EvaluationError("The labels that were kept are damaged.", "Choose the file again.") from error


def truth_bytes(truth: Truth, file: KeptFile) -> bytes:
    """The content of the file."""
    head = msgspec.json.encode(_Head(file, truth.format, truth.classes, truth.notes))
    arrays: dict[str, Any] = {name: getattr(truth, name) for name in _ARRAYS}
    if truth.times_s is not None:
        arrays["times_s"] = truth.times_s
    if truth.boxes is not None:
        arrays |= {f"boxes_{name}": getattr(truth.boxes, name) for name in _BOXES}
    target = io.BytesIO()
    np.savez_compressed(target, head=np.frombuffer(head, dtype=np.uint8), **arrays)
    return target.getvalue()


def truth_of(content: bytes) -> tuple[Truth, KeptFile]:
    """The inverse of `truth_bytes`."""
    with np.load(io.BytesIO(content)) as arrays:
        head = _head_of(arrays)
        truth = Truth(
            format=head.format,
            classes=head.classes,
            times_s=arrays.get("times_s"),
            boxes=None,
            notes=head.notes,
            **{name: arrays[name] for name in _ARRAYS},
        )
        if "boxes_at" in arrays:
            truth = replace(truth, boxes=TruthBoxes(**{name: arrays[f"boxes_{name}"] for name in _BOXES}))
    return truth, head.file


def _head_of(arrays: Mapping[str, Any]) -> _Head:
    return msgspec.json.decode(arrays["head"].tobytes(), type=_Head)
