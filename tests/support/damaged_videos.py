"""Clips with random bytes changed, and how well their damage is found."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import av
import numpy as np
import numpy.typing as npt

from frametally.video.damage import find_damage
from frametally.video.frame_index import FrameIndex, build_index
from frametally.video.frame_reader import FrameReader

ENCODERS: dict[str, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"g": "24", "bf": "2", "crf": "24", "preset": "veryfast"}),
    "hevc": ("libx265", {"x265-params": "keyint=24:log-level=none", "crf": "26", "preset": "ultrafast"}),
    "vp9": ("libvpx-vp9", {"g": "24", "crf": "32", "b": "0", "cpu-used": "8", "deadline": "realtime"}),
    "mpeg4": ("mpeg4", {"g": "24", "bf": "2", "qscale": "4"}),
}
_VISIBLE = 3.0
"""Mean error, in levels of 0 to 255, above which a picture counts as damaged."""


class Figures(NamedTuple):
    """Frames by mean error against the intact clip."""

    visible: int
    visible_marked: int
    identical: int
    identical_marked: int

    def __add__(self, other: Any) -> Figures:
        return Figures(*(a + b for a, b in zip(self, other, strict=True)))

    def __str__(self) -> str:
        return (
            f"{self.visible_marked} of {self.visible} visibly damaged frames and "
            f"{self.identical_marked} of {self.identical} identical frames are marked"
        )


def write_clip(path: Path, codec: str, frames: int = 96, width_px: int = 320, height_px: int = 192) -> None:
    """A textured background that moves slowly, with a bright square that crosses it."""
    encoder, options = ENCODERS[codec]
    noise = np.random.default_rng(3).integers(60, 140, (height_px // 4, width_px // 4, 3), dtype=np.uint8)
    field = noise.repeat(4, 0).repeat(4, 1)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(encoder, rate=24, options=options)
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
        for number in range(frames):
            image = np.roll(field, number // 2, axis=1)
            left = number * 3 % (width_px - 48)
            image[60:108, left : left + 48] = 230
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))


def change_bytes(intact: Path, target: Path, seed: int, count: int) -> None:
    """Copy a clip with `count` random bytes of its packets replaced by random ones."""
    with av.open(str(intact)) as container:
        spans = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    places = np.concatenate([np.arange(start, start + size) for start, size in spans if start is not None])
    content, random = bytearray(intact.read_bytes()), Random(seed)
    for _ in range(count):
        content[int(places[random.randrange(len(places))])] = random.randrange(256)
    target.write_bytes(content)


def measure(intact: Path, damaged: Path) -> Figures:
    """Compare every frame with the intact clip; a frame that cannot be decoded is visibly damaged."""
    index = build_index(intact)
    expected, shown = _gray_frames(intact, index), _gray_frames(damaged, build_index(damaged))
    marked = find_damage(damaged, build_index(damaged))
    figures = Figures(0, 0, 0, 0)
    for position, image in expected.items():
        error = np.abs(image - shown[position]).mean() if position in shown else np.inf
        is_marked = bool(marked[position])
        if error > _VISIBLE:
            figures += Figures(1, is_marked, 0, 0)
        elif error == 0:
            figures += Figures(0, 0, 1, is_marked)
    return figures


def _gray_frames(path: Path, index: FrameIndex) -> dict[int, npt.NDArray[np.int16]]:
    reader = FrameReader(path, index, cache_bytes=0)
    return {
        position: frame.to_ndarray(format="gray").astype(np.int16)
        for position, frame in reader.frames(range(len(index)))
    }
