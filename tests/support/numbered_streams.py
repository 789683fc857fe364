"""Small videos whose pictures show their own number, with any times, flags and time base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt

MAX_PICTURES: Final = 64
_CELL_PX: Final = 16
_BITS: Final = 6
_TS_PACKET_BYTES: Final = 188


@dataclass(frozen=True, kw_only=True)
class Coding:
    """How the pictures are coded."""

    codec: str
    pictures: int
    group: int
    """Pictures from one keyframe to the next."""
    b_frames: int = 0
    is_open: bool = False
    """Whether pictures shown before a keyframe may refer to it from behind."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Times and flags of the packets."""

    steps: tuple[int, ...]
    """Ticks from each picture to the next in display order, repeated as needed; 0: the same time."""
    start: int
    """Time of the first picture in ticks; before 0, an edit list hides it in MP4."""
    time_base: Fraction
    is_shuffled: bool = False
    """Whether neighbors exchange their times; only where no picture refers to another."""
    unmarked: float = 0.0
    """Share of the keyframes that are not marked as such."""
    seed: int = 0


def write_numbered(path: Path, coding: Coding, timing: Timing) -> None:
    """Write the pictures 0, 1, … in the container that the name of the file asks for."""
    random = Random(timing.seed)
    packets = _coded(coding)
    shown = _times(timing, len(packets))
    options = {"avoid_negative_ts": "disabled"} if path.suffix in (".mp4", ".mov") else {}
    with av.open(str(path), "w", options=options) as container:
        stream: Any = container.add_stream(coding.codec, rate=25)
        _configure(stream, coding)
        stream.time_base = timing.time_base
        container.start_encoding()
        for (content, number, is_key), dts in zip(packets, _decoding_times(packets, shown), strict=True):
            packet: Any = av.Packet(content)
            packet.stream, packet.time_base = stream, timing.time_base
            packet.pts, packet.dts = shown[number], dts
            packet.is_keyframe = is_key and random.random() >= timing.unmarked
            container.mux_one(packet)


def number_of(frame: av.VideoFrame) -> int:
    """The number that a picture shows."""
    gray = frame.to_ndarray(format="gray")
    middle = _CELL_PX // 2
    return sum(1 << bit for bit in range(_BITS) if gray[middle, bit * _CELL_PX + middle] > 128)


def with_lost_packets(path: Path, share: float, seed: int) -> None:
    """Break the count of packets (continuity_counter) in an MPEG-TS file, as if some were lost: nothing is missing.

    The demuxer flags what comes next as corrupt (ISO/IEC 13818-1, 2.4.3.3).
    """
    random, content = Random(seed), bytearray(path.read_bytes())
    for at in range(0, len(content), _TS_PACKET_BYTES):
        if random.random() < share:
            content[at + 3] = content[at + 3] & 0xF0 | random.randrange(16)
    path.write_bytes(content)


@lru_cache(maxsize=64)
def _coded(coding: Coding) -> tuple[tuple[bytes, int, bool], ...]:
    """(content, number of the picture, whether it is a keyframe) in file order."""
    codec: Any = av.CodecContext.create(coding.codec, "w")
    _configure_codec(codec, coding)
    packets: list[Any] = []
    for number in range(coding.pictures):
        frame = av.VideoFrame.from_ndarray(_picture(number), format="gray").reformat(format=codec.pix_fmt)
        frame.pts, frame.time_base = number, Fraction(1, 25)
        packets += codec.encode(frame)
    packets += codec.encode(None)
    return tuple((bytes(packet), packet.pts, packet.is_keyframe) for packet in packets)


def _configure(stream: Any, coding: Coding) -> None:
    _configure_codec(stream.codec_context, coding)


def _configure_codec(codec: Any, coding: Coding) -> None:
    codec.width, codec.height = _BITS * _CELL_PX, _CELL_PX
    codec.pix_fmt = "yuvj420p" if coding.codec == "mjpeg" else "yuv420p"
    codec.time_base, codec.framerate = Fraction(1, 25), Fraction(25)
    codec.options = _options(coding)
    codec.thread_count = 1


def _options(coding: Coding) -> dict[str, str]:
    group = {"g": str(coding.group)}
    if coding.codec == "libx264":
        closed = f"keyint={coding.group}:min-keyint={coding.group}:scenecut=0:open-gop={int(coding.is_open)}"
        return {"preset": "ultrafast", "bf": str(coding.b_frames), "x264-params": f"{closed}:b-adapt=0"}
    return group | ({"bf": str(coding.b_frames)} if coding.codec in ("mpeg4", "mpeg2video") else {})


def _picture(number: int) -> npt.NDArray[np.uint8]:
    bits = [235 if number >> bit & 1 else 16 for bit in range(_BITS)]
    return np.repeat(np.repeat(np.array([bits], np.uint8), _CELL_PX, axis=0), _CELL_PX, axis=1)


def _times(timing: Timing, pictures: int) -> list[int]:
    steps = [timing.steps[at % len(timing.steps)] for at in range(pictures - 1)]
    times = list(accumulate(steps, initial=timing.start))
    if timing.is_shuffled:
        for at in range(0, pictures - 1, 3):
            times[at], times[at + 1] = times[at + 1], times[at]
    return times


def _decoding_times(packets: Sequence[tuple[bytes, int, bool]], shown: Sequence[int]) -> list[int]:
    """Ascending, none after its presentation time."""
    latest: list[int] = []
    for _, number, _ in reversed(packets):
        before = latest[-1] - 1 if latest else shown[number]
        latest.append(min(shown[number], before))
    return latest[::-1]
