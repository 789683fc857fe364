"""Whether decoding can start at a coded picture: the flags of a container may claim it of pictures that need others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from frametally.video.coding.h264 import is_intra

_VOP_START: Final = b"\x00\x00\x01\xb6"
_PICTURE_START: Final = b"\x00\x00\x01\x00"
_HEVC_SLICES: Final = range(32)
_HEVC_RANDOM_ACCESS: Final = range(16, 24)


def needs_no_other(codec: str, data: bytes, extradata: bytes | None) -> bool:
    """Whether the picture in a packet is coded without reference to others; True for codecs that are not examined.

    Args:
        codec: canonical name in FFmpeg.
        data: the packet.
        extradata: of the stream.
    """
    examine = _EXAMINED.get(codec)
    return examine is None or examine(data, extradata)


def _mpeg4(data: bytes, _: bytes | None) -> bool:
    """vop_coding_type is I (ISO/IEC 14496-2, 6.2.5)."""
    at = data.find(_VOP_START) + len(_VOP_START)
    return not len(_VOP_START) <= at < len(data) or data[at] >> 6 == 0


def _mpeg2(data: bytes, _: bytes | None) -> bool:
    """picture_coding_type is I (ISO/IEC 13818-2, 6.2.3)."""
    at = data.find(_PICTURE_START) + len(_PICTURE_START)
    return not len(_PICTURE_START) <= at < len(data) - 1 or data[at + 1] >> 3 & 7 == 1


def _vp8(data: bytes, _: bytes | None) -> bool:
    """key_frame is 0 (RFC 6386, 9.1)."""
    return not data or data[0] & 1 == 0


def _hevc(data: bytes, extradata: bytes | None) -> bool:
    """The first slice is one of an IRAP picture (ITU-T H.265, 7.4.2.2)."""
    for header in _hevc_headers(data, extradata):
        if header >> 1 & 63 in _HEVC_SLICES:
            return header >> 1 & 63 in _HEVC_RANDOM_ACCESS
    return True


def _hevc_headers(data: bytes, extradata: bytes | None) -> list[int]:
    """The first byte of each NAL unit; units have a length in front, as in MP4, or a start code."""
    if not extradata or extradata[0] != 1 or len(extradata) < 22:
        return [unit[0] for unit in data.split(b"\x00\x00\x01")[1:] if unit]
    width, at, headers = (extradata[21] & 3) + 1, 0, []
    while at + width < len(data):
        headers.append(data[at + width])
        at += width + int.from_bytes(data[at : at + width])
    return headers


_EXAMINED: Final[dict[str, Callable[[bytes, bytes | None], bool]]] = {
    "h264": is_intra,
    "hevc": _hevc,
    "mpeg4": _mpeg4,
    "mpeg2video": _mpeg2,
    "mpeg1video": _mpeg2,
    "vp8": _vp8,
}
