"""Streams whose packets are not their frames: fields, joined recordings, wrapped clocks, missing times, late starts."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from tests.support.videos import write

FIELD_SIDE_PX = 16
"""A field of `write_fields` is one macroblock; a frame is twice as high."""
_PES_VIDEO = b"\x00\x00\x01\xe0"

Gray = npt.NDArray[np.uint8]


def decoded(path: Path) -> list[Gray]:
    """The luma of every frame of a plain decode, in the order of the decoder."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray").astype(np.uint8, copy=False) for frame in container.decode(video=0)]


def write_fields(path: Path, frames: int) -> None:
    """Frames of two H.264 fields, each a packet with its own time, at 25 frames per second (PAFF).

    Every macroblock is I_PCM: its samples are stored as they are (ITU-T H.264, 7.3.5).
    """
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=50)
        stream.width, stream.height, stream.pix_fmt = FIELD_SIDE_PX, 2 * FIELD_SIDE_PX, "yuv420p"
        for number in range(2 * frames):
            packet: Any = av.Packet(_field(number))
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 50), True
            packet.pts = packet.dts = number
            packet.duration = 1
            container.mux(packet)


def joined(folder: Path) -> Path:
    """Two recordings of 30 and 20 frames in MPEG-TS, one appended to the other; both begin at 0."""
    options = {"g": "8", "bf": "2", "preset": "veryfast"}
    write(folder / "first.ts", "libx264", options, frames=30)
    write(folder / "second.ts", "libx264", options, frames=20)
    (folder / "joined.ts").write_bytes((folder / "first.ts").read_bytes() + (folder / "second.ts").read_bytes())
    return folder / "joined.ts"


def copied(source: Path, target: Path, change: Callable[[int, Any], bool]) -> Path:
    """Copy the packets for which `change(number, packet)`, which may change their times, is true."""
    with av.open(str(source)) as original, av.open(str(target), "w") as copy:
        stream = copy.add_stream_from_template(original.streams.video[0], opaque=True)
        for number, packet in enumerate(original.demux(video=0)):
            if packet.size and change(number, packet):
                packet.stream = stream
                copy.mux_one(packet)
    return target


def wrapped(source: Path, target: Path) -> Path:
    """The stream with a clock of 33 bits that passes its end after 1.5 s."""
    shift = (1 << 33) - 3 * 90_000 - 45_000  # the muxer itself adds up to 1.5 s

    def later(_: int, packet: Any) -> bool:
        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
        return True

    return copied(source, target, later)


def without_times(source: Path, target: Path, packets: int) -> Path:
    """The MPEG-TS file with no PTS and no DTS in its first PES packets (ISO/IEC 13818-1, 2.4.3.6)."""
    content = bytearray(source.read_bytes())
    at = -1
    for _ in range(packets):
        at = content.index(_PES_VIDEO, at + 1)
        content[at + 7] &= 0x3F
        content[at + 9 : at + 9 + content[at + 8]] = b"\xff" * content[at + 8]
    target.write_bytes(content)
    return target


def shuffled(path: Path, seed: int, frames: int = 24) -> list[int]:
    """Write MJPEG frames with times out of order, repeated, and with gaps; returns their times in file order, in ms.

    Frame k of the file is gray with the level 10 k.
    """
    random = Random(seed)
    times = sorted(random.choices(range(0, 4000, random.choice([1, 40])), k=frames))
    for at in range(0, frames - 2, 3):
        if times[at + 1] - times[at] < 400 and random.random() < 0.5:  # a longer step back begins a new recording
            times[at], times[at + 1] = times[at + 1], times[at]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("mjpeg", rate=Fraction(1000))
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuvj420p"
        contents = []
        for number in range(frames):
            image = np.full((16, 16, 3), 10 * number, dtype=np.uint8)
            contents += [bytes(packet) for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24"))]
        for number, (content, time) in enumerate(zip(contents, times, strict=True)):
            packet: Any = av.Packet(content)
            packet.stream, packet.is_keyframe, packet.time_base = stream, True, Fraction(1, 1000)
            packet.pts, packet.dts, packet.duration = time, number, 1
            container.mux(packet)
    return times


def _field(number: int) -> bytes:
    """One access unit: the field `number`; even ones are the top fields of IDR pictures."""
    is_top = number % 2 == 0
    header = _bits(
        *(_ue(0), _ue(7), _ue(0)),  # first_mb_in_slice, slice_type I, pic_parameter_set_id
        *("0000", "1", "0" if is_top else "1"),  # frame_num, field_pic_flag, bottom_field_flag
        *([_ue(number // 2 % 2), "00"] if is_top else ["0"]),  # idr_pic_id, dec_ref_pic_marking
        *(_ue(0), _ue(25)),  # slice_qp_delta, mb_type I_PCM
    )
    samples = bytes([16 + number * 3 % 200]) * 256 + b"\x80" * 128
    units = [_unit(5 if is_top else 1, header + samples + b"\x80")]
    if is_top:
        sps = "01001101" + "0" * 8 + "00011110" + _ue(0) + _ue(0) + _ue(2) + _ue(1) + "0"
        size = _ue(0) + _ue(0) + "0" + "0" + "1" + "0" + "0"  # one macroblock, frame_mbs_only_flag 0
        pps = _ue(0) + _ue(0) + "00" + _ue(0) + _ue(0) + _ue(0) + "000" + _ue(0) + _ue(0) + _ue(0) + "000"
        units = [_unit(7, _bits(sps, size, "1")), _unit(8, _bits(pps, "1")), *units]
    return b"\x00\x00\x00\x01\x09\xf0" + b"".join(units)


def _unit(kind: int, content: bytes) -> bytes:
    return b"\x00\x00\x00\x01" + bytes([0x60 | kind]) + content


def _ue(value: int) -> str:
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def _bits(*parts: str) -> bytes:
    """The bits, filled up with zeros to whole bytes."""
    bits = "".join(parts)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8)
