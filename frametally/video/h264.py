"""Parse H.264 slice headers (ITU-T H.264, 7.3) to find frames at which decoding can start.

Needed because PyAV reports only the container's keyframe flag, which encoders also set on frames that are not intra.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_SLICE: Final = 1
_IDR_SLICE: Final = 5
_INTRA: Final = {2, 4, 7, 9}
"""slice_type of I and SI slices."""


def is_intra(data: bytes, extradata: bytes | None) -> bool:
    """Whether the first slice of a coded picture references no other picture.

    Encoders with periodic intra refresh (`intra-refresh`) flag frames as keyframes from which decoding only
    converges: their slices do reference other pictures.

    Args:
        data: one packet.
        extradata: of the stream; its first byte is 1 if packets contain lengths instead of start codes.
    """
    for unit in _units(data, extradata):
        kind = unit[0] & 31 if unit else 0
        if kind == _IDR_SLICE:
            return True
        if kind == _SLICE:
            return _slice_type(unit[1:12]) in _INTRA
    return True


def _units(data: bytes, extradata: bytes | None) -> Iterator[bytes]:
    """The NAL units, possibly truncated to their first 16 bytes."""
    if not extradata or extradata[0] != 1 or len(extradata) < 5:
        yield from (unit for unit in data.split(b"\x00\x00\x01")[1:])
        return
    width, at = (extradata[4] & 3) + 1, 0
    while at + width < len(data):
        start = at + width
        yield data[start : start + 16]
        at = start + int.from_bytes(data[at:start])


def _slice_type(header: bytes) -> int:
    """The second Exp-Golomb number (9.1) of a slice header, after first_mb_in_slice."""
    bits = f"{int.from_bytes(header):0{len(header) * 8}b}"
    value = 0
    for _ in range(2):
        zeros = bits.find("1")
        if zeros < 0 or len(bits) < 2 * zeros + 1:
            return min(_INTRA)
        value = int(bits[zeros : 2 * zeros + 1], 2) - 1
        bits = bits[2 * zeros + 1 :]
    return value
