"""Find damaged keyframes in H.264 and HEVC whose damage the decoder does not report.

Their decoders stop after the last block of a slice, wherever in the data that is. In an intact slice it is the end of
the data. After a changed bit the arithmetic decoder reads wrong symbols and is elsewhere: before the end, so that
other bytes at the end give the same picture, or beyond it, so that bytes behind the end give another one.

Keyframes can be decoded alone, so that nothing else differs between two attempts. H.264 without arithmetic coding is
left out: its decoder finds its way again, and other bytes at the end of a plain picture often give the same one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import av
import numpy as np

from frametally.errors import OutOfMemory
from frametally.video.coding.h264 import uses_cabac
from frametally.video.container import numbered, open_video, packets_of

CODECS: Final = ("h264", "hevc")
_TAIL_BYTES: Final = 16
_HEADER_BYTES: Final = 96
"""More than the header of a slice; slices that are hardly longer are not examined."""
_ENDS: Final = [hashlib.sha256(bytes([number])).digest()[:_TAIL_BYTES].replace(b"\x00", b"\x01") for number in range(4)]
"""Random bytes without a start code. All must give the same picture: one may do so by chance, where it is plain."""
_MAX_SLICES: Final = 16
_START_CODE: Final = b"\x00\x00\x01"
_PADDING: Final = re.compile(rb"(?:\x00\x00\x03|\x00)+\Z")
"""What may follow the data of a unit (cabac_zero_words, H.264 7.3.2.8)."""
_HEVC_SLICES: Final = 32
"""NAL unit types below this one are slices (ITU-T H.265, table 7-1)."""
_MEMORY_ERRORS: Final = (av.error.MemoryError, av.error.BlockingIOError)


def keyframes_with_other_ends(path: Path, keyframes: set[int], on_packet: Callable[[], object]) -> set[int]:
    """The packet numbers of the keyframes that the decoder leaves before or beyond the end of their data.

    Args:
        path: the video.
        keyframes: packet numbers.
        on_packet: called for each packet.

    Raises:
        VideoError: the file cannot be read as a video.
        OutOfMemory: there is not enough memory.
    """
    with open_video(path) as (container, stream):
        codec, extradata = stream.codec_context.codec.canonical_name, stream.codec_context.extradata
        if codec not in CODECS:
            return set()
        decoder = _SinglePictures(codec, extradata)
        found = set()
        for number, packet in numbered(packets_of(container, stream)):
            on_packet()
            if number in keyframes and packet.size and _has_other_end(bytes(packet), codec, extradata, decoder):
                found.add(number)
        return found


class _SinglePictures:
    """Decodes one packet at a time, without the ones before it."""

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        self._context: Any = av.CodecContext.create(codec, "r")
        self._context.extradata = extradata
        self._context.thread_type = "NONE"
        self._context.thread_count = 1

    def picture(self, data: bytes) -> list[bytes]:
        """The samples of the picture, by plane; empty if it cannot be decoded.

        Raises:
            OutOfMemory: there is not enough memory.
        """
        try:
            frames = [*self._context.decode(av.Packet(data)), *self._context.decode(None)]
        except _MEMORY_ERRORS as error:
            raise OutOfMemory from error
        except av.FFmpegError:
            return []
        finally:
            self._context.flush_buffers()
        return [_visible_samples(plane, frame) for frame in frames for plane in frame.planes]


def _visible_samples(plane: Any, frame: Any) -> bytes:
    """Without the padding of the rows, which no decoder writes."""
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    row_bytes = plane.width * -(-frame.format.components[0].bits // 8)
    return rows[: plane.height, :row_bytes].tobytes()


def _has_other_end(data: bytes, codec: str, extradata: bytes | None, decoder: _SinglePictures) -> bool:
    units = _split(data, codec, extradata)
    slices = [at for at, unit in enumerate(units.content) if _is_long_slice(unit, codec)]
    if not 0 < len(slices) <= _MAX_SLICES or (codec == "h264" and not uses_cabac(data, extradata)):
        return False
    picture = decoder.picture(units.joined())
    if not picture:
        return False
    if decoder.picture(units.changed(slices, lambda body: body + _ENDS[0]).joined()) != picture:
        return True
    return any(
        all(decoder.picture(units.changed([at], partial(_with_end, end)).joined()) == picture for end in _ENDS)
        for at in slices
    )


def _with_end(end: bytes, body: bytes) -> bytes:
    return body[: -len(end)] + end


def _is_long_slice(unit: bytes, codec: str) -> bool:
    kind = unit[0] & 31 if codec == "h264" else unit[0] >> 1 & 63
    is_slice = kind in (1, 5) if codec == "h264" else kind < _HEVC_SLICES
    return is_slice and len(_PADDING.sub(b"", unit)) > _HEADER_BYTES + _TAIL_BYTES


class _Units(NamedTuple):
    """The NAL units of a packet that are not empty."""

    content: list[bytes]
    length_bytes: int
    """Size of the length before each unit; 0 if there are start codes."""

    def changed(self, at: list[int], change: Callable[[bytes], bytes]) -> _Units:
        """The same units, of which these are changed, without the padding behind their data."""
        content = [
            change(_PADDING.sub(b"", unit)) if number in at else unit for number, unit in enumerate(self.content)
        ]
        return self._replace(content=content)

    def joined(self) -> bytes:
        """A packet."""
        return b"".join(
            (len(unit).to_bytes(self.length_bytes) if self.length_bytes else _START_CODE) + unit
            for unit in self.content
        )


def _split(data: bytes, codec: str, extradata: bytes | None) -> _Units:
    size_at = 4 if codec == "h264" else 21  # ISO/IEC 14496-15, 5.3.3.1 and 8.3.3.1
    if not extradata or extradata[0] != 1 or len(extradata) <= size_at:
        return _Units([unit for unit in data.split(_START_CODE)[1:] if unit], 0)
    width, at, content = (extradata[size_at] & 3) + 1, 0, []
    while at + width < len(data):
        start = at + width
        at = start + int.from_bytes(data[at:start])
        content += [data[start:at]] if at > start else []
    return _Units(content, width)
