"""Random access to frames of a 1080p video with a keyframe every 250 frames, compared with a lower bound.

frame_seek_vs_floor   ratio of the 95th percentiles for a random frame: our reader / the lower bound, which is to seek
                      in an open container and to decode from the preceding keyframe to the frame
next_frame_vs_opencv  ratio of the medians for the next analyzed frame: our reader / OpenCV's `POS_FRAMES` and `read`
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np

from frametally.video.decoding import upright
from frametally.video.frame_index import FrameIndex, build_index
from frametally.video.frame_reader import FrameReader

SECONDS = 20
FPS = 30
GOP = 250
ANALYZED_EVERY = 6
TRIES = 30


def figures() -> Iterator[tuple[str, float]]:
    """Print the times; yield the name and value of each ratio."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gop250.mp4"
        write_moving_picture(path, seconds=SECONDS, fps=FPS, gop=GOP)
        index = build_index(path)
        yield "frame_seek_vs_floor", random_frame(path, index)
        yield "next_frame_vs_opencv", next_analyzed(path, index)


def write_moving_picture(path: Path, *, seconds: int, fps: int, gop: int, size: tuple[int, int] = (1920, 1080)) -> None:
    """Write a moving, flickering random texture at 6 Mbit/s, as expensive to decode as camera video of this bitrate."""
    width_px, height_px = size
    random = np.random.default_rng(5)
    coarse = random.integers(0, 255, (height_px // 16, width_px // 8, 3), dtype=np.uint8)
    texture = cv2.resize(coarse, (width_px * 2, height_px), interpolation=cv2.INTER_CUBIC)
    grain = random.integers(-3, 4, (8, height_px, width_px, 1)).astype(np.int8)
    with av.open(str(path), "w") as container:
        options = {
            "preset": "veryfast",
            "g": str(gop),
            "keyint_min": str(gop),
            "sc_threshold": "0",
            "bf": "3",
            "slices": "1",
        }
        stream = container.add_stream("libx264", rate=Fraction(fps), options=options)
        stream.thread_type = "FRAME"  # the default of ffmpeg
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width_px, height_px, "yuv420p", 6_000_000
        for number in range(seconds * fps):
            left = number * 3 % width_px
            image = cv2.add(texture[:, left : left + width_px], grain[number % 8].repeat(3, 2), dtype=cv2.CV_8U)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image.astype(np.uint8, copy=False), format="bgr24")))
        container.mux(stream.encode(None))


def random_frame(path: Path, index: FrameIndex) -> float:
    """Ratio of the 95th percentiles, our reader / lower bound, measured alternately on the same frames."""
    reader = FrameReader(path, index, cache_bytes=0)
    ours, floor = [], []
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for position in np.random.default_rng(1).integers(0, len(index), TRIES).tolist():
            floor.append(took_ms(partial(_from_keyframe, container, int(index.pts[position]))))
            ours.append(took_ms(partial(reader.frame, position)))
    _print("a random frame", ours, "decoded from its keyframe", floor)
    return float(np.percentile(ours, 95) / np.percentile(floor, 95))


def next_analyzed(path: Path, index: FrameIndex) -> float:
    """Ratio of the medians, our reader / OpenCV, for stepping through the analyzed frames."""
    reader = FrameReader(path, index)
    capture = cv2.VideoCapture(str(path))
    ours, theirs = [], []
    start = GOP // 2
    reader.frame(start)
    for position in range(start + ANALYZED_EVERY, start + ANALYZED_EVERY * TRIES, ANALYZED_EVERY):
        ours.append(took_ms(partial(reader.frame, position)))
        theirs.append(took_ms(partial(_by_opencv, capture, position)))
    capture.release()
    _print("the next analyzed frame", ours, "OpenCV, POS_FRAMES", theirs)
    return float(np.median(ours) / np.median(theirs))


def took_ms(work: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    work()
    return (time.perf_counter() - started_s) * 1000


def _from_keyframe(container: av.container.InputContainer, pts: int) -> None:
    container.seek(pts, stream=container.streams.video[0])
    for frame in container.decode(container.streams.video[0]):
        if frame.pts is not None and frame.pts >= pts:
            upright(frame)
            return


def _by_opencv(capture: cv2.VideoCapture, position: int) -> None:
    capture.set(cv2.CAP_PROP_POS_FRAMES, position)
    capture.read()


def _print(our_name: str, ours: list[float], their_name: str, theirs: list[float]) -> None:
    for name, times_ms in ((our_name, ours), (f"  {their_name}", theirs)):
        median_ms, p95_ms = np.percentile(times_ms, [50, 95])
        print(f"{name:32} median {median_ms:7.1f} ms   p95 {p95_ms:7.1f} ms")


if __name__ == "__main__":
    for name, value in figures():
        print(f"figure {name} {value:.3f}")
