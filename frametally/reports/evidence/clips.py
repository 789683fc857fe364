"""Short clips around frames of a brief: annotated, blurred where asked for, H.264 without sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Final

import av
import numpy as np

from frametally.analysis.view import View
from frametally.rendering.annotate import draw
from frametally.rendering.image_files import shrunk
from frametally.rendering.placement import placed
from frametally.rendering.scene import Scene
from frametally.rendering.scenes import scene_of
from frametally.reports.evidence.pictures import Painter, blur_in
from frametally.video.decoding import Image
from frametally.video.displayed_frame import displayed
from frametally.video.frame_index import FrameIndex

MAX_CLIPS: Final = 12
BEFORE_S: Final = 1.5
AFTER_S: Final = 1.5
MAX_WIDTH_PX: Final = 720
_MAX_FRAMES: Final = 200
_ENCODER: Final = {"preset": "veryfast", "crf": "28"}


@dataclass(frozen=True)
class DrawnClip:
    """An encoded clip."""

    mp4: bytes
    width_px: int
    height_px: int
    may_lack: bool


def clip_of(painter: Painter, view: View, entry: int) -> DrawnClip | None:
    """The seconds around an entry; None if nothing can be decoded, or if a part of it could not be blurred.

    With blur, it ends with the last analyzed frame: where things go from there is not known. Entries whose frames are
    not in order have no clip.
    """
    index, frames = painter.reader.index, view.results.frame_index
    if np.any(np.diff(frames) < 0):
        return None
    center_s = float(view.results.time_s[entry])
    edges_s = (center_s - BEFORE_S, center_s, center_s + AFTER_S)
    first, middle, stop = np.searchsorted(index.times_s, edges_s).tolist()
    if painter.blurrings:
        stop = min(stop, int(frames[-1]) + 1)
    positions = range(max(first, middle - _MAX_FRAMES // 2), min(stop, middle + _MAX_FRAMES // 2))
    blurred = _Blurred(painter, view)
    if not all(blurred.is_known(position) for position in positions):
        return None
    with NamedTemporaryFile(suffix=".mp4") as file:  # FFmpeg moves the index to the front only in a real file
        wh = _write(Path(file.name), _drawn(painter, view, blurred, positions), index)
        return DrawnClip(Path(file.name).read_bytes(), *wh, blurred.may_lack) if wh else None


class _Blurred:
    """What is blurred in frames between the analyzed ones."""

    def __init__(self, painter: Painter, view: View) -> None:
        self._frames, self._blurrings = view.results.frame_index, painter.blurrings
        self.may_lack = False

    def entry(self, position: int) -> int:
        """The latest entry at a frame; -1 before the first."""
        return int(np.searchsorted(self._frames, position, side="right")) - 1

    def is_known(self, position: int) -> bool:
        entry = self.entry(position)
        return all(entry >= 0 and one.between(entry).is_known for one in self._blurrings)

    def apply(self, position: int, shown: Any) -> Any:
        if not self._blurrings:
            return shown
        shown = shown._replace(image=shown.image.copy())
        for one in self._blurrings:
            found = one.between(self.entry(position))
            self.may_lack = self.may_lack or found.may_lack
            blur_in(shown, found)
        return shown


def _drawn(painter: Painter, view: View, blurred: _Blurred, positions: range) -> Iterator[tuple[int, Image]]:
    entry, scene = -1, Scene.empty()
    for position, frame in painter.reader.frames(positions):
        shown = blurred.apply(position, displayed(frame, painter.reader.pixel_aspect))
        if blurred.entry(position) != entry:
            entry = blurred.entry(position)
            scene = scene_of(view, entry) if entry >= 0 else Scene.empty()
        here = placed(scene, shown.analyzed_wh, shown.orientation).scene
        yield position, draw(shrunk(shown.image, MAX_WIDTH_PX), here, painter.colors)


def _write(path: Path, pictures: Iterator[tuple[int, Image]], index: FrameIndex) -> tuple[int, int] | None:
    """Encode the pictures; returns their size, None without one. 4:2:0 requires even sides."""
    first = next(pictures, None)
    if first is None:
        return None
    start, (height_px, width_px) = int(index.pts[first[0]]), (side // 2 * 2 for side in first[1].shape[:2])
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream: Any = container.add_stream("libx264", rate=30, options=_ENCODER)
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
        stream.codec_context.time_base = index.time_base
        for position, image in chain([first], pictures):
            if image.shape[:2] == first[1].shape[:2]:  # the frames of a source may change their size
                cut = np.ascontiguousarray(image[:height_px, :width_px])
                frame = av.VideoFrame.from_ndarray(cut, format="bgr24")
                frame.pts, frame.time_base = int(index.pts[position]) - start, index.time_base
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return width_px, height_px
