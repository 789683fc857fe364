"""What a brief states about one model: metrics, charts, and the counts at every threshold."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace

from frametally.analysis.counts import Counts, count, damaged_ranges, gaps
from frametally.analysis.highlights import highlights, stretches
from frametally.analysis.scores import score_totals
from frametally.analysis.series import Series, series_of, similarity_series
from frametally.analysis.timeline.points import points_of
from frametally.analysis.timeline.rare_classes import rare_classes
from frametally.analysis.totals import Totals, totals
from frametally.analysis.view import View
from frametally.rendering.playback.packing import pack
from frametally.rendering.playback.threshold_counts import threshold_histogram
from frametally.reports.facts import Chart, CheckedFrames, ClassRow, Highlight, ScoreRow, Side
from frametally.reports.numbers.corrected_lines import DEFINITION, corrected_lines
from frametally.reports.numbers.figures import time_figure
from frametally.reports.numbers.threshold_totals import threshold_totals
from frametally.reports.texts import clock
from frametally.results import Kind

MAX_CURVES: Final = 8
_COUNTS: Final = "Detections per analyzed frame, mean of each point. Hatched: not analyzed, which is not zero."


def side_of(view: View, colors: Mapping[str, str], checked: CheckedFrames | None = None) -> Side:
    """The model of a view, and what people have seen in its frames.

    Raises:
        ResultsError: the results are damaged.
    """
    side = Side(
        model=view.model,
        has_boxes=view.table.kind.has_boxes,
        analyzed=view.analyzed_entries,
        checked=checked,
    )
    return _with_counts(side, view, colors) if side.has_boxes else _with_scores(side, view, colors)


def _with_counts(side: Side, view: View, colors: Mapping[str, str]) -> Side:
    rows, counts = totals(view), count(view)
    rare = set(rare_classes(view))
    more = [_chart(view, series, colors) for series in series_of(view)] if view.names else []
    return replace(
        side,
        classes=tuple(_class_row(row, colors, is_rare=at in rare) for at, row in enumerate(rows)),
        highlights=tuple(_highlights(view, counts, rows, colors)),
        charts=(_with_checked(_counts_chart(view, counts, colors), view, side.checked, colors), *more),
        counts=_packed(view, counts),
    )


def _class_row(row: Totals, colors: Mapping[str, str], *, is_rare: bool) -> ClassRow:
    return ClassRow(
        name=row.class_name,
        color=colors[row.class_name],
        is_rare=is_rare,
        mean=row.mean,
        peak=row.peak,
        present=row.present,
        present_s=row.present_s,
        first_seen_s=row.first_seen_s,
        last_seen_s=row.last_seen_s,
    )


def _highlights(view: View, counts: Counts, rows: Sequence[Totals], colors: Mapping[str, str]) -> list[Highlight]:
    found = highlights(view, counts, rows)
    if found is None:
        return []
    name, color = (found.peak_class, colors[found.peak_class]) if found.peak else ("", "")
    busiest = found.busiest
    shown = [Highlight(name="Peak", value=f"{found.peak:,}", detail=name, color=color)]
    if stretches(view, counts.starts):
        when = f"{clock(busiest.first_s)}–{clock(busiest.last_s)}" if busiest else "none"
        detail = f"{busiest.mean:.1f} per frame" if busiest else ""
        shown.append(Highlight(name="Busiest", value=when, detail=detail))
    mean, classes = f"{found.mean:.1f}", f"{found.classes:,}"
    return [
        *shown,
        Highlight(name="Mean", value=mean, detail="per frame"),
        Highlight(name="Classes", value=classes, detail="with detections"),
    ]


def _counts_chart(view: View, counts: Counts, colors: Mapping[str, str]) -> Chart:
    figure = time_figure(
        counts.classes,
        colors,
        counts.time_s,
        counts.values,
        points_of(view).edges_s,
        y_title="detections per frame",
        gaps_s=gaps(view, counts.starts, counts.stops),
        damaged_s=damaged_ranges(view),
    )
    return Chart(title="Detections over time", definition=_COUNTS, figure=figure, is_of_counts=True)


def _with_checked(chart: Chart, view: View, checked: CheckedFrames | None, colors: Mapping[str, str]) -> Chart:
    lines = corrected_lines(checked.parts, view.names, colors) if checked else []
    if not lines:
        return chart
    figure = {**chart.figure, "data": [*chart.figure["data"], *lines]}
    return replace(chart, figure=figure, definition=f"{_COUNTS} {DEFINITION.format(view.confidence)}")


def _packed(view: View, counts: Counts) -> str:
    histogram, found = threshold_histogram(view, points_of(view)), threshold_totals(view)
    if histogram is None or found is None:
        return ""
    time_s = view.results.time_s
    parts = stretches(view, counts.starts)
    facts = {
        "interval_s": float(time_s[-1] - time_s[0]) / (len(time_s) - 1) if len(time_s) > 1 else 0.0,
        "entries": view.analyzed_entries,
        "stretches": [] if parts is None else [parts.firsts.tolist(), parts.first_s, parts.last_s],
    }
    buffer = pack(
        facts,
        histogram=histogram,
        analyzed=counts.analyzed.astype(np.uint32),
        boxes=found.boxes.astype(np.float64),
        present=found.present.astype(np.uint32),
        peak=found.peak.astype(np.uint32),
        first_s=found.first_s,
        last_s=found.last_s,
    )
    return base64.b64encode(zlib.compress(buffer, 9)).decode()


def _with_scores(side: Side, view: View, colors: Mapping[str, str]) -> Side:
    rows = [] if view.table.kind is Kind.CLIP else score_totals(view)
    scores = [
        ScoreRow(name=name, color=colors[name], mean=row.mean, highest=row.highest, top=row.top)
        for row in rows
        if (name := view.classes.name_of(row.class_name)) in view.names
    ]
    return replace(side, scores=tuple(scores), charts=tuple(_chart(view, one, colors) for one in _series(view)))


def _series(view: View) -> list[Series]:
    if view.table.kind is not Kind.CLIP:
        return [one.strongest(MAX_CURVES) for one in series_of(view)]
    known = np.flatnonzero(view.table.analyzed[view.entries.start : view.entries.stop])
    return [similarity_series(view, view.entries.start + int(known[0]))] if len(known) else []


def _chart(view: View, series: Series, colors: Mapping[str, str]) -> Chart:
    points = points_of(view)
    figure = time_figure(
        series.names,
        colors,
        series.time_s,
        series.values,
        points.edges_s,
        y_title=series.unit,
        gaps_s=gaps(view, series.starts, points.stops),
        damaged_s=damaged_ranges(view),
    )
    title = "Similarity to the first frame" if view.table.kind is Kind.CLIP else series.title
    return Chart(title=title, definition=series.definition, figure=figure)
