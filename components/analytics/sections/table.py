"""The totals of each class, and the counts over time as a table."""

from __future__ import annotations

import numpy as np
import streamlit as st

from components.analytics.cached_counts import cached_counts, cached_totals
from components.analytics.sections.totals_table import totals_table
from components.formatting import format_time
from frametally.analysis.counts import Counts
from frametally.analysis.scores import score_totals
from frametally.analysis.view import View
from frametally.rendering.audits.report import Report

_HEIGHT_PX = 320


def table(view: View, audited: Report | None) -> None:
    """Draw both tables, with what each number means, and what checked frames say of them."""
    if not view.table.kind.has_boxes:
        _scores(view)
        return
    totals_table(cached_totals(view), audited)
    counts = cached_counts(view)
    if not len(counts.starts):
        return
    st.caption(f"**Counts over time.** {_what_a_row_is(counts)}")
    st.dataframe(_rows(counts), hide_index=True, height=_HEIGHT_PX)


def _scores(view: View) -> None:
    """Probabilities of each class, or its shares of the picture."""
    rows = score_totals(view)
    if not rows:
        st.caption("No frame was analyzed.")
        return
    formats = {name: st.column_config.NumberColumn(format="percent") for name in ("Mean", "Highest", "Top")}
    shown = [{"Class": row.class_name, "Mean": row.mean, "Highest": row.highest, "Top": row.top} for row in rows]
    st.dataframe(shown, hide_index=True, column_config=formats)
    st.caption(
        "**Mean**: over the analyzed frames; **Highest**: in one frame; **Top**: share of the analyzed frames in which "
        "no other class has a higher value."
    )


def _rows(counts: Counts) -> dict[str, list[object]]:
    times = [format_time(time_s) for time_s in counts.time_s.tolist()]
    columns: dict[str, list[object]] = {"Time": [*times], "Frame": counts.frame_index.tolist()}
    values = np.round(counts.values, 2).tolist() if int(counts.planned.max()) > 1 else _whole(counts)
    for column, name in enumerate(counts.classes):
        columns[_distinct(name, columns)] = [row[column] for row in values]
    return columns


def _whole(counts: Counts) -> list[list[int | None]]:
    """The counts of single frames; None if the frame was not analyzed."""
    return [
        row if analyzed else [None] * len(row)
        for row, analyzed in zip(counts.boxes.tolist(), counts.analyzed.tolist(), strict=True)
    ]


def _distinct(name: str, columns: dict[str, list[object]]) -> str:
    """A name for the column of a class; a class may have the name of another column."""
    while name in columns:
        name += " (class)"
    return name


def _what_a_row_is(counts: Counts) -> str:
    most = int(counts.planned.max())
    blank = " Frames that were not analyzed are blank."
    if most == 1:
        return f"One row for each frame.{blank} *Export* has them as CSV and Parquet."
    return f"Each row is the mean of up to {most:,} frames.{blank} *Export* has every frame as CSV and Parquet."
