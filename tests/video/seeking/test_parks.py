"""How many decoders are parked, and which are closed."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

from frametally.video.seeking.parked_decoder import ParkedDecoder
from frametally.video.seeking.parks import Parks


class Decoder(ParkedDecoder):
    """Without a process."""

    made: ClassVar[list[Decoder]] = []

    def __init__(self, position: int) -> None:
        self.other, channel = socket.socketpair()
        super().__init__(channel, position)
        self.made.append(self)


@pytest.fixture(autouse=True)
def closed_at_the_end() -> Iterator[None]:
    """Close both ends of all channels."""
    yield
    for decoder in Decoder.made:
        decoder.close()
        decoder.other.close()
    Decoder.made.clear()


def is_closed(decoder: Decoder) -> bool:
    decoder.other.setblocking(False)
    try:
        return decoder.other.recv(1) == b""
    except BlockingIOError:
        return False


def parked(parks: Parks, owner: str, positions: list[int], size_bytes: int = 10) -> list[Decoder]:
    parks.capacity(owner, size_bytes)
    decoders = [Decoder(position) for position in positions]
    for decoder in decoders:
        parks.add(owner, decoder, size_bytes)
    return decoders


def test_the_least_recently_used_are_closed_when_there_is_no_room() -> None:
    parks = Parks(max_bytes=40)
    one = parked(parks, "one", [10, 20, 30])
    assert parks.nearest("one", 0, 15) is one[0]
    parked(parks, "other", [5, 15])
    assert [is_closed(decoder) for decoder in one] == [False, True, False]
    parks.use("one", [30, 10])
    parked(parks, "other", [25, 35])
    assert (parks.positions("one"), parks.positions("other")) == ({10, 30}, {25, 35})


def test_videos_share_the_memory() -> None:
    parks = Parks(max_bytes=100)
    assert parks.capacity("one", 0) == 1
    assert parks.capacity("one", 10) == 10
    assert parks.capacity("other", 10) == 5
    parks.remove("other")
    assert parks.capacity("one", 10) == 10


def test_the_nearest_one_before_a_frame_is_found_in_its_group() -> None:
    parks = Parks()
    decoders = parked(parks, "one", [10, 20, 30])
    assert parks.nearest("one", 0, 29) is decoders[1]
    assert parks.nearest("one", 0, 30) is decoders[2]
    assert parks.nearest("one", 25, 29) is None
    assert parks.nearest("other", 0, 29) is None


def test_a_closed_video_keeps_none() -> None:
    parks = Parks()
    (before,) = parked(parks, "one", [10])
    parks.remove("one")
    late = Decoder(20)
    parks.add("one", late, 10)  # by a thread that has not noticed
    assert is_closed(before)
    assert is_closed(late)
    assert len(parks) == 0


def test_nothing_is_advanced_while_a_frame_is_requested() -> None:
    parks, ended = Parks(quiet_s=0), threading.Event()

    def wait() -> None:
        parks.wait_until_quiet(lambda: False)
        ended.set()

    with parks.request():
        thread = threading.Thread(target=wait)
        thread.start()
        assert not ended.wait(0.05)
    assert ended.wait(10)
    thread.join()
