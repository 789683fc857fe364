"""Encode a stored video as H.264 in MP4, in a separate process.

    python -m frametally.library.copies.encoder SOURCE.mkv TARGET.mp4

Every frame has the presentation time of the original, counted from its first frame. Frames that cannot be decoded are
left out; the first one that can is then also shown at time 0. The first audio track is copied as AAC.

Reports are appended as lines of JSON to `TARGET.progress`, which is locked during the work: so one process at a time
makes a copy, and every process can see how far it is. The target appears when it is complete; a terminated run leaves
no file. The process ends when its standard input is closed, that is, when the process that started it has ended.
"""

from __future__ import annotations

import fcntl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import av
import msgspec
import numpy as np

from frametally.errors import VideoError
from frametally.library.copies.picture import CopiedPicture
from frametally.library.copies.report import NO_ROOM_FOR_REPORT, progress_path
from frametally.library.copies.sound import CopiedSound
from frametally.storage.atomic import atomic_path
from frametally.storage.space import TRY_AGAIN, check_room, explain_disk_full
from frametally.video.encoding_process import (
    UNFINISHED,
    Report,
    enter_encoder_sandbox,
    outcome_of,
    yield_and_end_with_parent,
)
from frametally.video.frame_index import FrameIndex, load_index
from frametally.video.frame_reader import FrameReader

ENCODER: Final = {"preset": "ultrafast", "crf": "24", "g": "50", "x264-params": "cabac=1:8x8dct=1"}
_REPORTS: Final = 400
_MPEG_RANGE: Final = 1
_BUSY: Final = 75
"""Exit status if another process makes this copy (EX_TEMPFAIL of sysexits.h)."""


def make_copy(source: Path, target: Path, report: Callable[[float], None]) -> None:
    """Write the copy. `report` receives the share done, 0 to 1, and may raise to stop.

    Raises:
        VideoError: the video cannot be read, or no frame of it can be decoded.
    """
    index = load_index(source)
    reader = FrameReader(source, index, cache_bytes=0)
    durations = np.diff(index.pts, append=index.held_end_pts).tolist()
    every = max(len(index) // _REPORTS, 1)
    sound = CopiedSound(source, float(index.pts[0] * index.time_base))
    options = {"movflags": "faststart"}
    with sound, av.open(str(target), "w", format="mp4", options=options) as container:
        stream: Any = None
        for position, picture in _pictures(reader):
            if stream is None:
                stream = _stream(container, picture, index)
                sound.begin(container)
            sound.write_until(float(index.times_s[position]))
            picture.pts, picture.time_base = int(index.pts[position] - index.pts[0]), index.time_base
            _mux(container, stream.encode(picture), index, durations)
            if position % every == 0:
                report(position / len(index))
        if stream is None:
            raise VideoError("No frame of this video can be decoded.")
        _mux(container, stream.encode(None), index, durations)
        sound.write_until(float(index.held_s))
        sound.end()


def _pictures(reader: FrameReader) -> Iterator[tuple[int, av.VideoFrame]]:
    """(display index, picture of the copy), beginning with 0."""
    copied: CopiedPicture | None = None
    for position, frame in reader.frames(range(len(reader.index))):
        if copied is None:
            copied = CopiedPicture(frame, reader.pixel_aspect)
            if position > 0:
                yield 0, _colored(copied.of(frame), copied)
        yield position, _colored(copied.of(frame), copied)


def _colored(picture: av.VideoFrame, copied: CopiedPicture) -> av.VideoFrame:
    picture.colorspace = copied.colorspace
    return picture


def _stream(container: Any, picture: av.VideoFrame, index: FrameIndex) -> Any:
    rate = len(index) / index.held_s
    stream = container.add_stream("libx264", rate=rate.limit_denominator(1001) or 1, options=ENCODER)
    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
    stream.codec_context.time_base = index.time_base
    stream.codec_context.colorspace, stream.codec_context.color_range = picture.colorspace, _MPEG_RANGE
    return stream


def _mux(container: Any, packets: list[Any], index: FrameIndex, durations: list[int]) -> None:
    for packet in packets:
        position = int(np.searchsorted(index.pts, packet.pts + index.pts[0]))
        packet.duration = durations[position]  # otherwise the last frame would get that of the one before
        container.mux(packet)


def main(source: Path, target: Path) -> int:
    """Make the copy; returns the exit status."""
    yield_and_end_with_parent()
    enter_encoder_sandbox(source)
    with progress_path(target).open("ab", buffering=0) as progress:
        try:
            fcntl.flock(progress, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _BUSY
        progress.truncate(0)
        report = _copy_to(source, target, progress)
        try:
            _write(progress, report)
        except OSError:
            return NO_ROOM_FOR_REPORT
        if target.exists():
            progress_path(target).unlink(missing_ok=True)
    return 1 if report.what else 0


def _copy_to(source: Path, target: Path, progress: BinaryIO) -> Report:
    """The final report; written after the temporary file is removed, because only then a full disk has space for it."""

    def report(share: float) -> None:
        check_room(target.parent, 0, next_step=TRY_AGAIN)
        _write(progress, Report(min(share, UNFINISHED)))

    def encode() -> None:
        if not target.exists():  # another process may have made it since
            with explain_disk_full(next_step=TRY_AGAIN), atomic_path(target) as draft:
                make_copy(source, draft, report)

    return outcome_of(encode, "Preparing a copy failed.")


def _write(progress: BinaryIO, report: Report) -> None:
    progress.write(msgspec.json.encode(report) + b"\n")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
