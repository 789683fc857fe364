"""Fuzzing of video probing: mutated small files of every accepted container."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import msgspec

from frametally.errors import FrametallyError
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader
from frametally.video.probe import VideoInfo, probe
from tests.fuzz.mutations import mutated
from tests.support.videos import turned, write

_H264 = {"g": "12", "bf": "2", "preset": "ultrafast"}
_KINDS = {
    "a.mp4": ("libx264", _H264),
    "b.mkv": ("libx264", _H264),
    "c.ts": ("libx264", _H264),
    "d.mov": ("mpeg4", {"g": "12"}),
    "e.avi": ("mpeg4", {"g": "12", "bf": "2"}),
    "f.webm": ("libvpx", {"g": "12", "cpu-used": "8", "deadline": "realtime"}),
    "g.webm": ("libvpx-vp9", {"g": "12", "cpu-used": "8", "deadline": "realtime"}),
    "h.mp4": ("libx265", {"x265-params": "keyint=12:log-level=none", "preset": "ultrafast"}),
    "i.avi": ("mjpeg", {}),
}
FRAMES = 20


@dataclass(frozen=True)
class Opened:
    """The intact files, and the path of the one that is read."""

    originals: list[bytes]
    path: Path


@contextmanager
def opened(folder: Path) -> Iterator[Opened]:
    """Write the intact files once for all children."""
    for name, (codec, options) in _KINDS.items():
        if not (folder / name).exists():
            write(folder / f"new-{name}", codec, options, frames=FRAMES)
            (folder / f"new-{name}").rename(folder / name)
    turned(folder / "a.mp4", folder / "turned.mp4")
    originals = [path.read_bytes() for path in sorted(folder.glob("*.*")) if path.name != "input.bin"]
    yield Opened(originals, folder / "input.bin")


def make_input(opened: Opened, random: Random) -> bytes:
    return mutated(random.choice(opened.originals), opened.originals, random)


def attempt(opened: Opened, data: bytes, random: Random) -> str:
    """Probe the file, then show its first and last frame, as the library and the viewer do."""
    opened.path.write_bytes(data)
    try:
        info = probe(opened.path)
        _check(info)
        _look(opened.path)
    except FrametallyError as error:
        refusal = error
    else:
        return "read"
    assert refusal.what, "no reason"
    assert refusal.next_step, f"no next step: {refusal.what}"
    return type(refusal).__name__


def _check(info: VideoInfo) -> None:
    """A probed file has properties that every page can show."""
    assert info.width_px > 0
    assert info.height_px > 0
    assert math.isfinite(info.fps)
    assert info.fps > 0, info
    assert math.isfinite(info.duration_s)
    assert info.duration_s >= 0, info
    assert info.planned_count(min(1.0, info.fps)) >= 1, info
    assert msgspec.json.decode(msgspec.json.encode(info), type=VideoInfo) == info


def _look(path: Path) -> None:
    index = build_index(path)
    reader = FrameReader(path, index, cache_bytes=1 << 20, threads=1)
    for position in (0, len(index) - 1):
        image = reader.frame(position)
        assert image is None or image.ndim == 3
    reader.close()
