"""Open results and videos for the requests of players, a few at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.placement import place_results
from frametally.analysis.view import View
from frametally.errors import ResultsError, VideoError
from frametally.library.copies.maker import CopyState
from frametally.library.library import Library
from frametally.library.tickets import ViewTicket
from frametally.library.video_store import StoredVideo
from frametally.results import open_results
from frametally.video.damage import load_damage
from frametally.video.frame_index import FrameIndex, load_index
from frametally.video.orientation import UPRIGHT, Orientation
from frametally.video.probe import VideoInfo

MAX_OPEN: Final = 8


@dataclass(frozen=True, kw_only=True)
class Source:
    """The results of one model with all of its classes and boxes, and the video that they are about."""

    view: View
    video: StoredVideo | None
    index: FrameIndex | None
    """None without a video."""

    @property
    def orientation(self) -> Orientation:
        return orientation_of_info(self.video.info) if self.video else UPRIGHT

    @property
    def upright_wh(self) -> tuple[int, int]:
        """Size of the upright frame; without a video, of the first picture whose size the results contain."""
        if self.video:
            return self.video.info.width_px, self.video.info.height_px
        known = self.view.table.image_wh[(self.view.table.image_wh > 0).all(axis=1)]
        return (round(float(known[0, 0])), round(float(known[0, 1]))) if len(known) else (1, 1)

    @property
    def shown_wh(self) -> tuple[int, int]:
        """Size at which a player shows the frame."""
        return self.video.info.displayed_wh if self.video else self.upright_wh

    def filtered(self, confidence: float, shown: tuple[str, ...] | None) -> View:
        """The view with this threshold and these classes; None: all."""
        mapping = ClassMapping(self.view.classes.renames, shown)
        return replace(self.view, confidence=confidence, classes=mapping)


class Sources:
    """The most recently used sources. Thread-safe."""

    def __init__(self, library: Library, results_dir: Path, *, max_open: int = MAX_OPEN) -> None:
        self._library, self._results_dir, self._max_open = library, results_dir, max_open
        self._lock = threading.Lock()
        self._open: OrderedDict[ViewTicket, Source] = OrderedDict()

    def get(self, ticket: ViewTicket) -> Source:
        """The source of a ticket.

        Raises:
            ResultsError: the results are missing or damaged, or have no such model.
            VideoError: the video cannot be read.
        """
        with self._lock:
            if ticket in self._open:
                self._open.move_to_end(ticket)
                return self._open[ticket]
        source = self._load(ticket)
        with self._lock:
            self._open[ticket] = source
            while len(self._open) > self._max_open:
                self._open.popitem(last=False)
        return source

    def of_job(self, job_id: str, classes: ClassMapping, video_sha256: str) -> list[Source]:
        """The sources of all models with boxes of a job on a stored video, for classes of these names.

        Raises:
            ResultsError: the results are missing or damaged.
            VideoError: the video cannot be read.
        """
        results = open_results(self._results_dir / job_id)
        names = [name for name, table in results.models.items() if table.kind.has_boxes]
        merge, revision = ClassMapping(classes.renames).format(), f"job-{results.written_ns}"
        return [self.get(ViewTicket(job_id, name, merge, video_sha256, revision)) for name in names]

    def playable_copy(self, source: Source) -> CopyState:
        """The state of the copy of the video for browsers, which is begun if there is none.

        Raises:
            VideoError: the video is not stored here.
        """
        if source.video is None:
            raise VideoError("No copy of this video was kept.")
        return self._library.copies.request(source.video)

    def _load(self, ticket: ViewTicket) -> Source:
        results = open_results(self._results_dir / ticket.job_id)
        if ticket.model not in results.models:
            raise ResultsError("These results have no such model.", "Reload the page.")
        video = self._library.get(ticket.video_sha256) if ticket.video_sha256 else None
        index = load_index(video.place) if video else None
        if video and index:
            damage = load_damage(video.place, index) if self._library.damage_scanner.is_known(video) else None
            results = place_results(results, index, damage)
        view = View(results, ticket.model, 0.0, ClassMapping.parse(ticket.merge))
        return Source(view=view, video=video, index=index)


def orientation_of_info(info: VideoInfo) -> Orientation:
    """The orientation of a probed video: the one with its rotation and mirroring."""
    turns = (False, True)
    every = (Orientation(transposed, x, y) for transposed in turns for x in turns for y in turns)
    wanted = info.rotation_deg, info.is_mirrored
    return next((one for one in every if (one.rotation_deg, one.is_mirrored) == wanted), UPRIGHT)
