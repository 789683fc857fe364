"""Make a brief: count, choose the frames that show it, draw them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from msgspec.structs import replace as changed

from frametally.analysis.comparison import Comparison, compare
from frametally.analysis.totals import DEFINITIONS
from frametally.analysis.view import Progress, View
from frametally.errors import ViewError
from frametally.memory import release_freed_memory
from frametally.reports.blur.names import blurred_names
from frametally.reports.brief import Brief, BriefFile
from frametally.reports.evidence.choice import chosen_frames
from frametally.reports.evidence.drawing import draw_evidence
from frametally.reports.facts import Facts, RegionFacts, Side
from frametally.reports.numbers.compared import compared
from frametally.reports.numbers.details import details, made, missing, summary, video_name
from frametally.reports.numbers.region_facts import region_facts
from frametally.reports.numbers.sides import side_of
from frametally.reports.request import BriefRequest, Evidence
from frametally.reports.sources import BriefSources
from frametally.storage.cached_files import fetched
from frametally.tracking.kept import kept_tracks
from frametally.tracking.tracks import Tracks, filtered
from frametally.tracking.upright import shown_tracks

_COUNTED, _CHOSEN = 0.25, 0.4
"""Shares of the work that are done when everything is counted, and when the frames are chosen."""


def make_brief(
    sources: BriefSources,
    request: BriefRequest,
    *,
    made_by: str,
    made_at: datetime,
    progress: Progress | None = None,
) -> Brief:
    """The brief of a view.

    Args:
        sources: the results, and what is known of them.
        request: what is shown.
        made_by: name of the person; empty: not stated.
        made_at: an aware time.
        progress: receives the share done; may raise to stop.

    Raises:
        ViewError: the results have no such model or class.
        ResultsError: the results are damaged.
        VideoError: the video cannot be read.
    """
    making = _Making(sources, request, progress or (lambda _: None))
    facts, files = making.facts_and_files(made(made_by, made_at))
    return Brief(
        title=facts.title,
        description=_description(facts),
        facts=facts,
        files=tuple(files),
        cover=_cover(facts),
    )


@dataclass(frozen=True)
class _Making:
    sources: BriefSources
    request: BriefRequest
    progress: Progress

    @cached_property
    def views(self) -> list[View]:
        """Of one or two models."""
        spec = self.request.view
        if len(spec.job_ids) > 1:
            raise ViewError("A brief shows one job.", "Make one for each of them.")
        view = spec.open(self.sources.results)
        if spec.compare_with is None or spec.compare_with == view.model:
            return [view]
        other = changed(spec, model=spec.compare_with).open(self.sources.results)
        if not (view.table.kind.has_boxes and other.table.kind.has_boxes):
            raise ViewError("Only models with boxes can be compared.", "Choose one model.")
        return [view, other]

    @cached_property
    def colors(self) -> dict[str, str]:
        names = [name for view in self.views for name in (*view.names, *view.table.classes)]
        return dict(self.sources.colors(dict.fromkeys(names)))

    @cached_property
    def comparison(self) -> Comparison | None:
        return compare(self.views[0], self.views[1].model) if len(self.views) > 1 else None

    @cached_property
    def tracks(self) -> Tracks | None:
        """Only where there are lines and zones."""
        regions, view = self.sources.regions, self.views[0]
        if regions is None or not view.table.kind.has_boxes or not (regions.lines or regions.zones):
            return None
        video = fetched(self.sources.video.path) if self.sources.video else None
        return shown_tracks(kept_tracks(view.results, view.model), view.results, view.model, video).tracks

    def facts_and_files(self, made_text: str) -> tuple[Facts, list[BriefFile]]:
        view = self.views[0]
        names = blurred_names(self.request, self.views)
        sides = tuple(side_of(one, self.colors, self.sources.checked(one)) for one in self.views)
        self.progress(_COUNTED)
        regions = self._regions()
        chosen = chosen_frames(
            view,
            self.request,
            notes=self.sources.notes,
            comparison=self.comparison,
            tracks=filtered(self.tracks, view) if self.tracks and Evidence.CROSSINGS in self.request.evidence else None,
            regions=self.sources.regions,
        )
        release_freed_memory()
        self.progress(_CHOSEN)
        drawn = draw_evidence(
            self.sources,
            self.views,
            chosen,
            self.colors,
            blurred=names,
            has_clips=self.request.has_clips,
            progress=lambda share: self.progress(_CHOSEN + share * (1 - _CHOSEN)),
        )
        facts = Facts(
            title=self.request.title or video_name(self.sources) or view.model,
            question=self.request.question,
            summary=summary(self.sources, self.views),
            confidence=view.confidence,
            sides=sides,
            compared=compared(self.comparison, self.colors) if self.comparison else None,
            evidence=drawn.frames,
            evidence_note=" ".join([*chosen.left_out, *drawn.notes]),
            regions=regions,
            missing=missing(self.sources, self.views),
            limits=drawn.limits,
            details=details(self.sources, self.request, self.views),
            made=made_text,
            definitions=DEFINITIONS,
        )
        return facts, drawn.files

    def _regions(self) -> RegionFacts | None:
        if self.tracks is None or self.sources.regions is None:
            return None
        return region_facts(self.tracks, self.views[0], self.sources.regions, self.sources.camera, self.colors)


def _description(facts: Facts) -> str:
    numbers = [f"{one.name}: {one.value} {one.detail}".strip() for one in _first(facts).highlights]
    return f"{', '.join(numbers)}." if numbers else ""


def _first(facts: Facts) -> Side:
    return facts.sides[0]


def _cover(facts: Facts) -> str:
    """The frame of the highest peak, or the first one with a picture."""
    shown = [frame for frame in facts.evidence if frame.pictures]
    peaks = [frame for frame in shown if any(reason.startswith("peak") for reason in frame.reasons)]
    best = max(peaks, key=lambda frame: sum(count for _, count in frame.pictures[0].counts or ()), default=None)
    return (best or shown[0]).pictures[0].file if shown else ""
