"""What a dashboard and its decoder processes send each other: requests of a fixed size, answers as JSON with pixels."""

from __future__ import annotations

import socket
from struct import Struct as Layout
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct

from frametally.video.decoding import Image
from frametally.video.orientation import UPRIGHT, Orientation

COPY, ADVANCE, SHOW = b"c", b"a", b"s"
REQUEST: Final = Layout("<cq")
"""What to do, and the display index of the frame that it is about."""
_LENGTH: Final = Layout("<I")
_MAX_TEXT_BYTES: Final = 4096


class Answer(Struct, frozen=True, omit_defaults=True):
    """What a decoder process answers; the pixels follow, row by row."""

    memory_bytes: int = 0
    """Memory of the process that belongs to no file."""
    has_reported_damage: bool = False
    shape: tuple[int, int, int] | None = None
    """(height_px, width_px, 3) of the pixels; None if there are none."""
    analyzed_wh: tuple[int, int] = (0, 0)
    orientation: Orientation = UPRIGHT


def send(
    channel: socket.socket, answer: Answer, *, pixels: Image | None = None, other: socket.socket | None = None
) -> None:
    """Send an answer with its pixels, or with the end of another channel."""
    text = msgspec.json.encode(answer)
    socket.send_fds(channel, [_LENGTH.pack(len(text)) + text], [other.fileno()] if other else [])
    if pixels is not None:
        channel.sendall(np.ascontiguousarray(pixels).data.cast("B"))


def receive(channel: socket.socket) -> tuple[Answer, Image | None, socket.socket | None]:
    """What `send` sent.

    Raises:
        EOFError: the other end was closed.
        ValueError: it is no answer.
        OSError: the channel cannot be read.
    """
    head, descriptors, _, _ = socket.recv_fds(channel, _LENGTH.size, 1, socket.MSG_CMSG_CLOEXEC)
    other = socket.socket(fileno=descriptors[0]) if descriptors else None
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    if length > _MAX_TEXT_BYTES:
        raise ValueError
    text = bytearray(length)
    _fill(channel, memoryview(text))
    answer = msgspec.json.decode(text, type=Answer)
    if answer.shape is None:
        return answer, None, other
    image = np.empty(answer.shape, np.uint8)
    _fill(channel, image.data.cast("B"))
    return answer, image, other


def _fill(channel: socket.socket, buffer: memoryview) -> None:
    while buffer:
        count = channel.recv_into(buffer)
        if not count:
            raise EOFError
        buffer = buffer[count:]
