"""Parse H.264 parameter sets and slice headers (ITU-T H.264, 7.3): random access points, and fields of one frame.

Needed because PyAV reports only the container's keyframe flag, which encoders also set on frames that are not intra,
and because a demuxer delivers the two fields of a frame as two packets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple

_SLICE: Final = 1
_IDR_SLICE: Final = 5
_SEI: Final = 6
_RECOVERY_POINT: Final = 6
"""payloadType (D.1.8)."""
_SPS: Final = 7
_PPS: Final = 8
_INTRA: Final = {2, 4, 7, 9}
"""slice_type of I and SI slices."""
_BIDIRECTIONAL: Final = {1, 6}
"""slice_type of B slices."""
_HIGH_PROFILES: Final = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
"""profile_idc of the profiles whose SPS contains a chroma format (7.3.2.1.1)."""
_HEADER_BYTES: Final = 24
"""More than the part of a slice header that is parsed here."""
_SPS_BYTES: Final = 512


class _Sps(NamedTuple):
    frame_num_bits: int
    has_colour_planes: bool
    frames_only: bool
    """frame_mbs_only_flag: no picture is a field."""


class _Field(NamedTuple):
    frame_num: int
    is_bottom: bool


class FieldPairing:
    """Recognizes the second field of each frame among the packets of a stream, in file order.

    Two consecutive fields of opposite parity with the same frame_num are one frame (7.4.1.2.4, as FFmpeg's decoder).
    """

    def __init__(self, extradata: bytes | None) -> None:
        self._extradata = extradata
        self._sps: _Sps | None = None
        self._first_field: _Field | None = None
        for unit in _parameter_sets(extradata):
            self._read_sps(unit)

    def is_second_field(self, data: memoryview) -> bool:
        """Whether this packet completes the frame of the packet before it."""
        if self._sps is not None and self._sps.frames_only:
            return False
        fields = list(dict.fromkeys(self._fields(bytes(data))))
        before, self._first_field = self._first_field, None
        if len(fields) != 1 or fields[0] is None:  # a frame, both fields of one, or no picture
            return False
        if before is not None and before == fields[0]._replace(is_bottom=not fields[0].is_bottom):
            return True
        self._first_field = fields[0]
        return False

    def _fields(self, data: bytes) -> Iterator[_Field | None]:
        """The field of each slice; None for a slice of a frame."""
        for unit in _units(data, self._extradata):
            kind = unit[0] & 31 if unit else 0
            if kind == _SPS:
                self._read_sps(unit)
            elif kind in (_SLICE, _IDR_SLICE) and self._sps is not None:
                yield _field_of(unit[1:_HEADER_BYTES], self._sps)

    def _read_sps(self, unit: bytes) -> None:
        try:
            self._sps = _parse_sps(unit[1:_SPS_BYTES]) if unit and unit[0] & 31 == _SPS else self._sps
        except ValueError:  # damaged
            return


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


def is_exact_recovery(data: bytes, extradata: bytes | None) -> bool:
    """Whether all pictures that are shown from this one on are decoded exactly when decoding starts at it.

    True of an IDR picture, and of an intra picture with a recovery point of 0 frames and an exact match (D.2.8).
    """
    is_recovery_point = False
    for unit in _units(data, extradata):
        kind = unit[0] & 31 if unit else 0
        if kind == _IDR_SLICE:
            return True
        if kind == _SEI:
            is_recovery_point = is_recovery_point or _has_exact_recovery_point(unit[1:])
        if kind == _SLICE:
            return is_recovery_point and _slice_type(unit[1:12]) in _INTRA
    return False


def _has_exact_recovery_point(messages: bytes) -> bool:
    """Whether SEI messages (7.3.2.3.1) include such a recovery point."""
    data, at = messages.replace(b"\x00\x00\x03", b"\x00\x00"), 0
    while at + 2 < len(data):
        kind, at = _sei_number(data, at)
        size, at = _sei_number(data, at)
        if kind == _RECOVERY_POINT:
            bits = _Bits(data[at : at + size])
            with suppress(ValueError):
                return bits.golomb() == 0 and bool(bits.number(1))
        at += size
    return False


def _sei_number(data: bytes, at: int) -> tuple[int, int]:
    """(payload type or size, position after it): each byte 255 adds to the next."""
    value = 0
    while at < len(data) and data[at] == 255:
        value, at = value + 255, at + 1
    return value + (data[at] if at < len(data) else 0), at + 1


def is_reference(data: bytes, extradata: bytes | None) -> bool:
    """Whether other pictures may reference this one (nal_ref_idc of its first slice)."""
    for unit in _units(data, extradata):
        if unit and unit[0] & 31 in (_SLICE, _IDR_SLICE):
            return bool(unit[0] & 0x60)
    return True


def is_bidirectional(data: bytes, extradata: bytes | None) -> bool:
    """Whether the first slice of a coded picture is a B slice; such a picture may be a reference as well."""
    for unit in _units(data, extradata):
        if unit and unit[0] & 31 in (_SLICE, _IDR_SLICE):
            return _slice_type(unit[1:12]) in _BIDIRECTIONAL
    return False


def uses_cabac(data: bytes, extradata: bytes | None) -> bool:
    """Whether every known picture parameter set says that slices are coded arithmetically (7.3.2.2).

    Args:
        data: one packet, which may have parameter sets of its own.
        extradata: of the stream.
    """
    sets = [unit for unit in (*_parameter_sets(extradata), *_units(data, extradata)) if unit and unit[0] & 31 == _PPS]
    return bool(sets) and all(map(_is_cabac, sets))


def _is_cabac(unit: bytes) -> bool:
    bits = _Bits(unit[1:_HEADER_BYTES])
    try:
        bits.golomb()  # pic_parameter_set_id
        bits.golomb()  # seq_parameter_set_id
        return bool(bits.number(1))
    except ValueError:
        return False


def _units(data: bytes, extradata: bytes | None) -> Iterator[bytes]:
    """The NAL units, possibly truncated to their first `_SPS_BYTES` bytes."""
    if not extradata or extradata[0] != 1 or len(extradata) < 5:
        yield from (unit for unit in data.split(b"\x00\x00\x01")[1:])
        return
    width, at = (extradata[4] & 3) + 1, 0
    while at + width < len(data):
        start = at + width
        yield data[start : start + _SPS_BYTES]
        at = start + int.from_bytes(data[at:start])


def _parameter_sets(extradata: bytes | None) -> Iterator[bytes]:
    """The units of the extradata: an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1) or Annex B."""
    if not extradata or extradata[0] != 1:
        yield from _units(extradata or b"", None)
        return
    at = 5
    for mask in (31, 255):  # sequence, then picture parameter sets
        count = extradata[at] & mask if len(extradata) > at else 0
        at += 1
        for _ in range(count):
            length = int.from_bytes(extradata[at : at + 2])
            yield extradata[at + 2 : at + 2 + length]
            at += 2 + length


class _Bits:
    """Reads bits and Exp-Golomb numbers (9.1).

    Every method raises ValueError beyond the end.
    """

    def __init__(self, data: bytes) -> None:
        data = data.replace(b"\x00\x00\x03", b"\x00\x00")  # emulation prevention
        self._bits = f"{int.from_bytes(data):0{len(data) * 8}b}" if data else ""
        self._at = 0

    def number(self, bits: int) -> int:
        """u(n)."""
        self._at += bits
        if self._at > len(self._bits):
            raise ValueError("beyond the end")
        return int(self._bits[self._at - bits : self._at] or "0", 2)

    def golomb(self) -> int:
        """ue(v)."""
        zeros = self._bits.find("1", self._at) - self._at
        if zeros < 0:
            raise ValueError("beyond the end")
        self._at += zeros
        return self.number(zeros + 1) - 1

    def signed_golomb(self) -> int:
        """se(v)."""
        value = self.golomb()
        return (value + 1) // 2 if value % 2 else -value // 2


def _parse_sps(data: bytes) -> _Sps:
    bits = _Bits(data)
    profile = bits.number(8)
    bits.number(16)
    bits.golomb()  # seq_parameter_set_id
    has_colour_planes = profile in _HIGH_PROFILES and _skip_chroma_format(bits)
    frame_num_bits = bits.golomb() + 4
    _skip_picture_order(bits)
    bits.golomb()  # max_num_ref_frames
    bits.number(1)
    bits.golomb()  # width and height in macroblocks
    bits.golomb()
    return _Sps(frame_num_bits, has_colour_planes, frames_only=bool(bits.number(1)))


def _skip_chroma_format(bits: _Bits) -> bool:
    """Returns separate_colour_plane_flag."""
    chroma_format = bits.golomb()
    has_colour_planes = chroma_format == 3 and bool(bits.number(1))
    bits.golomb()  # bit depths
    bits.golomb()
    bits.number(1)
    if bits.number(1):
        for at in range(12 if chroma_format == 3 else 8):
            if bits.number(1):
                _skip_scaling_list(bits, 16 if at < 6 else 64)
    return has_colour_planes


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = scale = 8
    for _ in range(size):
        if scale:
            scale = (last + bits.signed_golomb()) % 256
        last = scale or last


def _skip_picture_order(bits: _Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.number(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.golomb()


def _field_of(header: bytes, sps: _Sps) -> _Field | None:
    """The field of a slice; None if its picture is a frame, or the header is damaged."""
    bits = _Bits(header)
    try:
        for _ in range(3):  # first_mb_in_slice, slice_type, pic_parameter_set_id
            bits.golomb()
        bits.number(2 if sps.has_colour_planes else 0)
        frame_num = bits.number(sps.frame_num_bits)
        is_field = not sps.frames_only and bits.number(1)
        return _Field(frame_num, bool(bits.number(1))) if is_field else None
    except ValueError:
        return None


def _slice_type(header: bytes) -> int:
    bits = _Bits(header)
    try:
        bits.golomb()  # first_mb_in_slice
        return bits.golomb()
    except ValueError:
        return min(_INTRA)
