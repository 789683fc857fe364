"""Small videos written by tests: a moving square, the same file padded, a rotated one, and one with sound only."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random

import av
import numpy as np
import pytest


@pytest.fixture(scope="session")
def small_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds at 10 frames per second, 320 x 240, H.264: a bright square crosses a gray field from the left."""
    path = tmp_path_factory.mktemp("video") / "square.mp4"
    write_video(path, frames=40, fps=10)
    return path


def write_video(
    path: Path, *, frames: int, fps: int, width_px: int = 320, height_px: int = 240, preset: str = "medium"
) -> None:
    """A gray field with some texture; a bright 48 px square moves across it from frame 10 on, 6 px a frame."""
    field = np.random.default_rng(7).integers(90, 110, (height_px, width_px, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=Fraction(fps), options={"crf": "18", "g": "12", "bf": "2", "preset": preset}
        )
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
        for number in range(frames):
            image = field.copy()
            if number >= 10:
                left = (number - 10) * 6
                image[96:144, left : left + 48] = 235
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))


def padded(video: Path, path: Path, size_bytes: int) -> Path:
    """Enlarge the video to `size_bytes` with an MP4 box of noise that players skip; the noise depends on the path."""
    content = video.read_bytes()
    padding = size_bytes - len(content)
    noise = Random(f"{path.parent.name}/{path.name}").randbytes(padding - 8)
    path.write_bytes(content + padding.to_bytes(4, "big") + b"free" + noise)
    return path


def cut(video: Path, target: Path, share: float) -> Path:
    """Write the first part of a video whose index is at the front, as after an interrupted download."""
    with av.open(str(video)) as source, av.open(str(target), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
    target.write_bytes(target.read_bytes()[: int(target.stat().st_size * share)])
    return target


def write_sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44_100)
        for _ in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
            frame.sample_rate = 44_100
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_rotated(path: Path, small_video: Path) -> Path:
    """The same picture stored on its side, with a display matrix that puts it upright."""
    with av.open(str(small_video)) as source, av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 240, 320, "yuv420p"
        for frame in source.decode(video=0):
            sideways = np.rot90(frame.to_ndarray(format="bgr24"), -1).astype(np.uint8, order="C")
            container.mux(stream.encode(av.VideoFrame.from_ndarray(sideways, format="bgr24")))
        container.mux(stream.encode(None))
    data = path.read_bytes()
    upright = b"".join(number.to_bytes(4, "big") for number in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
    turned = (0, 0xFFFF0000, 0, 1 << 16, 0, 0, 0, 240 << 16, 1 << 30)
    turned_bytes = b"".join(number.to_bytes(4, "big") for number in turned)
    track = data.index(b"tkhd")
    path.write_bytes(data[:track] + data[track:].replace(upright, turned_bytes, 1))
    return path
