"""Open a video file with PyAV and read its packets.

Files come from untrusted sources: only known container formats are opened, and only the local file itself (a playlist
inside a `.mp4` must not make the demuxer open other files or addresses).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import av

from frametally.errors import OutOfMemory, VideoError
from frametally.storage.cached_files import readable

MAX_PIXELS: Final = 8192 * 8192
"""Per frame; a small file can declare frames that would fill the memory."""
_OPEN_OPTIONS: Final = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,mpegts",
    "protocol_whitelist": "file",
}
_MEMORY_ERRORS: Final = (av.error.MemoryError, av.error.BlockingIOError)
"""FFmpeg reports the second when no thread could be created, which also means a lack of memory."""
_OPENCV_NO_MEMORY: Final = -4
_DEFAULT: Final = av.stream.Disposition.default
_COVER: Final = av.stream.Disposition.attached_pic


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a library reports that it could not allocate memory, or start a thread."""
    is_opencv = type(error).__module__ == "cv2" and getattr(error, "code", 0) == _OPENCV_NO_MEMORY
    is_thread = isinstance(error, RuntimeError) and "start new thread" in str(error)
    return isinstance(error, (*_MEMORY_ERRORS, MemoryError, OutOfMemory)) or is_opencv or is_thread


@contextmanager
def open_video(path: Path) -> Iterator[tuple[Any, Any]]:
    """The container and its video stream (the default one, else the first).

    Raises:
        VideoError: the file is not a readable video, has no video stream, or more than `MAX_PIXELS` per frame.
        OutOfMemory: there is not enough memory to open it.
    """
    try:
        container = av.open(readable(path), options=_OPEN_OPTIONS, metadata_errors="replace")
    except _MEMORY_ERRORS as error:
        raise OutOfMemory from error
    except (av.FFmpegError, OSError) as error:
        raise VideoError(
            "This is not a video that can be read: it is damaged, cut short before its index, or not a video at all.",
            "Play it to check, then export it again as MP4 (H.264).",
        ) from error
    with container:
        streams = [stream for stream in container.streams.video if not stream.disposition & _COVER]
        if not streams:
            raise VideoError("The file contains audio only.", "Choose a file with a video track.")
        chosen = next((stream for stream in streams if stream.disposition & _DEFAULT), streams[0])
        if chosen.codec_context is None:
            raise VideoError("The codec of this video is unknown.", "Convert it to MP4 (H.264) and try again.")
        if chosen.codec_context.width * chosen.codec_context.height > MAX_PIXELS:
            raise VideoError("The resolution of this video is too high.", "Scale it down to at most 8K and try again.")
        chosen.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # also if the size changes mid-stream
        yield container, chosen


def packets_of(container: Any, stream: Any) -> Iterator[Any]:
    """The packets of a stream in file order, up to the first damage of the file.

    Raises:
        OutOfMemory: there is not enough memory.
    """
    with until_damaged():
        yield from container.demux(stream)


def numbered(packets: Iterable[Any], first: int = 0) -> Iterator[tuple[int, Any]]:
    """(number, packet) of the packets of a stream; the first one has the number `first`."""
    number = first
    for packet in packets:
        yield number, packet
        number += bool(packet.size)


def numbered_for_decoding(packets: Iterable[Any], first: int = 0) -> Iterator[tuple[int, Any]]:
    """The same, with the number in place of both times, so that `frame.pts` is the number of the frame's packet.

    Times in a file may be missing, repeated or out of order, and decoders only pass them on.
    """
    for number, packet in numbered(packets, first):
        if packet.size:
            packet.pts = packet.dts = number
        yield number, packet


def decode_packet(packet: Any, on_damage: Callable[[], object] = lambda: None) -> Iterator[Any]:
    """The frames that this packet completes; if it is damaged, none, and `on_damage` is called."""
    try:
        frames = packet.decode()
    except _MEMORY_ERRORS as error:
        raise OutOfMemory from error
    except av.FFmpegError:
        on_damage()
        return
    yield from frames


def is_transport_stream(container: Any) -> bool:
    """Whether it is MPEG-TS, whose clock has 33 bits, and whose files may be joined by appending them."""
    return bool(container.format.name == "mpegts")


def has_reliable_pts(container: Any, stream: Any) -> bool:
    """Whether frame times can be trusted: AVI stores none, and FFmpeg guesses them out of order for B-frames."""
    return not (container.format.name == "avi" and stream.codec_context.has_b_frames)


@contextmanager
def until_damaged() -> Iterator[None]:
    """End the block without an error when FFmpeg reports damaged data.

    Raises:
        OutOfMemory: there is not enough memory, which is not damage.
    """
    try:
        yield
    except _MEMORY_ERRORS as error:
        raise OutOfMemory from error
    except av.FFmpegError:
        return
