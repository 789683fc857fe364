"""A gallery of moments: small frames, each with a button that shows it in the viewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from components.analytics.cached_counts import cached_extremes
from components.analytics.video_reader import video_reader
from components.formatting import escape_markdown, format_time
from frametally.analysis.moments import DEFINITIONS, Moment, class_moments, in_order, interval_moments
from frametally.analysis.view import View
from frametally.library.video_store import StoredVideo

if TYPE_CHECKING:
    from frametally.rendering.thumbnails import ThumbnailCache

_MAX_MOMENTS = 24
_COLUMNS = 4


def gallery(view: View, video: StoredVideo | None) -> int | None:
    """Draw the chosen moments; returns the entry that the user wants to see in the viewer."""
    ways = ["Peaks, first and last appearances", "Every N seconds"]
    way = st.segmented_control("Moments", ways, default=ways[0], key="gallery_way", label_visibility="collapsed")
    if way == ways[1]:
        span_s = float(view.results.time_s[-1])
        interval_s = st.number_input("Interval (s)", 0.1, 3600.0, max(round(span_s / 12), 1.0), key="gallery_every")
        moments = interval_moments(view, interval_s)
    else:
        moments = class_moments(cached_extremes(view)) if view.table.kind.has_boxes else []
    moments = in_order(moments)
    if len(moments) > _MAX_MOMENTS:
        st.caption(f"The first {_MAX_MOMENTS} of {len(moments):,} moments.")
    if not moments:
        st.caption("No moments match the current filters.")
    chosen = _pictures(view, video, moments[:_MAX_MOMENTS])
    with st.expander("About these moments"):
        st.markdown("\n".join(f"- **{name}**: {meaning}" for name, meaning in DEFINITIONS.items()))
    return chosen


def _pictures(view: View, video: StoredVideo | None, moments: Sequence[Moment]) -> int | None:
    pictures = _thumbnails(view, video, moments)
    chosen = None
    for start in range(0, len(moments), _COLUMNS):
        for column, moment in zip(st.columns(_COLUMNS), moments[start : start + _COLUMNS], strict=False):
            with column.container(border=True):
                picture = pictures.get(int(view.results.frame_index[moment.entry]))
                if picture:
                    st.image(picture, width="stretch")
                time = format_time(float(view.results.time_s[moment.entry]))
                st.caption(f"{escape_markdown(moment.reason[:1].upper() + moment.reason[1:])} · {time}")
                if st.button("Show", key=f"gallery-{moment.entry}", icon=":material/visibility:", type="tertiary"):
                    chosen = moment.entry
    return chosen


def _thumbnails(view: View, video: StoredVideo | None, moments: Sequence[Moment]) -> dict[int, bytes]:
    """Small JPEG files of these moments, by frame index; frames that cannot be decoded are left out."""
    if video is None:
        return {}
    positions = [int(view.results.frame_index[moment.entry]) for moment in moments]
    with st.spinner("Loading frames"):
        return _thumbnail_cache().get(video.sha256, video_reader(video), positions)


@st.cache_resource(show_spinner=False)
def _thumbnail_cache() -> ThumbnailCache:
    """Shared by all sessions."""
    from frametally.rendering.thumbnails import ThumbnailCache

    return ThumbnailCache()
