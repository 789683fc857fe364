"""Find the damaged frames of a video: those that the decoder reports, and those that depend on damaged or missing ones.

The decoder reports only what violates the syntax of the codec. Three additions find the rest: keyframes whose data do
not end where their picture does; everything that references a damaged frame, until the next intact keyframe; and what
lies between a jump of the picture and the keyframe that takes it back.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt

from frametally.contract import INDEX_VERSION
from frametally.errors import OutOfMemory
from frametally.storage.atomic import atomic_path
from frametally.storage.cached_files import fetched, kept, stored_size
from frametally.video.coding.h264 import is_bidirectional
from frametally.video.coding.reference import is_reference
from frametally.video.coding.slice_ends import keyframes_with_other_ends
from frametally.video.container import numbered_for_decoding, open_video, packets_of
from frametally.video.frame_index import FrameIndex

Flags = npt.NDArray[np.bool_]

_DECODERS: Final = {"vp9": "libvpx-vp9", "vp8": "libvpx"}
"""Decoders that report damage where FFmpeg's own do not: libvpx checks each partition and follows references."""
_STRICT: Final = {"hevc": {"err_detect": "explode"}}
"""FFmpeg's HEVC decoder reports damaged slices only in this mode, in which it returns no frame for them."""
_SIZE_PX: Final = (32, 24)
"""Size to which frames are reduced to be compared."""
_MAX_PICTURES: Final = 200_000
"""Reduced frames that are kept, at 1 KB each; longer videos are compared up to there."""
_JUMP: Final = 2.5
"""Mean difference, in levels of 0 to 255, by which a jump exceeds the usual difference of neighboring frames."""
_MEMORY_ERRORS: Final = (av.error.MemoryError, av.error.BlockingIOError)


class DamageReported(Exception):
    """The decoder reported damage while frames were read for another purpose: see `find_damage`."""


@dataclass
class _Decoded:
    """What the decoder reported about each packet, by packet number."""

    reported: set[int] = field(default_factory=set)
    """Packets whose decoding failed, or whose frame is flagged."""
    returned: set[int] = field(default_factory=set)
    references: set[int] = field(default_factory=set)
    """Packets that others may reference."""
    bidirectional: set[int] = field(default_factory=set)
    """Those that only others between the same neighbors are taken to reference: B pictures."""
    is_exhaustive: bool = False
    """Whether the decoder reports all damage."""
    is_complete: bool = True
    """Whether `returned` has all frames that the decoder can give; a strict decoder may withhold intact ones."""
    small: dict[int, npt.NDArray[np.uint8]] = field(default_factory=dict)
    """Reduced luma of the frame of each packet; empty if the decoder reports all damage."""


def find_damage(path: Path, index: FrameIndex, on_packet: Callable[[], object] = lambda: None) -> Flags:
    """(n,) whether each frame of the index is damaged, or missing; decodes the whole file.

    `on_packet` is called for each packet, and may raise to stop.

    Raises:
        VideoError: the file cannot be read as a video.
        OutOfMemory: there is not enough memory.
    """
    strict = _decode(path, on_packet, is_strict=True)
    strict.reported |= keyframes_with_other_ends(path, _keyframes(index), on_packet)
    damaged = _propagated(index, strict)
    if damaged.any():
        usual = _decode(path, on_packet, is_strict=False)
        damaged = _propagated(index, _combined(strict, usual))
        return damaged if strict.is_exhaustive else damaged | _jumps(index, usual, damaged, is_certain=True)
    return damaged if strict.is_complete else _jumps(index, strict, damaged, is_certain=False)


def reports_no_damage(path: Path) -> bool:
    """Whether the usual decoder of this video's codec reports no damage, so that only `find_damage` finds it."""
    with open_video(path) as (_, stream):
        return stream.codec_context.codec.canonical_name in {*_DECODERS, *_STRICT}


def load_damage(path: Path, index: FrameIndex) -> Flags | None:
    """The result of `save_damage` for this version of the index; None if there is none."""
    try:
        with fetched(_cache(path), is_optional=True).open("rb") as file, np.load(file) as stored:
            header, damaged = stored["facts"].tolist(), np.asarray(stored["damaged"], dtype=np.bool_)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    is_current = header == [INDEX_VERSION, stored_size(path)] and len(damaged) == len(index)
    return damaged if is_current else None


def has_damage_file(path: Path) -> bool:
    """Whether the damaged frames are kept beside the video, for the index of this version."""
    return fetched(_cache(path), is_optional=True).exists()


def save_damage(path: Path, damaged: Flags) -> None:
    """Keep the damaged frames of a video that never changes in `<name>.damage-<version>.npz` in the same folder."""
    header = np.array([INDEX_VERSION, path.stat().st_size], np.int64)
    with suppress(OSError), atomic_path(_cache(path), sync=False) as draft, draft.open("wb") as file:
        np.savez_compressed(file, facts=header, damaged=damaged)
    kept(_cache(path))


def _cache(path: Path) -> Path:
    return path.with_name(f"{path.name}.damage-{INDEX_VERSION}.npz")


