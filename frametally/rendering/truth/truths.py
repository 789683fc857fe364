"""The labels of the jobs of a deployment, compared with their views."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import Struct

from frametally.access.names import name_of
from frametally.access.permissions import Action, require
from frametally.access.person import Person, id_of
from frametally.analysis.view import View
from frametally.errors import EvaluationError, VideoError
from frametally.evaluation.evaluation import Compared, Evaluation, compare, evaluate_at
from frametally.evaluation.files.kept import KeptFile, keep_truth, kept_truth, remove_truth
from frametally.evaluation.files.process import Request, read_in_subprocess
from frametally.evaluation.formats.numbering import Numbering
from frametally.evaluation.truth import Truth
from frametally.evaluation.upright import Picture
from frametally.rendering.playback.sources import Source
from frametally.rendering.regions.reports.figures import Figure
from frametally.rendering.truth.figures import Counts, thresholds_figure
from frametally.video.frame_reader import FrameReader

MAX_STEP: Final = 1_000_000
_MAX_OPEN: Final = 2
_JOB_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


class TruthFile(Struct, frozen=True):
    """The labels that are kept."""

    name: str
    format: str
    frames: int
    classes: list[str]
    has_boxes: bool
    kept_at: datetime
    by: str
    """Empty without a sign-in."""


class Answer(Struct, frozen=True):
    """What the tab shows."""

    file: TruthFile | None
    """None: no labels were chosen."""
    failure: str = ""
    """Why the labels cannot be compared with the view."""
    evaluation: Evaluation | None = None
    worst_entries: list[int] = []
    """The entry of each of the worst seconds."""
    counts: dict[str, Figure] = {}
    """Charts over time, by class."""
    thresholds: Figure | None = None


class Truths:
    """Keeps what was compared of the most recently used views. Thread-safe."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        names: Callable[[], Mapping[str, str]],
        reader: Callable[[Path], FrameReader],
    ) -> None:
        """`names` of people by their id; `reader` opens a stored video."""
        self._clock, self._names, self._reader = clock, names, reader
        self._open: OrderedDict[object, Compared] = OrderedDict()
        self._reading = threading.Lock()
        self._comparing = threading.Lock()

    def keep(self, source: Source, path: Path, name: str, numbering: Numbering, *, actor: Person | None) -> None:
        """Read labels from the file of a person, and keep them for the job instead of earlier ones.

        Raises:
            AccessDenied: the person may not choose labels.
            EvaluationError: they cannot be read.
        """
        require(actor, Action.SET_TRUTH)
        if numbering.first not in (None, 0, 1) or not 1 <= numbering.step <= MAX_STEP:
            raise EvaluationError("The first frame or the step is out of range.", "Use 0 or 1, and a whole step.")
        frames = len(source.index) if source.index else None
        file = KeptFile(name, self._clock(), id_of(actor), source.video.sha256 if source.video else "")
        with self._reading:
            truth = read_in_subprocess(path, Request(file, numbering.first, numbering.step, frames))
        keep_truth(source.view.results.folder, truth, file)

    def adopt(self, source: Source, job_id: str, *, actor: Person | None) -> None:
        """Use the labels of another job of the same video, instead of earlier ones.

        Raises:
            AccessDenied: the person may not choose labels.
            EvaluationError: there are no labels of this video with that job.
        """
        require(actor, Action.SET_TRUTH)
        folder = source.view.results.folder
        kept = kept_truth(folder.with_name(job_id)) if _JOB_ID.fullmatch(job_id) else None
        if kept is None or source.video is None or kept[1].video_sha256 != source.video.sha256:
            raise EvaluationError("That job has no labels of this video any more.", "Choose a file.")
        keep_truth(folder, *kept)

    def remove(self, source: Source, *, actor: Person | None) -> None:
        """Remove the labels of the job.

        Raises:
            AccessDenied: the person may not choose labels.
        """
        require(actor, Action.SET_TRUTH)
        remove_truth(source.view.results.folder)

    def answer(self, source: Source, view: View) -> Answer:
        """What the labels of the job say about the view.

        Raises:
            EvaluationError: the labels that were kept are damaged.
        """
        kept = kept_truth(view.results.folder)
        if kept is None:
            return Answer(None)
        truth, file = kept
        described = _described(truth, file, name_of(file.actor, self._names()))
        try:
            compared = self._compared(source, view, truth, file)
        except EvaluationError as error:
            return Answer(described, str(error))
        found = evaluate_at(compared, view)
        return Answer(
            file=described,
            evaluation=found,
            worst_entries=_entries(compared, [second.frame_index for second in found.worst]),
            counts=Counts(compared, view).figures(),
            thresholds=thresholds_figure(found.boxes.by_threshold, view.confidence) if found.boxes else None,
        )

    def picture(self, source: Source, view: View, entry: int) -> bytes:
        """The JPEG file of a compared frame: what is missing, too many and right.

        Raises:
            EvaluationError: there are no labels, or they cannot be compared with the view.
            VideoError: the frame was not compared, or cannot be decoded.
        """
        from frametally.rendering.truth.pictures import compared_jpeg  # imports OpenCV

        kept = kept_truth(view.results.folder)
        if kept is None or source.video is None:
            raise EvaluationError("There are no labels to be shown.", "Reload the page.")
        compared = self._compared(source, view, *kept)
        shown = self._reader(source.video.place).displayed(int(view.results.frame_index[entry]))
        if shown is None:
            raise VideoError("This frame cannot be decoded.")
        return compared_jpeg(source, view, compared, entry, shown.image)

    def _compared(self, source: Source, view: View, truth: Truth, file: KeptFile) -> Compared:
        """`file` and its time are those of these labels, also if others have replaced them since they were read."""
        whole = replace(view, confidence=0.0)
        key = (whole.key, view.results.written_ns, source.index is None, int(view.results.damaged.sum()), file)
        with self._comparing:  # several tabs with one view wait for one comparison
            if key not in self._open:
                picture = Picture(source.upright_wh, source.orientation) if source.video else None
                self._open[key] = compare(whole, shown_truth(whole, truth), picture)
            self._open.move_to_end(key)
            while len(self._open) > _MAX_OPEN:
                self._open.popitem(last=False)
            return self._open[key]


