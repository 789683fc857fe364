"""The frame of one entry with its detections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import msgspec
import streamlit as st

from components.analytics.video_reader import video_reader
from components.formatting import format_time, plural
from frametally.analysis.view import View
from frametally.errors import VideoError
from frametally.library.video_store import StoredVideo

if TYPE_CHECKING:
    from frametally.rendering.scene import Scene
    from frametally.video.displayed_frame import DisplayedFrame

_MIN_WIDTH_PX = 960
DAMAGED_FRAME = "This frame is damaged in the video file: what it shows may be wrong."
NOT_ANALYZED = " It was not analyzed."
_CORNERS = ("x min", "y min", "x max", "y max")
_FORMATS = {
    "Confidence": st.column_config.NumberColumn(format="%.3f"),
    **{name: st.column_config.NumberColumn(format="%.1f", help="pixels") for name in _CORNERS},
}


def frame_viewer(view: View, video: StoredVideo | None, entry: int, colors: Mapping[str, str]) -> None:
    """Draw the annotated frame of one entry, its detections as a table, and its raw JSON."""
    from frametally.rendering.annotate import draw
    from frametally.rendering.image_files import to_jpeg
    from frametally.rendering.placement import placed
    from frametally.rendering.scenes import scene_of

    analyzed = bool(view.table.analyzed[entry])
    if view.results.damaged[entry]:
        st.warning(DAMAGED_FRAME + ("" if analyzed else NOT_ANALYZED), icon=":material/broken_image:")
    elif not analyzed:
        st.warning("This frame was not analyzed.", icon=":material/visibility_off:")
    scene = scene_of(view, entry)
    shown = _displayed(view, video, entry)
    image = None if shown is None else shown.image
    if shown is not None and image is not None:
        scene, is_turned = placed(scene, shown.analyzed_wh, shown.orientation)
        st.image(to_jpeg(draw(image, scene, colors, min_width_px=_MIN_WIDTH_PX)), width="stretch")
        for note in _notes(shown, is_turned):
            st.caption(note)
    st.caption(_caption(view, scene, entry))
    if len(scene.xyxy):
        st.dataframe(_rows(scene), hide_index=True, column_config=_FORMATS)
    with st.container(horizontal=True, vertical_alignment="center"):
        if image is not None and video is not None:
            st.download_button(
                "Download frame (PNG)",
                partial(_png, video, int(view.results.frame_index[entry]), scene, colors),
                f"frame-{int(view.results.frame_index[entry])}.png",
                "image/png",
                icon=":material/download:",
                on_click="ignore",
            )
        raw = st.toggle("Raw JSON for this frame", key="raw_entry")
    if raw:
        st.code(msgspec.json.format(msgspec.json.encode(view.results.raw_entry(entry)), indent=2).decode(), "json")


def _displayed(view: View, video: StoredVideo | None, entry: int) -> DisplayedFrame | None:
    if video is None:
        st.info("No copy of this video was kept, so its frames cannot be shown.", icon=":material/image:")
        return None
    with st.spinner("Loading frame"):
        shown = video_reader(video).displayed(int(view.results.frame_index[entry]))
    if shown is None:
        st.info("This frame cannot be decoded. The file is damaged or ends before it.", icon=":material/image:")
    return shown


def _png(video: StoredVideo, frame: int, scene: Scene, colors: Mapping[str, str]) -> bytes:
    """The frame with its detections; decoded again, as a session would keep the picture until it ends."""
    from frametally.rendering.annotate import draw
    from frametally.rendering.image_files import to_png

    shown = video_reader(video).displayed(frame)
    if shown is None:
        raise VideoError("This frame cannot be decoded.", "Look at another frame.")
    return to_png(draw(shown.image, scene, colors))


def _notes(shown: DisplayedFrame, is_turned: bool) -> Iterator[str]:
    """What differs between the shown picture and the analyzed one."""
    if shown.is_tone_mapped:
        yield "HDR video: colors are converted to SDR for display. The model analyzed the unconverted frame."
    if is_turned:
        yield (
            "The service analyzed the stored picture without rotating it. Detections are rotated here to fit; exported "
            "coordinates are those of the service."
        )


def _caption(view: View, scene: Scene, entry: int) -> str:
    where = f"Frame {int(view.results.frame_index[entry]):,} at {format_time(float(view.results.time_s[entry]))}"
    if not view.table.kind.has_boxes:
        return where
    return f"{where} · {plural(len(scene.xyxy), 'detection')} · min. confidence {view.confidence:.2f}"


def _rows(scene: Scene) -> list[dict[str, object]]:
    return [
        {"Class": name, "Confidence": float(confidence), **dict(zip(_CORNERS, map(float, corners), strict=True))}
        for name, confidence, corners in zip(scene.class_names, scene.confidence, scene.xyxy, strict=True)
    ]