def _decode(path: Path, on_packet: Callable[[], object], *, is_strict: bool) -> _Decoded:
    """Decode with one thread, so that an error belongs to the packet that was sent last.

    Args:
        path: the video.
        on_packet: called for each packet.
        is_strict: use the decoder and the mode that report the most; otherwise, keep reduced pictures.
    """
    decoded = _Decoded()
    with open_video(path) as (container, stream):
        codec = stream.codec_context.codec.canonical_name
        decoder = _decoder(stream, codec, is_strict=is_strict)
        decoded.is_complete = not is_strict or codec not in _STRICT
        decoded.is_exhaustive = is_strict and codec in _DECODERS
        for number, packet in numbered_for_decoding(packets_of(container, stream)):
            on_packet()
            if packet.size and is_reference(packet, codec, stream.codec_context.extradata):
                decoded.references.add(number)
            if packet.size and codec == "h264" and is_bidirectional(bytes(packet), stream.codec_context.extradata):
                decoded.bidirectional.add(number)
            for frame in _frames(decoder, packet, number, decoded):
                decoded.returned.add(frame.pts)
                if frame.is_corrupt:
                    decoded.reported.add(frame.pts)
                if not decoded.is_exhaustive and len(decoded.small) < _MAX_PICTURES:
                    small = frame.reformat(*_SIZE_PX, format="gray", interpolation="AREA")
                    decoded.small[frame.pts] = small.to_ndarray().astype(np.uint8, copy=False)
    return decoded


def _combined(strict: _Decoded, usual: _Decoded) -> _Decoded:
    returned = strict.returned if strict.is_complete else usual.returned
    return _Decoded(strict.reported | usual.reported, returned, strict.references, strict.bidirectional)


def _decoder(stream: Any, codec: str, *, is_strict: bool) -> Any:
    if is_strict and codec in _DECODERS:
        with suppress(av.FFmpegError):
            other: Any = av.CodecContext.create(_DECODERS[codec], "r")
            other.extradata = stream.codec_context.extradata
            return other
    decoder = stream.codec_context
    decoder.thread_type = "NONE"
    decoder.thread_count = 1
    if is_strict:
        decoder.options = decoder.options | _STRICT.get(codec, {})
    return decoder


def _frames(decoder: Any, packet: Any, number: int, decoded: _Decoded) -> Iterator[Any]:
    try:
        yield from decoder.decode(packet if packet.size else None)
    except _MEMORY_ERRORS as error:
        raise OutOfMemory from error
    except av.FFmpegError:
        decoded.reported.add(number)


def _propagated(index: FrameIndex, decoded: _Decoded) -> Flags:
    """Damage by frame: reported, missing, or after a damaged reference and before the next intact keyframe."""
    damaged = np.zeros(len(index), dtype=np.bool_)
    keyframes = _keyframes(index)
    numbers = np.sort(index.packets)
    # An error in a second field, or in a picture that is not shown, counts for the frame before it.
    at = np.searchsorted(numbers, sorted(decoded.reported), side="right") - 1
    reported = set(numbers[np.maximum(at, 0)].tolist())
    depends = near = False
    leads_until = 0  # frames before this position precede a keyframe, but are decoded after it, and use those before it
    for number in numbers.tolist():
        position = index.positions_of_packets[number]
        is_hit = number in reported or number not in decoded.returned
        if number in keyframes and not is_hit:
            leads_until, depends = position if depends else 0, False
        is_between = number in decoded.bidirectional
        near = near and is_between
        damaged[position] = is_hit or depends or near or position < leads_until
        near = near or (is_hit and is_between and number in decoded.references)
        depends = depends or (is_hit and not is_between and number in decoded.references)
    return damaged


def _keyframes(index: FrameIndex) -> set[int]:
    """Packet numbers of the keyframes."""
    return set(index.keyframes[:, 1].tolist()) if index.keyframes.ndim == 2 else set()


def _jumps(index: FrameIndex, decoded: _Decoded, damaged: Flags, *, is_certain: bool) -> Flags:
    """Damage that nothing reported: from a jump of the picture to the keyframe that ends it with another jump.

    A cut to another scene is no such pair: it ends at no keyframe, and after a cut at a keyframe the picture does not
    return to what it was before.

    Args:
        index: of the video.
        decoded: with the pictures.
        damaged: (n,) what is known already.
        is_certain: whether the file is known to be damaged; otherwise every picture must return to what it was.
    """
    found = np.zeros(len(index), dtype=np.bool_)
    pictures = [decoded.small.get(number) for number in index.packets.tolist()]
    steps = np.array([0.0, *(_difference(*pair) for pair in pairwise(pictures))])
    intact = steps[~damaged & ~np.roll(damaged, 1) & (steps > 0)]
    limit = (float(np.quantile(intact, 0.75)) if len(intact) else 0.0) + _JUMP
    starts = np.append(np.flatnonzero(np.isin(index.packets, index.keyframes[:, 1])), len(index)).tolist()
    for start, stop in pairwise(starts):
        follows_damage = start > 0 and bool(damaged[start - 1] or found[start - 1])
        for at in (np.flatnonzero(steps[start:stop] > limit) + start).tolist():
            needs_return = at == start or not is_certain
            if (at == start and follows_damage) or (needs_return and not _returns(pictures, at, stop)):
                continue
            if damaged[stop - 1] or (stop < len(index) and steps[stop] > limit):
                found[at:stop] = True
            break
    return found


def _returns(pictures: list[npt.NDArray[np.uint8] | None], start: int, stop: int) -> bool:
    """Whether the picture after the frames [start, stop) is that before them rather than the last of them."""
    if not 0 < start < stop < len(pictures):
        return False
    before, last, after = pictures[start - 1], pictures[stop - 1], pictures[stop]
    return _difference(before, after) < _difference(last, after) / 2


def _difference(first: npt.NDArray[np.uint8] | None, second: npt.NDArray[np.uint8] | None) -> float:
    if first is None or second is None:
        return 0.0
    return float(np.abs(first.astype(np.int16) - second).mean())