def shown_truth(view: View, truth: Truth) -> Truth:
    """The labels without classes that the view hides: what is not asked for is not missing.

    Raises:
        EvaluationError: the view shows no class that is labeled.
    """
    hidden = {view.classes.name_of(name) for name in view.table.classes} - set(view.names)
    kept = np.array([code for code, name in enumerate(truth.classes) if name not in hidden], dtype=np.int64)
    if len(kept) == len(truth.classes):
        return truth
    if not len(kept):
        raise EvaluationError("None of the classes in the view is labeled.", "Show more classes.")
    boxes = truth.boxes
    if boxes is not None:
        place = np.full(len(truth.classes), -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        rows = np.flatnonzero(place[boxes.class_code] >= 0)
        boxes = replace(
            boxes,
            at=boxes.at[rows],
            class_code=place[boxes.class_code[rows]],
            xyxy=boxes.xyxy[rows],
            ignored=boxes.ignored[rows],
        )
    names = tuple(truth.classes[code] for code in kept.tolist())
    return replace(truth, classes=names, counts=truth.counts[:, kept], boxes=boxes)


def _described(truth: Truth, file: KeptFile, by: str) -> TruthFile:
    return TruthFile(
        name=file.name,
        format=truth.format,
        frames=len(truth),
        classes=list(truth.classes),
        has_boxes=truth.boxes is not None,
        kept_at=file.kept_at,
        by=by,
    )


def _entries(compared: Compared, frames: list[int]) -> list[int]:
    entry_of = dict(zip(compared.aligned.frame_index.tolist(), compared.pairing.entry.tolist(), strict=True))
    return [int(entry_of[frame]) for frame in frames]
