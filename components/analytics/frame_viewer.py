"""The exact analyzed frame behind a number, with what the model saw in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
import streamlit as st

from components.analytics.frame_source import reader_of
from components.video_card import format_time
from frametally.analysis.view import View
from frametally.library.video_store import StoredVideo

if TYPE_CHECKING:
    from frametally.rendering.scene import Scene
    from frametally.video.decoding import Image

_MIN_WIDTH_PX = 960
_CORNERS = ("x min", "y min", "x max", "y max")
_FORMATS = {
    "Confidence": st.column_config.NumberColumn(format="%.3f"),
    **{name: st.column_config.NumberColumn(format="%.1f", help="pixels") for name in _CORNERS},
}


def frame_view(view: View, video: StoredVideo | None, entry: int, colors: Mapping[str, str]) -> None:
    """Draw the frame of one entry as the view sees it, then its rows and its raw JSON."""
    from frametally.rendering.annotate import draw
    from frametally.rendering.image_files import to_jpeg, to_png
    from frametally.rendering.scenes import scene_of

    analyzed = bool(view.table.analyzed[entry])
    if not analyzed:
        st.warning("This frame was not analyzed (null in the results).", icon=":material/visibility_off:")
    scene = scene_of(view, entry)
    image = _image_of(view, video, entry)
    if image is not None:
        st.image(to_jpeg(draw(image, scene, colors, min_width_px=_MIN_WIDTH_PX)), width="stretch")
    st.caption(_caption(view, scene, entry))
    if len(scene.xyxy):
        st.dataframe(_rows(scene), hide_index=True, column_config=_FORMATS)
    with st.container(horizontal=True):
        if image is not None:
            st.download_button(
                "Frame (PNG)",
                lambda: to_png(draw(image, scene, colors)),
                f"frame-{int(view.results.frame_index[entry])}.png",
                "image/png",
                icon=":material/download:",
                on_click="ignore",
            )
        raw = st.toggle("Raw JSON of this entry", key="raw_entry")
    if raw:
        st.code(msgspec.json.format(msgspec.json.encode(view.results.raw_entry(entry)), indent=2).decode(), "json")


def _image_of(view: View, video: StoredVideo | None, entry: int) -> Image | None:
    if video is None:
        st.info("There is no copy of this video here, so its frames cannot be shown.", icon=":material/image:")
        return None
    with st.spinner("Finding the frame"):
        image = reader_of(video).frame(int(view.results.frame_index[entry]))
    if image is None:
        st.info("This frame cannot be decoded: the file ends before it, or is damaged here.", icon=":material/image:")
    return image


def _caption(view: View, scene: Scene, entry: int) -> str:
    where = f"Frame {int(view.results.frame_index[entry]):,} at {format_time(float(view.results.time_s[entry]))}"
    if not view.table.kind.has_boxes:
        return where
    found = f"{len(scene.xyxy)} detection{'' if len(scene.xyxy) == 1 else 's'}"
    return f"{where} · {found} at confidence ≥ {view.confidence:.2f}"


def _rows(scene: Scene) -> list[dict[str, object]]:
    return [
        {"Class": name, "Confidence": float(sure), **dict(zip(_CORNERS, map(float, corners), strict=True))}
        for name, sure, corners in zip(scene.class_names, scene.confidence, scene.xyxy, strict=True)
    ]
