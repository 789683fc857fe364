"""The coded pictures of a stream in file order, and the order in which they are shown."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from frametally.video.coding.h264 import FieldPairing
from frametally.video.coding.intra_pictures import needs_no_other
from frametally.video.container import numbered, packets_of
from frametally.video.indexing.first_frames import first_numbers, numbers_in_display_order
from frametally.video.indexing.presentation import MISSING, PacketTimes, ascending, filled, typical_interval

_MAX_DECODED: Final = 20_000
"""Pictures that are decoded to find the order of those with equal times: 11 minutes at 30 frames per second."""


class Packets:
    """The coded pictures of a stream in file order, as parallel columns."""

    def __init__(self) -> None:
        self.number, self.pts, self.dts, self.duration = array("i"), array("q"), array("q"), array("q")
        self.is_key, self.key_rows, self.key_offsets = bytearray(), array("i"), array("q")

    def add(self, number: int, packet: Any, *, can_start: bool) -> None:
        if can_start:
            self.key_rows.append(len(self.number))
            self.key_offsets.append(-1 if packet.pos is None else packet.pos)
        self.number.append(number)
        self.pts.append(MISSING if packet.pts is None else packet.pts)
        self.dts.append(MISSING if packet.dts is None else packet.dts)
        self.duration.append(packet.duration or 0)
        self.is_key.append(packet.is_keyframe)

    @property
    def times(self) -> PacketTimes:
        pts, dts, durations = (np.frombuffer(column, np.int64) for column in (self.pts, self.dts, self.duration))
        return PacketTimes(pts, dts, durations, np.frombuffer(self.is_key, np.bool_))


def read_packets(container: Any, stream: Any, max_frames: int) -> Packets:
    """The coded pictures that are shown, up to `max_frames` + 1; two fields of a frame are one."""
    packets, codec = Packets(), stream.codec_context
    name = codec.codec.canonical_name
    fields = FieldPairing(codec.extradata) if name == "h264" else None
    for number, packet in numbered(packets_of(container, stream)):
        if not packet.size or packet.is_discard or _is_hidden(packet, stream):
            continue
        if fields is not None and fields.is_second_field(memoryview(packet)) and packets.number:
            packets.duration[-1] += packet.duration or 0
            continue
        can_start = packet.is_keyframe and needs_no_other(name, bytes(packet), codec.extradata)
        packets.add(number, packet, can_start=can_start)
        if len(packets.number) > max_frames:
            break
    return packets


def display_order(
    path: Path, packets: Packets, shown: npt.NDArray[np.int64], times: PacketTimes, *, is_reordered: bool
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(n,) row of each frame in display order, and its pts.

    `is_reordered`: whether pictures may be stored in another order than they are shown.
    """
    rows = np.argsort(shown, kind="stable")
    unclear = np.flatnonzero(shown == MISSING)
    if is_reordered:
        unclear = np.union1d(unclear, _with_equal_times(rows, shown))
    if len(unclear):
        rows, shown = _order_by_decoding(path, packets, shown, int(unclear[-1]), times)
        return rows, ascending(shown)
    keys = np.frombuffer(packets.key_rows, np.int32)
    doubtful = int(keys[0]) if len(keys) else len(shown)
    leading = int(np.searchsorted(shown[rows], shown[doubtful])) if doubtful < len(shown) else len(shown)
    if doubtful or leading:
        rows = _without_undecodable(path, packets, rows, shown, doubtful)
    return rows, ascending(shown[rows])


def _with_equal_times(rows: npt.NDArray[np.int64], shown: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(k,) rows of the pictures that have the time of another one, near the start of the file."""
    is_equal = np.diff(shown[rows]) == 0
    equal = np.union1d(rows[:-1][is_equal], rows[1:][is_equal])
    return np.asarray(equal[equal < _MAX_DECODED])


def _without_undecodable(
    path: Path, packets: Packets, rows: npt.NDArray[np.int64], shown: npt.NDArray[np.int64], first_key: int
) -> npt.NDArray[np.int64]:
    """Leave out the pictures at the start that the decoder does not return, as players do.

    Only pictures before the first keyframe, in the file or on the time line: a damaged keyframe stays in the index.
    """
    returned, complete_to = first_numbers(path)
    if not returned:
        return rows
    numbers = np.frombuffer(packets.number, np.int32)[rows]
    is_early = (rows < first_key) | (shown[rows] < shown[first_key] if first_key < len(shown) else True)
    return np.asarray(rows[~(is_early & (numbers <= complete_to) & ~np.isin(numbers, returned))])


def _order_by_decoding(
    path: Path, packets: Packets, shown: npt.NDArray[np.int64], last_row: int, times: PacketTimes
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(n,) row of each frame in display order, and its pts: from the decoder as far as times are missing."""
    numbers = np.frombuffer(packets.number, np.int32)
    decoded = np.array(numbers_in_display_order(path, int(numbers[last_row])), dtype=np.int64)
    begun = np.searchsorted(numbers, decoded[np.isin(decoded, numbers)])
    others = np.setdiff1d(np.flatnonzero(shown != MISSING), begun)
    late = others[np.argsort(shown[others], kind="stable")]
    last_shown = shown[begun].max(initial=MISSING)
    rows = np.concatenate([begun, late[shown[late] > last_shown]])
    interval = typical_interval(np.sort(shown[shown != MISSING]), times.durations)
    return rows, filled(shown[rows], interval)


def stored_order(shown: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The stored times, ascending, in a container that has no presentation times.

    The k-th of them belongs to the k-th frame that the decoder returns: which packet that is, only decoding shows.
    """
    return np.arange(len(shown)), ascending(np.sort(shown))


def keyframes_of(packets: Packets, rows: npt.NDArray[np.int64], pts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Only keyframes that are shown after everything before them in the file: decoding cannot start at the others."""
    pts_of_row = np.full(len(packets.number), MISSING, dtype=np.int64)
    pts_of_row[rows] = pts
    latest = np.maximum.accumulate(np.concatenate([[MISSING], pts_of_row]))
    key_rows = np.frombuffer(packets.key_rows, np.int32)
    can_start = pts_of_row[key_rows] > latest[key_rows]
    key_rows, offsets = key_rows[can_start], np.frombuffer(packets.key_offsets, np.int64)[can_start]
    numbers = np.frombuffer(packets.number, np.int32)[key_rows]
    raw = packets.times
    return np.column_stack([pts_of_row[key_rows], numbers, raw.pts[key_rows], raw.dts[key_rows], offsets])


def _is_hidden(packet: Any, stream: Any) -> bool:
    """Whether it is a VP8 frame that is only referenced, never shown (RFC 6386, 9.1: show_frame)."""
    return stream.codec_context.codec.canonical_name == "vp8" and not memoryview(packet)[0] & 0x10
