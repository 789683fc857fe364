"""Generated videos that are hard to index; those that PyAV cannot write need ffmpeg."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.support.archives import archive_cached
from tests.support.made_once import made_once

FRAMES = 60
FPS = 10


@pytest.fixture(scope="session")
def hard_videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one video of each kind that PyAV can write."""
    return made_once(tmp_path_factory, "hard_videos", _write_hard)


def _write_hard(folder: Path) -> None:
    b_frames = {"g": "12", "bf": "3", "preset": "veryfast"}
    write(folder / "b_frames.mp4", "libx264", b_frames)
    write(folder / "long_gop.mp4", "libx264", {**b_frames, "g": "250"})
    open_gop = {**b_frames, "x264-params": "open-gop=1:keyint=12:min-keyint=12:scenecut=0"}
    for suffix in ("mp4", "mkv", "ts"):
        write(folder / f"open_gop.{suffix}", "libx264", open_gop)
    write(folder / "hevc.mp4", "libx265", {"x265-params": "keyint=12:open-gop=1:log-level=none", "preset": "ultrafast"})
    write(folder / "ntsc.mp4", "libx264", b_frames, rate=Fraction(30000, 1001))
    write(folder / "variable.mp4", "libx264", b_frames, pts=[n * 33 + (n // 5) * 150 for n in range(FRAMES)])
    write(folder / "late.mkv", "libx264", b_frames, pts=[7500 + n * 100 for n in range(FRAMES)])
    write(folder / "missing_pts.avi", "libx264", b_frames)
    write(folder / "mpeg4.avi", "mpeg4", {"g": "12", "bf": "2"})
    write(folder / "refresh.mp4", "libx264", {"bf": "0", "x264-params": "intra-refresh=1:keyint=12"})
    write(folder / "vp8.webm", "libvpx", {"auto-alt-ref": "1", "lag-in-frames": "16", "g": "20", "cpu-used": "8"})
    write(folder / "vp9.webm", "libvpx-vp9", {"auto-alt-ref": "1", "lag-in-frames": "16", "g": "20", "cpu-used": "8"})
    write(folder / "intra.avi", "mjpeg", {})
    write(folder / "one.mp4", "libx264", {}, frames=1)
    write(folder / "cut.mp4", "libx264", b_frames, faststart=True)
    write(folder / "refresh.ts", "libx264", {"bf": "0", "x264-params": "intra-refresh=1:keyint=12"})
    for name, source in (("cut.mp4", "cut.mp4"), ("cut.ts", "open_gop.ts"), ("cut.avi", "mpeg4.avi")):
        whole = (folder / source).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) * 3 // 5])
    turned(folder / "b_frames.mp4", folder / "turned.mp4")


@pytest.fixture(scope="session")
def remuxed_videos(hard_videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with videos that only ffmpeg can write: edit lists, negative times, two streams, hidden VP8 in AVI."""
    if not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    return made_once(tmp_path_factory, "remuxed_videos", partial(_remux, hard_videos))


def _remux(hard_videos: Path, folder: Path) -> None:
    cut = ["-ss", "1.7", "-i", str(hard_videos / "b_frames.mp4"), "-c", "copy"]
    ffmpeg(*cut, folder / "edit_list.mp4")
    ffmpeg("-ss", "1.7", "-i", str(hard_videos / "open_gop.mp4"), "-c", "copy", folder / "edit_list_open.mp4")
    ffmpeg(*cut, "-avoid_negative_ts", "disabled", folder / "negative.mkv")
    ffmpeg(*cut, "-use_editlist", "0", "-avoid_negative_ts", "disabled", folder / "negative.mp4")
    two = ["-i", str(hard_videos / "variable.mp4"), "-i", str(hard_videos / "b_frames.mp4"), "-map", "0", "-map", "1"]
    second = ["-c", "copy", "-disposition:v:0", "0", "-disposition:v:1", "default"]
    ffmpeg(*two, *second, folder / "two.mp4")
    ffmpeg("-i", str(hard_videos / "vp8.webm"), "-c", "copy", folder / "hidden.avi")


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True, timeout=60)


def write(
    path: Path,
    codec: str,
    options: dict[str, str],
    *,
    frames: int = FRAMES,
    rate: Fraction = Fraction(FPS),
    pts: list[int] | None = None,
    faststart: bool = False,
) -> None:
    """Write a video of a bar that moves over noise, so that each frame can be identified; `pts` are in milliseconds."""
    noise = np.random.default_rng(3).integers(60, 120, (64, 96, 3), dtype=np.uint8)
    with av.open(str(path), "w", options={"movflags": "faststart"} if faststart else {}) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if pts:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(frames):
            image = np.roll(noise, number, axis=0)
            image[:, number : number + 6] = 230
            picture = av.VideoFrame.from_ndarray(image, format="bgr24")
            if pts:
                picture.pts, picture.time_base = pts[number], Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def turned(source: Path, target: Path) -> None:
    """The same video with a display matrix that rotates it by 90°."""
    content = source.read_bytes()
    at = content.index(b"tkhd") + 44
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    target.write_bytes(content[:at] + matrix + content[at + len(matrix) :])


def box(x: float, y: float, width: float, height: float, confidence: float = 0.9) -> dict[str, Any]:
    """An object-detection prediction of class `square`; x and y are its center."""
    place = {"x": x, "y": y, "width": width, "height": height}
    return {**place, "confidence": confidence, "class": "square", "class_id": 0}


def archived(folder: Path, entries: list[Any], every: int = 1, fps: int = FPS, key: str = "model") -> Path:
    """Archived results with these entries, one per `every` frames."""
    frames = [number * every for number in range(len(entries))]
    content = {"frame_offset": frames, "time_offset": [frame / fps for frame in frames], key: entries}
    (folder / "results.json").write_text(json.dumps(content))
    archive_cached(folder / "results.json", folder / "results")
    return folder / "results"
