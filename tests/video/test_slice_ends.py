"""Keyframes whose data do not end where their picture does."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from frametally.video.coding.slice_ends import keyframes_with_other_ends
from frametally.video.damage import find_damage
from frametally.video.frame_index import build_index
from tests.support.soak import shortened

WIDTH_PX, HEIGHT_PX, FRAMES = 320, 192, 12
CODERS = {
    "h264": ("libx264", {"g": "1", "preset": "veryfast"}),
    "h264 in slices": ("libx264", {"g": "1", "preset": "veryfast", "slices": "3"}),
    "h264 without cabac": ("libx264", {"g": "1", "preset": "veryfast", "coder": "0"}),
    "hevc": ("libx265", {"x265-params": "keyint=1:log-level=none", "preset": "ultrafast"}),
}
PICTURES = ["plain", "page", "bars", "dark"]


def _picture(kind: str, number: int) -> npt.NDArray[np.uint8]:
    random = np.random.default_rng(number)
    image = np.full((HEIGHT_PX, WIDTH_PX, 3), number, np.uint8)
    if kind == "page":
        image[:] = 250
        image[20:40, 20:150] = number * 4
    if kind == "bars":
        image[40:-40] = random.integers(0, 255, (HEIGHT_PX - 80, WIDTH_PX, 3))
    if kind == "dark":
        image[:] = random.integers(0, 6, image.shape)
    return image


def _write(path: Path, coder: str, kind: str, frames: int = FRAMES) -> None:
    codec, options = CODERS[coder]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=24, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        for number in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(_picture(kind, number), format="bgr24")))
        container.mux(stream.encode(None))


def _found(path: Path) -> set[int]:
    keyframes = set(build_index(path).keyframes[:, 1].tolist())
    assert len(keyframes) == FRAMES
    return keyframes_with_other_ends(path, keyframes, lambda: None)


@pytest.mark.parametrize("container", ["mp4", "ts"])
@pytest.mark.parametrize("coder", CODERS)
@pytest.mark.parametrize("kind", shortened(PICTURES, ["page", "bars"]))
def test_an_intact_picture_ends_with_its_data(tmp_path: Path, coder: str, kind: str, container: str) -> None:
    _write(tmp_path / f"clip.{container}", coder, kind)
    assert _found(tmp_path / f"clip.{container}") == set()


@pytest.mark.parametrize("coder", ["h264", "h264 in slices", "hevc"])
def test_a_picture_with_a_changed_byte_does_not(tmp_path: Path, coder: str) -> None:
    path = tmp_path / "clip.mp4"
    _write(path, coder, "bars")
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.pos and packet.size]
    content, random = bytearray(path.read_bytes()), Random(5)
    for start, size in packets[::2]:
        content[start + size // 2] ^= random.randrange(1, 256)
    path.write_bytes(content)
    found = _found(path)
    assert found <= set(range(0, FRAMES, 2))
    assert len(found) >= FRAMES // 2 - 1, "chance: a changed symbol after which all others are the same"


def test_frames_before_a_keyframe_that_are_decoded_after_it_depend_on_those_before_it(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=24, options={"g": "12", "bf": "2", "flags": "-cgop"})
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        for number in range(36):
            image = np.roll(_picture("bars", 0), number, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    index = build_index(path)
    second = int(index.positions_of_packets[index.keyframes[1, 1]])
    leading = np.flatnonzero((np.arange(len(index)) < second) & (index.packets > index.keyframes[1, 1]))
    assert len(leading) > 0
    with av.open(str(path)) as opened:
        first = next(packet for packet in opened.demux(video=0))
        assert first.pos is not None
        middle = first.pos + first.size // 2
    content = bytearray(path.read_bytes())
    content[middle : middle + 64] = bytes(64)
    path.write_bytes(content)
    damaged = find_damage(path, build_index(path))
    assert damaged[:second].all()
    assert damaged[leading].all()
    assert not damaged[second:].any()
