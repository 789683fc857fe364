"""Answers about the lines and zones of a view, as JSON or as pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from frametally.analysis.view import View
from frametally.library.tickets import TicketRefused, Tickets
from frametally.network.routes import HttpError, decode_body
from frametally.regions.questions.comparison import Alignment, Watched, compare
from frametally.regions.questions.moments import find
from frametally.regions.questions.queries import decode_query
from frametally.regions.shapes import Anchor, RegionSet
from frametally.rendering.playback.sources import Source, Sources
from frametally.rendering.regions.backgrounds import Backgrounds
from frametally.rendering.regions.counted_views import CountedViews
from frametally.rendering.regions.reports.comparison import bucket_s, comparison_report
from frametally.rendering.regions.reports.report import report
from frametally.rendering.regions.tracking_runs import Tracking, TrackingRuns
from frametally.tracking.tracks import Tracks, filtered, named
from frametally.video.recording_start import recording_start

PICTURES: Final = ("trajectories", "heat")
MAX_COMPARED: Final = 5
_ANCHOR: Final[Anchor] = "bottom_center"


class Question(Struct, frozen=True):
    """For moments that answer it."""

    regions: msgspec.Raw
    question: msgspec.Raw


class Compared(Struct, frozen=True):
    """A job of a comparison."""

    name: str
    ticket: str


class Comparison(Struct, frozen=True):
    """Which jobs are compared, and how they are aligned."""

    regions: msgspec.Raw
    jobs: Annotated[list[Compared], Meta(min_length=2, max_length=MAX_COMPARED)]
    alignment: Alignment = "video"


@dataclass(frozen=True)
class Answers:
    """What the answers are made of."""

    sources: Sources
    runs: TrackingRuns
    backgrounds: Backgrounds
    tickets: Tickets
    colors_of: Callable[[Iterable[str]], dict[str, str]]
    """Hex color of each class."""
    views: CountedViews = field(default_factory=CountedViews)
    refuse_job: Callable[[str], None] = lambda _: None
    """Raises HttpError for a job that the person who asks does not see."""

    def count(self, source: Source, view: View, content: bytes) -> bytes:
        """What the set counts; how far the objects are tracked, if they are not yet.

        Raises:
            RegionsError: the set is not valid.
        """
        from frametally.regions.fit import misfits  # imports OpenCV

        regions, tracks = RegionSet.from_json(content), self._tracks(source)
        if isinstance(tracks, Tracking):
            return msgspec.json.encode(tracks)
        found = report(self.views.get(tracks, view, self.colors_of(view.names)), view, regions)
        background = self._background(source, regions)
        warnings = misfits(regions, source.shown_wh if source.video else tracks.size_px, background)
        return msgspec.json.encode(msgspec.structs.replace(found, background=background, warnings=warnings))

    def moments(self, source: Source, view: View, content: bytes) -> bytes:
        """The moments that answer a `Question`.

        Raises:
            RegionsError: set or question are not valid.
        """
        asked = decode_body(content, Question)
        regions, question = RegionSet.from_json(bytes(asked.regions)), decode_query(bytes(asked.question))
        moments = find(filtered(self._ready(source), view), regions, question)
        return msgspec.json.encode({"moments": [asdict(moment) for moment in moments]})

    def comparison(self, view: View, content: bytes) -> bytes:
        """Several jobs side by side with the threshold of the view.

        Raises:
            RegionsError: they cannot be compared.
        """
        asked = decode_body(content, Comparison)
        sources = [self._other(job) for job in asked.jobs]
        tracked = [self._tracks(source) for source in sources]
        waiting = [one for one in tracked if isinstance(one, Tracking)]
        if waiting:
            done = len(tracked) - len(waiting) + sum(one.share for one in waiting)
            return msgspec.json.encode(Tracking(share=done / len(tracked)))
        watched = [
            _watched(job.name, source, tracks, view.confidence)
            for job, source, tracks in zip(asked.jobs, sources, tracked, strict=True)
            if not isinstance(tracks, Tracking)
        ]
        last_s = max(float(source.view.results.time_s[-1]) for source in sources)
        found = compare(watched, RegionSet.from_json(bytes(asked.regions)), asked.alignment, bucket_s(last_s))
        return msgspec.json.encode(comparison_report(found))

    def picture(self, source: Source, view: View, kind: str) -> bytes:
        """A JPEG file: one of `PICTURES`."""
        from frametally.rendering.image_files import to_jpeg  # imports OpenCV
        from frametally.rendering.regions.pictures import heat_map, trajectories

        tracks = self._ready(source)
        if source.video is None:
            raise HttpError(404, "No copy of this video was kept.")
        background = self.backgrounds.get(source.video)
        if kind == "heat":
            return to_jpeg(heat_map(background, tracks, view, _ANCHOR))
        return to_jpeg(trajectories(background, tracks, view, self.colors_of(view.names), _ANCHOR))

    def _background(self, source: Source, regions: RegionSet) -> bytes | None:
        """Without what moves, small; waited for only if the set has one to compare with."""
        if source.video is None:
            return None
        if regions.background is None:
            return self.backgrounds.small_if_made(source.video)
        return self.backgrounds.small(source.video)

    def _tracks(self, source: Source) -> Tracks | Tracking:
        return self.runs.get(source.view.results, source.view.model, source.video)

    def _ready(self, source: Source) -> Tracks:
        tracks = self._tracks(source)
        if isinstance(tracks, Tracking):
            raise HttpError(409, "The objects are still being tracked.", "Try again in a moment.")
        return tracks

    def _other(self, job: Compared) -> Source:
        try:
            ticket = self.tickets.check_view(job.ticket)
        except TicketRefused as error:
            raise HttpError.of(401, error) from None
        self.refuse_job(ticket.job_id)
        source = self.sources.get(ticket)
        require_boxes(source)
        return source


def _watched(name: str, source: Source, tracks: Tracks, confidence: float) -> Watched:
    view = source.filtered(confidence, None)
    recorded_at = recording_start(source.video.place) if source.video else None
    return Watched(name, named(filtered(tracks, view), view), recorded_at)


def require_boxes(source: Source) -> None:
    """Only boxes are tracked.

    Raises:
        HttpError: the results have none.
    """
    if not source.view.table.kind.has_boxes:
        raise HttpError(404, "These results have no boxes.")
