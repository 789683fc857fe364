"""Choose the frames that a brief shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from frametally.analysis.comparison import Comparison
from frametally.analysis.moments import Moment, disagreement_moments, extremes, interval_moments
from frametally.analysis.timeline.rare_classes import rare_classes
from frametally.analysis.view import View
from frametally.regions.crossings import crossings
from frametally.regions.shapes import RegionSet
from frametally.reports.request import BriefRequest, Evidence
from frametally.reports.sources import BriefNote
from frametally.reports.texts import plural
from frametally.tracking.tracks import Tracks

MAX_FRAMES: Final = 60
MAX_CROSSINGS: Final = 12
MAX_DISAGREEMENTS: Final = 6
_REGULAR: Final = "at regular intervals"
_DEFAULT_FRAMES: Final = 8
"""Of results without peaks, if nothing else was asked for."""


@dataclass(frozen=True)
class ChosenFrame:
    """An entry, and why it is shown."""

    entry: int
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chosen:
    """Frames in order of time."""

    frames: tuple[ChosenFrame, ...]
    left_out: tuple[str, ...] = ()
    """Sentences."""


def chosen_frames(
    view: View,
    request: BriefRequest,
    *,
    notes: Sequence[BriefNote] = (),
    comparison: Comparison | None = None,
    tracks: Tracks | None = None,
    regions: RegionSet | None = None,
) -> Chosen:
    """The frames that were asked for, at most `MAX_FRAMES`; of too many, the regular ones go first.

    Args:
        view: of the first model.
        request: which kinds of frames.
        notes: on frames of the video.
        comparison: with the second model, if there is one.
        tracks: those of the view, for crossings.
        regions: whose lines are crossed.
    """
    kinds = set(request.evidence)
    own = [note for note in notes if note.entry in view.entries] if Evidence.NOTES in kinds else []
    groups = [
        [Moment(note.entry, "pinned note") for note in own],
        *_class_moments(view, kinds),
        disagreement_moments(comparison, MAX_DISAGREEMENTS) if comparison and Evidence.DISAGREEMENTS in kinds else [],
        _crossing_moments(view, tracks, regions) if tracks and regions and Evidence.CROSSINGS in kinds else [],
    ]
    if not any(groups) and request.every_s is None and kinds:
        regular = [replace(moment, reason=_REGULAR) for moment in interval_moments(view, _interval_s(view))]
        groups.append(_spread(regular, _DEFAULT_FRAMES))
    regular = []
    if request.every_s is not None:
        reason = f"every {request.every_s:g} s"
        regular = [replace(moment, reason=reason) for moment in interval_moments(view, request.every_s)]
    kept, left_out = _limited(groups, regular)
    texts: dict[int, tuple[str, ...]] = {}
    for note in own:
        texts[note.entry] = (*texts.get(note.entry, ()), note.text)
    frames = tuple(replace(frame, notes=texts.get(frame.entry, ())) for frame in kept)
    return Chosen(frames, (*_rare_note(view, kinds), *left_out))


def _class_moments(view: View, kinds: Collection[Evidence]) -> list[list[Moment]]:
    """Peaks, then first and last appearances, of all classes but rare ones."""
    if not view.table.kind.has_boxes or not {Evidence.PEAKS, Evidence.ENDS} & set(kinds):
        return []
    rare = {view.names[at] for at in rare_classes(view)}
    rows = [row for row in extremes(view) if row.class_name not in rare and row.peak_entry is not None]
    peaks = [Moment(row.peak_entry or 0, f"peak of {row.class_name}: {row.peak:,}") for row in rows]
    firsts = [Moment(row.first_entry or 0, f"first {row.class_name}") for row in rows]
    lasts = [Moment(row.last_entry or 0, f"last {row.class_name}") for row in rows]
    return [
        peaks if Evidence.PEAKS in kinds else [],
        firsts + lasts if Evidence.ENDS in kinds else [],
    ]


def _crossing_moments(view: View, tracks: Tracks, regions: RegionSet) -> list[Moment]:
    """Crossings of every line, spread over the time range."""
    moments = []
    for line in regions.lines:
        found = crossings(tracks, line)
        ways = ["in" if is_in else "out" for is_in in found.is_in.tolist()]
        names = [view.classes.name_of(tracks.classes[code]) for code in found.class_code.tolist()]
        moments += [
            Moment(entry, f"{name} crosses {line.name}: {way}")
            for entry, name, way in zip(found.entry.tolist(), names, ways, strict=True)
        ]
    return _spread(sorted(moments, key=lambda moment: moment.entry), MAX_CROSSINGS)


def _limited(groups: Iterable[Sequence[Moment]], regular: Sequence[Moment]) -> tuple[list[ChosenFrame], list[str]]:
    first = [moment for group in groups for moment in group]
    shown = set(list(dict.fromkeys(moment.entry for moment in first))[:MAX_FRAMES])
    others = [moment for moment in regular if moment.entry not in shown]
    shown |= {moment.entry for moment in _spread(others, MAX_FRAMES - len(shown))}
    reasons: dict[int, list[str]] = {}
    for moment in (*first, *regular):
        reasons.setdefault(moment.entry, []).append(moment.reason)
    dropped = len(reasons.keys() - shown)
    left_out = [f"{plural(dropped, 'more frame')} left out: a brief shows at most {MAX_FRAMES}."] if dropped else []
    kept = [ChosenFrame(entry, tuple(dict.fromkeys(reasons[entry]))) for entry in sorted(shown)]
    return kept, left_out


def _spread(moments: Sequence[Moment], most: int) -> list[Moment]:
    """All of them, or so many at equal distances, with the first and the last one."""
    if len(moments) <= most:
        return list(moments)
    places = np.linspace(0, len(moments) - 1, max(most, 0)).round().astype(int)
    return [moments[at] for at in places.tolist()]


def _interval_s(view: View) -> float:
    time_s, entries = view.results.time_s, view.entries
    span_s = float(time_s[entries.stop - 1] - time_s[entries.start]) if len(entries) else 0.0
    return max(span_s / _DEFAULT_FRAMES, 0.1)


def _rare_note(view: View, kinds: Collection[Evidence]) -> list[str]:
    rare = rare_classes(view)
    if not rare or not {Evidence.PEAKS, Evidence.ENDS} & set(kinds):
        return []
    return [f"Frames of the {len(view.names) - len(rare)} most frequent classes."]
