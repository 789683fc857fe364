"""The pictures of a brief: the exact analyzed frames, blurred where asked for, with their detections drawn on them."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image as PillowImage

from frametally.analysis.view import View
from frametally.rendering.annotate import draw
from frametally.rendering.image_files import shrunk
from frametally.rendering.placement import placed
from frametally.rendering.scene import Scene
from frametally.rendering.scenes import scene_of
from frametally.reports.blur.boxes import BlurredBoxes, Blurring
from frametally.reports.blur.pixels import blur
from frametally.video.decoding import Image
from frametally.video.displayed_frame import DisplayedFrame
from frametally.video.frame_reader import FrameReader

MIN_WIDTH_PX: Final = 960
"""Narrower pictures are enlarged, so that labels are readable."""
MAX_WIDTH_PX: Final = 1280
TOTAL_BYTES: Final = 2_800_000
"""Of all pictures together, about."""
_MAX_BYTES: Final = 180_000
_MIN_BYTES: Final = 24_000
_USUAL_BYTES: Final = 110_000
"""Of a detailed picture of the maximum width."""
_QUALITIES: Final = (76, 60)
_EFFORT: Final = 2
_SHRINK: Final = 0.75
_MIN_SHRUNK_PX: Final = 420


@dataclass(frozen=True)
class DrawnPicture:
    """An encoded picture."""

    webp: bytes
    width_px: int
    height_px: int


@dataclass(frozen=True, kw_only=True)
class Painter:
    """Draws the frames of one video."""

    reader: FrameReader
    blurrings: Sequence[Blurring] = ()
    """Of each model in the brief; empty: nothing is blurred."""
    colors: Mapping[str, str]

    def frames(self, entries: Mapping[int, int]) -> Iterator[tuple[int, DisplayedFrame | None, bool]]:
        """(entry, its frame with everything blurred, whether the model may have missed something) of each entry.

        The frame is None if it cannot be decoded, or if a model has not analyzed it and so nothing could be blurred.

        Args:
            entries: the frame of each entry, by display index.
        """
        for entry, position in sorted(entries.items(), key=lambda pair: pair[1]):
            found = [one.at(entry) for one in self.blurrings]
            shown = self.reader.displayed(position) if all(one.is_known for one in found) else None
            if shown is None:
                yield entry, None, False
                continue
            if found:
                shown = shown._replace(image=shown.image.copy())
                for one in found:
                    blur_in(shown, one)
            yield entry, shown, any(one.may_lack for one in found)

    def drawn(self, view: View, entry: int, shown: DisplayedFrame, *, min_width_px: int = MIN_WIDTH_PX) -> Image:
        """The detections of a view on a frame."""
        scene = placed(scene_of(view, entry), shown.analyzed_wh, shown.orientation).scene
        return draw(shown.image, scene, self.colors, min_width_px=min_width_px)


def blur_in(shown: DisplayedFrame, found: BlurredBoxes) -> None:
    """Blur boxes in a displayed frame, in place."""
    scene = Scene(xyxy=found.xyxy.astype(np.float32), class_names=(), confidence=np.zeros(0), wh=found.wh)
    scene = placed(scene, shown.analyzed_wh, shown.orientation).scene
    width, height = scene.wh or shown.analyzed_wh
    scale = np.array([shown.image.shape[1] / width, shown.image.shape[0] / height])
    blur(shown.image, scene.xyxy.astype(np.float64) * np.tile(scale, 2))


def bytes_per_picture(pictures: int) -> int:
    """How large each may be, so that all together are about `TOTAL_BYTES`."""
    return int(min(max(TOTAL_BYTES / max(pictures, 1), _MIN_BYTES), _MAX_BYTES))


def encoded(image: Image, max_bytes: int) -> DrawnPicture:
    """The picture as WebP: as wide as usually fits into this size, then of lower quality, then smaller."""
    width_px = min(round(MAX_WIDTH_PX * min(math.sqrt(max_bytes / _USUAL_BYTES), 1.0)), MAX_WIDTH_PX)
    while True:
        small = shrunk(image, width_px)
        data = next((data for quality in _QUALITIES if len(data := _webp(small, quality)) <= max_bytes), b"")
        if data or width_px <= _MIN_SHRUNK_PX:
            return DrawnPicture(data or _webp(small, _QUALITIES[-1]), small.shape[1], small.shape[0])
        width_px = max(round(width_px * _SHRINK), _MIN_SHRUNK_PX)


def _webp(image: Image, quality: int) -> bytes:
    """With Pillow, which lets the effort be chosen: the usual one takes twice as long for 4 % less."""
    file = io.BytesIO()
    PillowImage.fromarray(image[..., ::-1]).save(file, "WEBP", quality=quality, method=_EFFORT)
    return file.getvalue()
