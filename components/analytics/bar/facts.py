"""Facts about a job and its view: rate, duration, how many frames were analyzed."""

from __future__ import annotations

import streamlit as st

from components.formatting import format_time, plural
from frametally.analysis.view import View
from frametally.job import Job
from frametally.library.video_store import StoredVideo

_PARTLY_RECOGNIZED = (
    "In HEVC video, damage between keyframes is recognized only partly: further frames may be damaged, too."
)


def facts(job: Job, view: View, video: StoredVideo | None) -> None:
    """Draw the facts in one line."""
    rate = "" if job.infer_fps is None else f"{job.infer_fps:.4g} fps"
    end_s = video.info.duration_s if video else float(view.results.time_s[-1])
    duration = format_time(round(end_s)).partition(".")[0]
    text = " · ".join(part for part in (rate, duration, frame_counts(view)) if part)
    kind = "complete" if view.analyzed_entries == len(view.entries) else "partial"
    with st.container(key=f"facts_{kind}", width="content"):
        st.caption(text, width="content", help=damage_note(view, video))


def damage_note(view: View, video: StoredVideo | None) -> str | None:
    """What the number of damaged frames leaves out; None if it leaves out nothing, or there are none."""
    is_hevc = video is not None and video.info.codec == "hevc"
    return _PARTLY_RECOGNIZED if is_hevc and view.results.damaged.any() else None


def frame_counts(view: View) -> str:
    """How many frames of the view were analyzed: `4 of 5 frames analyzed`."""
    planned, analyzed = len(view.entries), view.analyzed_entries
    missing = f" · {planned - analyzed:,} not analyzed (hatched)" if planned > analyzed else ""
    where = " in the whole video" if view.time_range_s else ""
    others = f" · {view.table.mismatched:,} with another type of result{where}" if view.table.mismatched else ""
    damaged = int(view.results.damaged[view.entries.start : view.entries.stop].sum())
    broken = f" · {plural(damaged, 'frame')} damaged in the video file" if damaged else ""
    return f"{analyzed:,} of {plural(planned, 'frame')} analyzed{missing}{broken}{others}"
