"""What becomes of a request whose decoder process does not answer as it should."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import msgspec
import pytest

from frametally.video.frame_reader import always
from frametally.video.seeking import parked_decoder
from frametally.video.seeking.channel import Answer
from frametally.video.seeking.parked_decoder import DecoderLost, ParkedDecoder


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ParkedDecoder, socket.socket]]:
    """A decoder, and the end of its channel that a process would have."""
    monkeypatch.setattr(parked_decoder, "_TIMEOUT_S", 0.1)
    monkeypatch.setattr(parked_decoder, "_TRANSFER_TIMEOUT_S", 0.1)
    ours, theirs = socket.socketpair()
    decoder = ParkedDecoder(ours, 0)
    with theirs:
        yield decoder, theirs
        decoder.close()


def answer(height_px: int, width_px: int) -> bytes:
    text = msgspec.json.encode(Answer(shape=(height_px, width_px, 3)))
    return len(text).to_bytes(4, "little") + text


@pytest.mark.parametrize(
    "sent",
    [b"", answer(4, 4)[:9], answer(4, 4) + bytes(20), answer(10**7, 10**7), answer(-1, 4), bytes.fromhex("ffffffff")],
    ids=["nothing", "half an answer", "half a picture", "a picture too large", "no size", "no text"],
)
def test_a_process_that_does_not_complete_its_answer_is_lost(
    ends: tuple[ParkedDecoder, socket.socket], sent: bytes
) -> None:
    decoder, process = ends
    process.sendall(sent)
    with pytest.raises(DecoderLost):
        decoder.displayed(1, always)
