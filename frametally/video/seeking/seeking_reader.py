"""A frame reader that also reads frames far from a keyframe at once, with decoders that are parked before them.

The reader itself decodes with all cores from the keyframe; a copy of a parked decoder with one core from where that one
stands. Whichever has fewer frames to decode reads the frame. Both decode the same packets with the same code, and leave
out the same frames: those that no other references. What is reported of them could not be seen in the frame.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final

from frametally.video.displayed_frame import DisplayedFrame
from frametally.video.frame_index import FrameIndex
from frametally.video.frame_reader import FrameReader, Superseded, always
from frametally.video.seeking.parked_decoder import DecoderClosed, DecoderLost, ParkedDecoder
from frametally.video.seeking.parks import Parks
from frametally.video.seeking.stops import Stops

_ADVANCE: Final = 16
"""Frames that are decoded before a request can come in between."""
_SPEED_UP: Final = 1.5
"""Of the cores that the reader itself decodes with."""
_COPYING: Final = 6
"""Frames that could be decoded while a decoder is copied, and its pixels are sent."""
_MIN_BYTES: Final = 2 << 20
"""Of memory, for a process."""


class SeekingReader(FrameReader):
    """Has parked decoders once it was asked for a frame and nothing is requested for a moment, if the video needs them.

    Not after a process has ended, or has reported damage: a damaged frame looks as one reader shows it.
    """

    def __init__(
        self, path: Path, index: FrameIndex, parks: Parks, *, cache_bytes: int, distance: int | None = None
    ) -> None:
        """`distance`: see `Stops`."""
        super().__init__(path, index, cache_bytes=cache_bytes)
        codec = self.stream.codec_context
        self._stops = Stops(index, codec.width * codec.height, distance)
        is_slow = bool(self._stops) and self._timed
        self.has_processes = is_slow and sys.platform == "linux" and path.exists()
        """Whether decoders are parked, now or soon."""
        self._parks = parks
        self._first: ParkedDecoder | None = None
        """Where others are copied from."""
        self._first_bytes = self._size_bytes = 0
        """Memory of that process, and what each of the others takes in addition."""
        self._cursor: ParkedDecoder | None = None
        """Stands at the frame that was read last, for the next one."""
        self._turn, self._state = threading.Lock(), threading.Lock()
        self._preparing: threading.Thread | None = None
        self._last = 0
        """Display index of the frame that was requested last."""

    def displayed(self, position: int, is_wanted: Callable[[], bool] = always) -> DisplayedFrame | None:
        """As that of `FrameReader`."""
        if not self.has_processes or not 0 <= position < len(self.index):
            return super().displayed(position, is_wanted)
        try:
            with self._parks.request(), self._turn:
                self._last = position
                decoder = self._nearest(position)
                if decoder is not None:
                    try:
                        return self._displayed_by(decoder, position, is_wanted)
                    except DecoderClosed:
                        pass  # another video needed its memory
                    except DecoderLost:
                        self._give_up()
                return super().displayed(position, is_wanted)
        finally:
            if not self.has_processes:  # closed while the frame was read
                self._give_up()
            self._prepare_soon()

    def close(self) -> None:
        """Also end the processes; a later request is read without them."""
        self._give_up()
        super().close()

    def _nearest(self, position: int) -> ParkedDecoder | None:
        """The decoder that reads the frame sooner than this reader does."""
        group = self._stops.group_of(position)
        if group is None or position in self._cache:
            return None
        found = self._parks.nearest(self, group.start, position)
        if self._cursor and max(group.start, found.position if found else 0) <= self._cursor.position <= position:
            found = self._cursor
        begun_at = self._at if group.start <= self._at < position else group.start
        is_nearer = found and (position - found.position + _COPYING) * _SPEED_UP < position - begun_at
        return found if is_nearer else None

    def _displayed_by(
        self, decoder: ParkedDecoder, position: int, is_wanted: Callable[[], bool]
    ) -> DisplayedFrame | None:
        if decoder is not self._cursor:
            decoder = decoder.copy()
            self._replace_cursor(decoder)
        try:
            return decoder.displayed(position, is_wanted)
        except Superseded:
            self._replace_cursor(None)
            raise

    def _replace_cursor(self, decoder: ParkedDecoder | None) -> None:
        with self._state:
            before, self._cursor = self._cursor, decoder
        if before:
            before.close()

    def _give_up(self) -> None:
        self.has_processes = False
        with self._state:
            first, self._first = self._first, None
            cursor, self._cursor = self._cursor, None
        for decoder in filter(None, (first, cursor)):
            decoder.close()
        self._parks.remove(self)

    # Parking

    def _prepare_soon(self) -> None:
        with self._state:
            if self._preparing is None and self.has_processes and self._missing() is not None:
                thread = threading.Thread(target=self._prepare, name="parked decoders", daemon=True)
                with suppress(RuntimeError):  # no thread can be started now
                    thread.start()
                    self._preparing = thread

    def _missing(self) -> int | None:
        """Where the next decoder should be parked; None if there are enough."""
        capacity = self._parks.capacity(self, self._size_bytes)
        wanted = list(islice(self._stops.around(self._last), capacity))
        self._parks.use(self, wanted)
        parked = self._parks.positions(self)
        return next((stop for stop in wanted if stop not in parked), None)

    def _prepare(self) -> None:
        try:
            with self._parks.turn:
                while self.has_processes and (stop := self._missing()) is not None:
                    with suppress(DecoderClosed):
                        self._park_at(stop)
        except (DecoderLost, OSError):
            self._give_up()
        finally:
            with self._state:
                self._preparing = None
            if not self.has_processes:  # given up while this thread was parking
                self._give_up()

    def _park_at(self, stop: int) -> None:
        group = self._stops.group_of(stop)
        start = group.start if group else 0
        decoder = (self._parks.nearest(self, start, stop) or self._before_all()).copy()
        try:
            for position in (*range(max(decoder.position, start) + _ADVANCE, stop, _ADVANCE), stop):
                self._parks.wait_until_quiet(lambda: not self.has_processes)
                if not self.has_processes:
                    raise DecoderClosed
                memory_bytes = decoder.advance(position)
        except DecoderLost:
            decoder.close()
            raise
        self._size_bytes = max(self._size_bytes, memory_bytes - self._first_bytes, _MIN_BYTES)
        self._parks.add(self, decoder, self._size_bytes)

    def _before_all(self) -> ParkedDecoder:
        first = self._first
        if first is None:
            first = ParkedDecoder.started(self._path)
            with self._state:
                self._first = first
            self._first_bytes = first.wait_until_started()
        return first
