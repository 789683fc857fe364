"""A decoder in a process: `python -m frametally.video.seeking.process VIDEO`, with a channel as its standard input.

The state of a decoder cannot be copied, but a process can: `fork(2)` takes a few milliseconds, and the copy shares all
memory with its original until either of them writes to it (measured: as much as eight frames). The original keeps its
position in a long group of pictures, and each seek decodes the frames after it in a copy. The result is the frame that
decoding from the keyframe gives, as all frames since the keyframe have been decoded.

A process, and what it was copied from, ends when the dashboard closes its end of the channel.
"""

from __future__ import annotations

import ctypes
import gc
import os
import re
import select
import signal
import socket
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import structs

from frametally.errors import FrametallyError
from frametally.processes.sandbox import enter_sandbox
from frametally.video.displayed_frame import DisplayedFrame, displayed
from frametally.video.frame_cache import FrameCache
from frametally.video.frame_index import load_index
from frametally.video.frame_reader import FrameReader, Superseded
from frametally.video.seeking.channel import ADVANCE, COPY, REQUEST, Answer, send
from frametally.video.tone_mapping import is_hdr

_CACHE_BYTES: Final = 8 << 20
"""Two frames at 1080p: the one that was shown may be requested again, in another size."""
_BYTES_PER_PIXEL: Final = 3
"""Of a frame in 10 bits, so that the cache has room for one of any size."""
_MAX_MEMORY_BYTES: Final = 1 << 30
_WRITTEN: Final = frozenset({1, 2})
"""Descriptors of the standard output and the standard error, which may be a file."""
_PR_SET_CHILD_SUBREAPER: Final = 36
_FIRST_OUT: Final = "500"
"""For the kernel's choice of what to end when memory is short: rather this process than the dashboard."""


class CannotCopy(Exception):
    """Something here would not survive in a copy of the process, or takes too long to prepare in each."""


class Decoder(FrameReader):
    """A reader with one thread, since a copy of a process has only the thread that made it."""

    def __init__(self, path: Path, channel: socket.socket) -> None:
        super().__init__(path, load_index(path), cache_bytes=_CACHE_BYTES, threads=1)
        codec = self.stream.codec_context
        self._cache = FrameCache(max(_CACHE_BYTES, codec.width * codec.height * _BYTES_PER_PIXEL))
        self._channel = channel

    def serve(self) -> None:
        """Answer requests until the channel is closed."""
        while len(request := self._channel.recv(REQUEST.size, socket.MSG_WAITALL)) == REQUEST.size:
            kind, position = REQUEST.unpack(request)
            with suppress(Superseded):  # the channel is closed
                self._copy() if kind == COPY else self._answer(position, shows=kind != ADVANCE)

    def _answer(self, position: int, *, shows: bool) -> None:
        self._is_wanted = self._is_open
        frame = self._frame(position)
        if frame is None or not shows:
            self.report()
        elif is_hdr(frame):
            raise CannotCopy  # each copy would import OpenCV
        else:
            self.report(displayed(frame, self.pixel_aspect))

    def report(self, shown: DisplayedFrame | None = None) -> None:
        """Answer with this frame, or without one."""
        answer = Answer(memory_bytes=_memory_bytes(), has_reported_damage=self.has_reported_damage)
        if shown is None:
            send(self._channel, answer)
        else:
            height_px, width_px, channels = shown.image.shape
            about = {"analyzed_wh": shown.analyzed_wh, "orientation": shown.orientation}
            answer = structs.replace(answer, shape=(height_px, width_px, channels), **about)
            send(self._channel, answer, pixels=shown.image)

    def _is_open(self) -> bool:
        waiting = select.poll()
        waiting.register(self._channel, select.POLLIN)
        return not waiting.poll(0)  # nothing is requested before the answer: it is the end

    def _copy(self) -> None:
        """Send the dashboard a channel to a copy of this process."""
        if len([*Path("/proc/self/task").iterdir()]) > 1:
            raise CannotCopy  # a decoder with threads in spite of `threads`
        ours, theirs = socket.socketpair()
        offsets = [(file, os.lseek(file, 0, os.SEEK_CUR)) for file in _open_files()]
        if os.fork():
            ours.close()
            send(self._channel, Answer(), other=theirs)
            theirs.close()
            return
        theirs.close()
        self._channel.close()
        self._channel = ours
        for file, offset in offsets:
            _open_again(file, offset)


def _open_files() -> list[int]:
    """Descriptors of the files that are being read: more than one after a reader has opened its file again.

    0 may be one of them in a copy, where the standard input is closed.
    """
    numbers = {int(entry.name) for entry in Path("/proc/self/fd").iterdir()}
    return sorted(number for number in numbers - _WRITTEN if _is_file(number))


def _is_file(descriptor: int) -> bool:
    try:
        return stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:  # the folder of the descriptors, which was closed
        return False


def _open_again(file: int, offset: int) -> None:
    """Give this process an offset of its own in a file that it shares with the process that it is a copy of."""
    opened = os.open(f"/proc/self/fd/{file}", os.O_RDONLY)
    os.lseek(opened, offset, os.SEEK_SET)
    os.dup2(opened, file, inheritable=False)
    os.close(opened)


def _memory_bytes() -> int:
    found = re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) << 10 if found else 0


def main() -> None:
    """Serve the channel; the first process ends last, so that it takes in the copies that end before it."""
    channel, first = socket.socket(fileno=sys.stdin.fileno()), os.getpid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the dashboard receives it too
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_OUT)
    enter_sandbox(max_memory_bytes=_MAX_MEMORY_BYTES)
    with suppress(OSError, CannotCopy, FrametallyError):
        decoder = Decoder(Path(sys.argv[1]), channel)
        gc.collect()
        gc.freeze()  # so that the garbage collector of a copy does not change, and thereby copy, what is shared
        decoder.report()
        decoder.serve()
    if os.getpid() == first:
        with suppress(ChildProcessError):
            os.wait()
    os._exit(0)


if __name__ == "__main__":
    main()
