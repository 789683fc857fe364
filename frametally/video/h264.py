"""As much of H.264 (ITU-T H.264, 7.3) as tells a frame that decoding can begin at from one that only says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_SLICE: Final = 1
_IDR_SLICE: Final = 5
_INTRA: Final = {2, 4, 7, 9}
"""slice_type of I and SI slices."""


def is_intra(data: bytes, extradata: bytes | None) -> bool:
    """Whether the first slice of a coded picture refers to no other picture.

    Encoders that refresh the picture bit by bit (`intra-refresh`) mark frames as keyframes from which decoding only
    converges: their slices do refer to others.

    Args:
        data: one packet.
        extradata: of the stream; begins with 1 where packets hold lengths in place of start codes.
    """
    for unit in _units(data, extradata):
        kind = unit[0] & 31 if unit else 0
        if kind == _IDR_SLICE:
            return True
        if kind == _SLICE:
            return _slice_type(unit[1:12]) in _INTRA
    return True


def _units(data: bytes, extradata: bytes | None) -> Iterator[bytes]:
    """The NAL units, each up to its first bytes at least."""
    if not extradata or extradata[0] != 1 or len(extradata) < 5:
        yield from (unit for unit in data.split(b"\x00\x00\x01")[1:])
        return
    width, at = (extradata[4] & 3) + 1, 0
    while at + width < len(data):
        start = at + width
        yield data[start : start + 16]
        at = start + int.from_bytes(data[at:start])


def _slice_type(header: bytes) -> int:
    """The second of the Exp-Golomb numbers (9.1) that a slice header begins with, after first_mb_in_slice."""
    bits = f"{int.from_bytes(header):0{len(header) * 8}b}"
    value = 0
    for _ in range(2):
        zeros = bits.find("1")
        if zeros < 0 or len(bits) < 2 * zeros + 1:
            return min(_INTRA)
        value = int(bits[zeros : 2 * zeros + 1], 2) - 1
        bits = bits[2 * zeros + 1 :]
    return value
