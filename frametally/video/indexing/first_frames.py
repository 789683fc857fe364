"""Decode the start of a file to find which of its packets become frames, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from frametally.video.container import decode_packet, numbered_for_decoding, open_video, packets_of

_MAX_PACKETS: Final = 3000
"""Packets to decode in search of the first frame: some decoders wait for a keyframe."""
_MAX_REORDERED: Final = 32
"""More pictures than any codec keeps back for reordering."""


def first_numbers(path: Path) -> tuple[list[int], int]:
    """The packet numbers of the first frames that the decoder returns, and the number up to which none is missing.

    No numbers if there is no frame near the start.
    """
    numbers = [number for _, number in islice(_decoded(path, _MAX_PACKETS), 2 * _MAX_REORDERED)]
    is_whole = len(numbers) < 2 * _MAX_REORDERED
    return numbers, max(numbers, default=0) + (_MAX_REORDERED if is_whole else -_MAX_REORDERED)


def numbers_in_display_order(path: Path, last: int) -> list[int]:
    """The packet numbers of the frames that the decoder returns, until those up to `last` have been returned."""
    numbers: list[int] = []
    for _, number in _decoded(path, None):
        numbers.append(number)
        if number > last + _MAX_REORDERED:
            break
    return numbers


def _decoded(path: Path, max_packets: int | None) -> Iterator[tuple[int, int]]:
    """(packets decoded so far, packet number of a frame) in the order in which the decoder returns the frames."""
    with open_video(path) as (container, stream):
        stream.thread_type = "AUTO"
        for number, packet in numbered_for_decoding(packets_of(container, stream)):
            if max_packets is not None and number > max_packets:
                return
            for frame in decode_packet(packet):
                yield number, frame.pts
