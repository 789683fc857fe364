"""A decoder in another process that stands at a frame, and can be copied there."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

import msgspec

from frametally.processes.environment import child_environment
from frametally.video.decoding import Image
from frametally.video.displayed_frame import DisplayedFrame
from frametally.video.frame_reader import Superseded
from frametally.video.seeking.channel import ADVANCE, COPY, REQUEST, SHOW, Answer, receive

_POLL_MS: Final = 20
_TIMEOUT_S: Final = 60.0
"""For an answer to begin, with what is decoded before it."""
_TRANSFER_TIMEOUT_S: Final = 10.0
"""For each part of an answer that has begun, and for a request."""
BEFORE_ALL: Final = -1
"""Position of a decoder that has decoded nothing."""


class DecoderLost(Exception):
    """The process has ended, or reports damage: then the frame is read in this process, as it is without decoders."""


class DecoderClosed(DecoderLost):
    """It was closed here, by another thread."""


class ParkedDecoder:
    """Thread-safe: concurrent requests are served one at a time; `close` ends the one that is waited for."""

    def __init__(self, channel: socket.socket, position: int = BEFORE_ALL) -> None:
        self.position = position
        """Display index of the frame that it has decoded last."""
        self._channel = channel
        channel.settimeout(_TRANSFER_TIMEOUT_S)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    @classmethod
    def started(cls, video: Path) -> Self:
        """The first decoder of a video, before its first frame; `wait_until_started` waits for its process.

        Raises:
            OSError: there is not enough memory, or another resource.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-m", "frametally.video.seeking.process", str(video)]
            env = child_environment(os.environ)
            env["OPENBLAS_NUM_THREADS"] = "1"  # its threads would not survive in a copy
            try:
                process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=env)
            except OSError:
                ours.close()
                raise
        decoder = cls(ours)
        decoder._process = process
        return decoder

    def wait_until_started(self) -> int:
        """The bytes of memory that the process of `started` takes.

        Raises:
            DecoderLost: see there.
        """
        with self._lock:
            return self._answer()[0].memory_bytes

    def copy(self) -> ParkedDecoder:
        """Another decoder at the same position.

        Raises:
            DecoderLost: see there.
        """
        with self._lock:
            _, _, channel = self._ask(COPY, self.position)
        if channel is None:
            raise DecoderLost
        return ParkedDecoder(channel, self.position)

    def advance(self, position: int) -> int:
        """Decode to this frame; returns the bytes of memory that the process takes then.

        Raises:
            DecoderLost: see there.
        """
        with self._lock:
            answer, _, _ = self._ask(ADVANCE, position)
            self.position = position
        return answer.memory_bytes

    def displayed(self, position: int, is_wanted: Callable[[], bool]) -> DisplayedFrame | None:
        """The frame with this display index as a player shows it; None if it cannot be decoded.

        Raises:
            Superseded: `is_wanted`, which is called every few milliseconds, says that it is not; closes the decoder.
            DecoderLost: see there.
        """
        with self._lock:
            answer, image, _ = self._ask(SHOW, position, is_wanted)
            self.position = position
        if image is None:
            return None
        return DisplayedFrame(image, answer.analyzed_wh, answer.orientation, is_tone_mapped=False)

    def close(self) -> None:
        """End the process."""
        self._is_closed = True
        with suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for an answer
        with self._lock:
            self._channel.close()
        if self._process is not None:
            with suppress(RuntimeError):  # no thread can be started: `subprocess` looks for its end later
                threading.Thread(target=self._process.wait, name="decoder process", daemon=True).start()
            self._process = None

    def _ask(
        self, kind: bytes, position: int, is_wanted: Callable[[], bool] = lambda: True
    ) -> tuple[Answer, Image | None, socket.socket | None]:
        try:
            self._channel.sendall(REQUEST.pack(kind, position))
        except OSError as error:
            raise self._lost() from error
        return self._answer(is_wanted)

    def _answer(
        self, is_wanted: Callable[[], bool] = lambda: True
    ) -> tuple[Answer, Image | None, socket.socket | None]:
        waiting, until_s = select.poll(), time.monotonic() + _TIMEOUT_S
        try:
            waiting.register(self._channel, select.POLLIN)
            while not waiting.poll(_POLL_MS):
                if not is_wanted():
                    self._channel.close()
                    raise Superseded
                if time.monotonic() > until_s:
                    self._channel.close()
                    raise DecoderLost
            answered = receive(self._channel)
        except (OSError, ValueError, EOFError, MemoryError, msgspec.MsgspecError) as error:
            raise self._lost() from error
        if answered[0].has_reported_damage:
            raise DecoderLost
        return answered

    def _lost(self) -> DecoderLost:
        return DecoderClosed() if self._is_closed else DecoderLost()
