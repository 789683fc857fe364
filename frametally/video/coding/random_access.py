"""Whether decoding from a keyframe gives exactly the pixels that decoding from the start of the stream gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from frametally.video.coding.h264 import is_exact_recovery
from frametally.video.coding.intra_pictures import needs_no_other

_OBU_SEQUENCE_HEADER: Final = 1
_OBU_FRAMES: Final = (3, 6)
"""obu_type of a frame header, and of a frame (AV1 specification, 6.2.2)."""


def is_random_access(codec: str, data: bytes, extradata: bytes | None) -> bool:
    """Whether no picture that is shown from this keyframe on needs one before it; False where that is not known.

    Args:
        codec: canonical name in FFmpeg.
        data: the packet of the keyframe.
        extradata: of the stream.
    """
    examine = _EXAMINED.get(codec)
    return examine is not None and examine(data, extradata)


def _intra(codec: str) -> Callable[[bytes, bytes | None], bool]:
    """The rule of codecs whose intra pictures replace everything that later pictures may reference."""
    return lambda data, extradata: needs_no_other(codec, data, extradata)


def _vp9(data: bytes, _: bytes | None) -> bool:
    """frame_type is KEY_FRAME (VP9 bitstream specification, 6.2)."""
    if not data or data[0] >> 6 != 2:
        return False
    reserved_bits = 1 if data[0] >> 4 & 3 == 3 else 0  # in profile 3
    return data[0] >> (2 - reserved_bits) & 3 == 0  # show_existing_frame 0, frame_type 0


def _av1(data: bytes, _: bytes | None) -> bool:
    """A sequence header, then a key frame that is shown: it replaces all reference frames (5.9.2)."""
    has_header = False
    for kind, payload in _av1_units(data):
        has_header = has_header or kind == _OBU_SEQUENCE_HEADER
        if kind in _OBU_FRAMES:
            # show_existing_frame 0, frame_type 00, show_frame 1
            return has_header and bool(payload) and payload[0] >> 4 == 1
    return False


def _av1_units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(obu_type, payload) of each unit; a payload without a size reaches to the end."""
    at = 0
    while at < len(data):
        header = data[at]
        at += 2 if header & 4 else 1
        size = len(data) - at
        if header & 2:
            size, at = _leb128(data, at)
        yield header >> 3 & 15, data[at : at + size]
        at += size


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """(value, position after it)."""
    value = 0
    for shift in range(0, 56, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            break
    return value, at


_EXAMINED: Final[dict[str, Callable[[bytes, bytes | None], bool]]] = {
    "h264": is_exact_recovery,
    "hevc": _intra("hevc"),
    "mpeg4": _intra("mpeg4"),
    "mpeg2video": _intra("mpeg2video"),
    "mpeg1video": _intra("mpeg1video"),
    "vp8": _intra("vp8"),
    "vp9": _vp9,
    "av1": _av1,
    **dict.fromkeys(("mjpeg", "prores", "dnxhd"), _intra("intra only")),
}
