"""When the rules of a set hold in the results of a job; runs in a process of its own."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from frametally.analysis.placement import place_results
from frametally.analysis.view import View
from frametally.analysis.view_spec import DEFAULT_CONFIDENCE
from frametally.errors import ResultsError
from frametally.notifications.rules.spec import Finding, RuleSpec
from frametally.regions.background import HEIGHT_PX, sampled_background, small_background
from frametally.regions.fit import misfits
from frametally.regions.messages import rule_note
from frametally.regions.rules import rule_intervals
from frametally.regions.shapes import RegionSet
from frametally.results import open_results
from frametally.tracking.kept import kept_tracks
from frametally.tracking.tracks import filtered
from frametally.tracking.upright import shown_tracks
from frametally.video.frame_index import load_index
from frametally.video.frame_reader import FrameReader


def evaluate(spec: RuleSpec) -> Finding:
    """Track the objects of the first model with boxes, and find when the rules held, at the threshold of a new view.

    Raises:
        FrametallyError: the results, the video or the set cannot be read.
    """
    regions, results = RegionSet.from_json(spec.regions), open_results(Path(spec.results))
    model = next((name for name, table in results.models.items() if table.kind.has_boxes), None)
    if model is None:
        raise ResultsError("These results have no boxes.")
    video = Path(spec.video) if spec.video else None
    if video is not None:
        results = place_results(results, load_index(video), None)
    tracks, size_px = shown_tracks(kept_tracks(results, model), results, model, video)
    other_shape = misfits(regions, size_px, None)
    if other_shape:
        return Finding(notes=(f"The rules of {regions.camera} were not checked.", *other_shape), was_counted=False)
    seen = filtered(tracks, View(results, model, DEFAULT_CONFIDENCE))
    notes = [(rule.name, rule_note(rule, seen.classes)) for rule in regions.rules]
    return Finding(
        intervals=tuple(rule_intervals(seen, regions)),
        notes=(*_moved(regions, size_px, video), *(f"{name}: {note}." for name, note in notes if note)),
    )


def _moved(regions: RegionSet, size_px: tuple[int, int], video: Path | None) -> list[str]:
    if video is None or regions.background is None:
        return []
    with closing(FrameReader(video, load_index(video))) as reader:
        background = sampled_background(reader, min(HEIGHT_PX, size_px[1]))
    return misfits(regions, size_px, small_background(background))
