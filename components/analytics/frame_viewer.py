"""The frame of one entry with its detections."""

from __future__ import annotations

from collections.abc import Mapping
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

    _warnings(view, entry)
    scene = scene_of(view, entry)
    shown = _displayed(view, video, entry)
    if shown is not None:
        scene, is_turned = placed(scene, shown.analyzed_wh, shown.orientation)
        st.image(to_jpeg(draw(shown.image, scene, colors, min_width_px=_MIN_WIDTH_PX)), width="stretch")
        _notes(is_hdr=shown.is_tone_mapped, is_turned=is_turned)
    _details(view, scene, entry, None if shown is None or video is None else video, colors)


def frame_details(view: View, video: StoredVideo | None, entry: int, colors: Mapping[str, str]) -> None:
    """Draw what belongs to the frame that the player shows: notes, its detections as a table, its raw JSON."""
    from frametally.rendering.placement import placed
    from frametally.rendering.playback.sources import orientation_of_info
    from frametally.rendering.scenes import scene_of

    _warnings(view, entry)
    scene = scene_of(view, entry)
    if video is not None:
        info = video.info
        scene, is_turned = placed(scene, (info.width_px, info.height_px), orientation_of_info(info))
        _notes(is_hdr=info.is_hdr, is_turned=is_turned)
    _details(view, scene, entry, video, colors)


def _warnings(view: View, entry: int) -> None:
    analyzed = bool(view.table.analyzed[entry])
    if view.results.damaged[entry]:
        st.warning(DAMAGED_FRAME + ("" if analyzed else NOT_ANALYZED), icon=":material/broken_image:")
    elif not analyzed:
        st.warning("This frame was not analyzed.", icon=":material/visibility_off:")


def _details(view: View, scene: Scene, entry: int, video: StoredVideo | None, colors: Mapping[str, str]) -> None:
    """`video` is None if the frame cannot be downloaded."""
    st.caption(_caption(view, scene, entry))
    if len(scene.xyxy):
        st.dataframe(_rows(scene), hide_index=True, column_config=_FORMATS)
    with st.container(horizontal=True, vertical_alignment="center"):
        if video is not None:
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


def _png(video: StoredVideo, frame: int, scene: Scene, colors: Mapping[str, str]) -> bytes:
    """The frame with its detections; decoded again, as a session would keep the picture until it ends."""
    from frametally.rendering.annotate import draw
    from frametally.rendering.image_files import to_png

    shown = video_reader(video).displayed(frame)
    if shown is None:
        raise VideoError("This frame cannot be decoded.", "Look at another frame.")
    return to_png(draw(shown.image, scene, colors))


def _displayed(view: View, video: StoredVideo | None, entry: int) -> DisplayedFrame | None:
    if video is None:
        st.info("No copy of this video was kept, so its frames cannot be shown.", icon=":material/image:")
        return None
    with st.spinner("Loading frame"):
        shown = video_reader(video).displayed(int(view.results.frame_index[entry]))
    if shown is None:
        st.info("This frame cannot be decoded. The file is damaged or ends before it.", icon=":material/image:")
    return shown


def _notes(*, is_hdr: bool, is_turned: bool) -> None:
    """What differs between the shown picture and the analyzed one."""
    if is_hdr:
        st.caption("HDR video: colors are converted to SDR for display. The model analyzed the unconverted frame.")
    if is_turned:
        st.caption(
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
