"""Whether other pictures may reference a coded picture, from its header."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from frametally.video.coding import h264

_VOP_START: Final = b"\x00\x00\x01\xb6"
_B_VOP: Final = 2
"""vop_coding_type of a bidirectionally predicted picture (ISO/IEC 14496-2, 6.3.5): never a reference."""
_HEVC_SLICES: Final = 32
"""NAL unit types below this one are slices (ITU-T H.265, table 7-1)."""
_HEVC_SUBLAYER_SLICES: Final = 14
"""Up to here, even types are pictures that no picture of the same sub-layer references."""


def is_reference(packet: Any, codec: str, extradata: bytes | None) -> bool:
    """Whether the picture may be referenced; also where that is not known. `codec` is the canonical name."""
    if codec == "h264":
        return h264.is_reference(bytes(packet), extradata)
    if codec == "hevc":
        return _is_hevc_reference(bytes(packet), extradata)
    if codec == "mpeg4":
        data = bytes(packet)
        at = data.find(_VOP_START) + len(_VOP_START)
        return at < len(_VOP_START) or at >= len(data) or data[at] >> 6 != _B_VOP
    return True


def _is_hevc_reference(data: bytes, extradata: bytes | None) -> bool:
    for unit in _hevc_units(data, extradata):
        kind = (unit[0] >> 1) & 63 if unit else _HEVC_SLICES
        if kind < _HEVC_SLICES:
            return kind > _HEVC_SUBLAYER_SLICES or kind % 2 == 1
    return True


def _hevc_units(data: bytes, extradata: bytes | None) -> Iterator[bytes]:
    if not extradata or extradata[0] != 1 or len(extradata) < 22:
        yield from data.split(b"\x00\x00\x01")[1:]
        return
    width, at = (extradata[21] & 3) + 1, 0
    while at + width < len(data):
        start = at + width
        yield data[start : start + 2]
        at = start + int.from_bytes(data[at:start])
