"""Pictures of analyzed frames with their detections, exactly as the exports draw them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from frametally.errors import VideoError
from frametally.rendering.playback.sources import Source
from frametally.video.frame_reader import FrameReader

MIN_WIDTH_PX: Final = 960
"""Narrower pictures are enlarged, so that labels are readable."""
SMALL_WIDTH_PX: Final = 400
_SMALL_QUALITY: Final = 80
MAX_CACHE_BYTES: Final = 32 << 20


class FrameRequest(NamedTuple):
    """Which frame to draw, and what of its detections."""

    entry: int
    confidence: float
    shown: tuple[str, ...] | None
    """Display names of the classes; None: all."""
    is_plain: bool
    """Without detections."""
    is_small: bool = False
    """A preview: at most `SMALL_WIDTH_PX` wide, its boxes without labels."""


class ExactFrames:
    """Draws frames and keeps the most recently requested ones. Thread-safe."""

    def __init__(
        self,
        reader: Callable[[Path], FrameReader],
        colors: Callable[[Iterable[str]], Mapping[str, str]],
        *,
        max_bytes: int = MAX_CACHE_BYTES,
    ) -> None:
        """`reader` opens a stored video; `colors` returns the hex colors of class names."""
        self._reader, self._colors, self._max_bytes = reader, colors, max_bytes
        self._lock = threading.Lock()
        self._bytes = 0
        self._pictures: OrderedDict[tuple[object, FrameRequest], bytes] = OrderedDict()

    def jpeg(
        self, key: object, source: Source, request: FrameRequest, is_wanted: Callable[[], bool] = lambda: True
    ) -> bytes:
        """The JPEG file of a frame; `key` identifies the source.

        Raises:
            Superseded: `is_wanted` says so, while the frame is being decoded.
            VideoError: there is no such frame, or it cannot be decoded.
            ResultsError: the results are damaged.
        """
        with self._lock:
            known = self._pictures.get((key, request))
            if known is not None:
                self._pictures.move_to_end((key, request))
                return known
        picture = self._draw(source, request, is_wanted)
        self._keep((key, request), picture)
        return picture

    def _draw(self, source: Source, request: FrameRequest, is_wanted: Callable[[], bool]) -> bytes:
        # OpenCV and supervision are imported with the first frame, so that the server starts without them.
        from frametally.rendering.annotate import draw
        from frametally.rendering.image_files import shrunk, to_jpeg
        from frametally.rendering.placement import placed
        from frametally.rendering.scenes import scene_of

        results = source.view.results
        if source.video is None or not 0 <= request.entry < len(results.time_s):
            raise VideoError("This frame cannot be shown.", "Reload the page.")
        shown = self._reader(source.video.place).displayed(int(results.frame_index[request.entry]), is_wanted)
        if shown is None:
            raise VideoError("This frame cannot be decoded. The file is damaged or ends before it.")
        if request.is_plain and not request.is_small:
            return to_jpeg(shown.image)
        scene = scene_of(source.filtered(request.confidence, request.shown), request.entry)
        scene = placed(scene, shown.analyzed_wh, shown.orientation).scene
        colors = self._colors(source.view.names)
        if not request.is_small:
            return to_jpeg(draw(shown.image, scene, colors, min_width_px=MIN_WIDTH_PX))
        small = shrunk(shown.image, SMALL_WIDTH_PX)
        scene = replace(scene, wh=scene.wh or (shown.image.shape[1], shown.image.shape[0]))
        return to_jpeg(small if request.is_plain else draw(small, scene, colors, with_labels=False), _SMALL_QUALITY)

    def _keep(self, key: tuple[object, FrameRequest], picture: bytes) -> None:
        with self._lock:
            self._bytes += len(picture) - len(self._pictures.pop(key, b""))
            self._pictures[key] = picture
            while self._bytes > self._max_bytes:
                self._bytes -= len(self._pictures.popitem(last=False)[1])
