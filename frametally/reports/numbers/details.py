"""What a brief states about its making: settings, video, models, versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from frametally.analysis.view import View
from frametally.config.version import version
from frametally.reports.request import BriefRequest
from frametally.reports.sources import BriefSources
from frametally.reports.texts import clock, plural
from frametally.storage.space import format_size

_MAX_NOTES: Final = 20


def summary(sources: BriefSources, views: list[View]) -> tuple[str, ...]:
    """Video, models, time range and threshold, in short."""
    view = views[0]
    parts = [video_name(sources), " and ".join(one.model for one in views), time_range(view)]
    if view.table.kind.has_boxes:
        parts.append(f"min. confidence {view.confidence:g}")
    return tuple(part for part in parts if part)


def time_range(view: View) -> str:
    """From and to, as `0:10.0` and `0:20.0`."""
    time_s, entries = view.results.time_s, view.entries
    if not len(entries):
        return "no frames"
    first_s, last_s = view.time_range_s or (float(time_s[entries.start]), float(time_s[entries.stop - 1]))
    return f"{clock(first_s)}–{clock(min(last_s, float(time_s[-1])))}"


def missing(sources: BriefSources, views: list[View]) -> tuple[str, ...]:
    """What was not analyzed, damaged, or read differently from what is written."""
    return tuple(_missing(sources, views))


def _missing(sources: BriefSources, views: list[View]) -> Iterator[str]:
    yield from map(_analyzed, views)
    yield from _not_detected(views)
    entries = views[0].entries
    broken = int(sources.results.damaged[entries.start : entries.stop].sum())
    if broken:
        yield f"{plural(broken, 'frame')} of the time range damaged in the video file."
    if sources.video is not None and len(entries):
        frames = len(sources.video.index)
        if views[0].time_range_s:
            first, last = (int(sources.results.frame_index[at]) for at in (entries.start, entries.stop - 1))
            frames = min(last + 1, frames) - first
        if frames > len(entries):
            yield f"{len(entries):,} of {plural(frames, 'frame')} of the video were sampled; the others are not known."
    for name in sources.results.unknown_keys:
        yield f"{name}: results of a type that cannot be read."
    notes = sources.results.notes
    yield from notes[:_MAX_NOTES]
    if len(notes) > _MAX_NOTES:
        yield f"{plural(len(notes) - _MAX_NOTES, 'more note')} in the results."


def _analyzed(view: View) -> str:
    planned = len(view.entries)
    lacking = planned - view.analyzed_entries
    if not planned:
        return f"{view.model}: no frame in the time range."
    if not lacking:
        return f"{view.model}: all {plural(planned, 'frame')} analyzed."
    return (
        f"{view.model}: {plural(lacking, 'frame')} of {planned:,} not analyzed. They are gaps in the chart and "
        "count neither as zero nor in any mean."
    )


def _not_detected(views: list[View]) -> Iterator[str]:
    known = {name for view in views for name in view.names}
    for name in views[0].classes.shown or ():
        if name not in known:
            yield f"{name}: not detected in any analyzed frame of the video, or not a class of the model."


def details(sources: BriefSources, request: BriefRequest, views: list[View]) -> tuple[tuple[str, str], ...]:
    """Label and value of each setting and source."""
    return tuple((label, value) for label, value in _details(sources, request, views) if value)


def _details(sources: BriefSources, request: BriefRequest, views: list[View]) -> Iterator[tuple[str, str]]:
    video, view = sources.video, views[0]
    yield "Video", video_name(sources)
    if video is not None:
        yield "Video SHA-256", video.sha256
        yield (
            "Video file",
            f"{format_size(video.size_bytes)}, {plural(len(video.index), 'frame')}, {clock(video.index.duration_s)}",
        )
    for each in views:
        yield "Model", f"{each.model} ({each.table.kind})"
        yield "Model SHA-256", sources.model_sha256.get(each.model, "")
    yield "Analyzed on", sources.service
    yield "Sampling", f"{sources.infer_fps:g} frames per second" if sources.infer_fps else ""
    yield "Time range", time_range(view)
    yield "Min. confidence", f"{view.confidence:g}" if view.table.kind.has_boxes else ""
    yield "Classes", "all" if view.classes.shown is None else ", ".join(view.classes.shown)
    yield "Displayed as", ", ".join(f"{name} → {shown}" for name, shown in view.classes.renames)
    yield "Blurred", ", ".join([*request.blurred, *(["whole persons"] if request.blurs_whole_persons else [])])
    yield "Made with", f"Frametally {version()}"


def made(made_by: str, made_at: datetime) -> str:
    """By whom and when."""
    when = f"{made_at:%d %B %Y, %H:%M} {made_at.tzname() or ''}".strip().removeprefix("0")
    return f"{when}, by {made_by}" if made_by else when


def video_name(sources: BriefSources) -> str:
    """Of the video; empty if it is not known."""
    return sources.video.file_name if sources.video else sources.video_name
