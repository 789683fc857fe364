"""Streaming reader for a JSON object of any size whose long arrays are decoded in batches of entries.

A batch is cut where another entry seems to begin, and the cut is verified by decoding the batch: a cut inside a string
or inside an entry never leaves valid JSON. If a batch does not decode, its entries are read one by one, each ending
where the decoder reports trailing characters. Both ways return the same entries; only their speed differs.

ijson, the usual library for this, yields values one by one in Python, which is much slower than decoding batches with
msgspec.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, Self, TypeVar

import msgspec
from msgspec import Raw

from frametally.errors import ResultsError
from frametally.results.reading.limits import MAX_VALUE_BYTES, too_long_value

WINDOW_BYTES: Final = 2 << 20
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not JSON of the expected type."""
RUN_AGAIN: Final = "Run the job again; the original file is kept."

_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(rb"[ \t\n\r]*")
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_NEXT = re.compile(rb"[ \t\n\r]*,[ \t\n\r]*(\{[ \t\n\r]*" + _STRING + rb"[ \t\n\r]*:)?", re.DOTALL)
_MARK = re.compile(_STRING + rb'|[\[\]{},"]', re.DOTALL)
_TRAILING = re.compile(r"trailing characters \(byte (\d+)\)$")
_INVALID = re.compile(r"\(byte (\d+)\)$")
_VALUE = msgspec.json.Decoder(Raw)
_T = TypeVar("_T")


class Document:
    """The members of one JSON object, read in the order of the file.

    Every method raises ResultsError if the file is not a JSON object.
    """

    def __init__(self, file: BinaryIO, window_bytes: int = WINDOW_BYTES) -> None:
        self._file = file
        self._buffer = bytearray(window_bytes)
        self._at = 0
        """Position in the buffer of the next value or delimiter."""
        self._end = 0
        """End of the bytes in the buffer."""
        self._passed = 0
        """Position in the file of the first byte in the buffer."""
        self._is_whole = False
        """Whether the file has been read to its end."""
        self._in_array = False
        self._cuts: tuple[bytes, ...] = ()
        """The bytes that separate two entries of this array, as learned from the first two."""

    @classmethod
    def inside_array(cls, file: BinaryIO, offset: int, window_bytes: int = WINDOW_BYTES) -> Self:
        """A document positioned at an entry of an array, at this offset in bytes: read on with `batches` or `entry`."""
        file.seek(offset - 1)  # `_many` overwrites the byte before the first entry
        document = cls(file, window_bytes)
        document._more()
        document._at = 1
        document._in_array = document._peek() != b"]"
        return document

    @property
    def offset(self) -> int:
        """Position in the file of the next value or delimiter, in bytes."""
        return self._passed + self._at

    def keys(self) -> Iterator[str]:
        """Each key in turn; the caller must read its value before it requests the next key."""
        if self._peek() == _BOM[:1] and self._buffer[: len(_BOM)] == _BOM:
            self._at += len(_BOM)
        self._take(b"{")
        if self._peek() != b"}":
            yield self._key()
        while self._peek() == b",":
            self._take(b",")
            yield self._key()
        self._take(b"}")
        if self._peek():
            raise _malformed()

    def at_array(self) -> bool:
        """Whether the next value is an array."""
        return self._peek() == b"["

    def value(self) -> bytes:
        """The raw bytes of the next value, of any type; it has to fit into memory."""
        self._peek()
        end = self._value_end()
        raw = bytes(self._buffer[self._at : end]).rstrip()
        self._at += len(raw)
        return raw

    def enter_array(self) -> None:
        """Step into the next value, an array, whose content `entry` and `batches` then return."""
        self._take(b"[")
        self._cuts = ()
        self._in_array = self._peek() != b"]"
        if not self._in_array:
            self._take(b"]")

    def entry(self) -> bytes | None:
        """The raw bytes of the next entry of the array; None after the last one."""
        if not self._in_array:
            return None
        raw = self.value()
        self._learn(raw)
        if self._peek() == b",":
            self._take(b",")
            self._peek()
        else:
            self._take(b"]")
            self._in_array = False
        return raw

    def batches(
        self, read_many: Callable[[memoryview], list[_T]], read_one: Callable[[bytes], _T]
    ) -> Iterator[list[_T]]:
        """The remaining entries of the array, in order, at most one window of them at a time.

        `read_many` decodes a whole array or raises one of UNREADABLE; it must not keep a reference to its argument.
        `read_one` decodes the raw bytes of one entry and never raises.
        """
        while self._in_array:
            comma = self._last_cut()
            batch = self._many(read_many, comma) if comma else []
            if not batch:
                batch = self._one_by_one(read_one, self._passed + (comma or self._end))
            yield batch
            del batch  # before the next one is decoded, so that its memory is reused

    def _many(self, read_many: Callable[[memoryview], list[_T]], comma: int) -> list[_T]:
        """The entries up to the comma, or to the end of the array before it; none if they do not decode."""
        start = self._at - 1
        self._buffer[start] = ord("[")
        self._buffer[comma] = ord("]")
        window = memoryview(self._buffer)
        try:
            batch = read_many(window[start : comma + 1])
        except UNREADABLE as error:
            self._buffer[comma] = ord(",")
            length = _whole_length(error)
            if length is None:
                return []
            self._at = start + length
            self._in_array = False
            return read_many(window[start : self._at])
        self._buffer[comma] = ord(",")
        self._at = comma + 1
        self._peek()
        return batch

    def _one_by_one(self, read_one: Callable[[bytes], _T], until: int) -> list[_T]:
        """The entries up to this position in the file, or up to the one from which the cut is learned."""
        batch: list[_T] = []
        could_cut = bool(self._cuts)
        while self._in_array and bool(self._cuts) == could_cut and (self.offset <= until or not batch):
            raw = self.entry()
            if raw is not None:
                batch.append(read_one(raw))
        return batch

    def _last_cut(self) -> int | None:
        """Position in the buffer of what seems to be the comma after the last whole entry."""
        if self._cuts and self._end - self._at < len(self._buffer) // 2:
            self._more()
        for cut in self._cuts:
            found = self._buffer.rfind(cut, self._at, self._end)
            if found >= 0:
                return found + cut.index(b",")
        return None

    def _learn(self, raw: bytes) -> None:
        """Learn the bytes between this entry and the next: closing brace, comma, first key of an object."""
        if self._cuts or not raw.endswith(b"}"):
            return
        following = _NEXT.match(self._buffer, self._at, self._end)
        if following and following[1]:
            between = following[0][: -len(following[1])]
            self._cuts = (b"}" + following[0], b"null" + between)

    def _key(self) -> str:
        if self._peek() != b'"':
            raise _malformed()
        raw = self.value()
        self._take(b":")
        try:
            return msgspec.json.decode(raw, type=str)
        except UNREADABLE as error:
            raise _malformed() from error

    def _value_end(self) -> int:
        """Position in the buffer of the end of the value that begins at the current position."""
        while True:
            try:
                _VALUE.decode(memoryview(self._buffer)[self._at : self._end])
            except msgspec.DecodeError as error:
                length = _whole_length(error)
                if length is not None:
                    return self._at + length
                if not self._is_cut_off(error):
                    return self._plain_value_end()
            except RecursionError as error:
                raise _malformed() from error
            if not self._more():
                return self._plain_value_end()

    def _is_cut_off(self, error: msgspec.DecodeError) -> bool:
        """Whether more bytes may resolve the error; if one value fills the window, the brackets are counted first."""
        wrong = _INVALID.search(str(error))
        if wrong is None:
            return self._end - self._at < len(self._buffer) - 1
        at = self._at + int(wrong[1])
        if at < self._end and self._buffer[at] not in b"NI" and "escape" not in str(error):
            raise _malformed() from error
        return at == self._end

    def _plain_value_end(self) -> int:
        """The end of the value by counting brackets: for NaN, Infinity, lone surrogates and values above the window."""
        while True:
            end = self._bracketed_end()
            if end is not None:
                break
            if not self._more():
                raise _malformed(is_cut=True)
        _check(bytes(self._buffer[self._at : end]))
        return end

    def _bracketed_end(self) -> int | None:
        depth = 0
        for mark in _MARK.finditer(self._buffer, self._at, self._end):
            text = bytes(mark[0])
            if text in (b"[", b"{"):
                depth += 1
            elif text == b'"':
                return None
            elif depth == 0 and text in (b",", b"]", b"}"):
                return mark.start()
            elif text in (b"]", b"}"):
                depth -= 1
                if depth == 0:
                    return mark.end()
        return None

    def _peek(self) -> bytes:
        """Skip white space and return the next byte without consuming it; empty at the end of the file."""
        while True:
            found = _SPACE.match(self._buffer, self._at, self._end)
            self._at = found.end() if found else self._at
            if self._at < self._end or not self._more():
                return bytes(self._buffer[self._at : min(self._at + 1, self._end)])

    def _take(self, expected: bytes) -> None:
        found = self._peek()
        if found != expected:
            raise _malformed(is_cut=not found)
        self._at += 1

    def _more(self) -> bool:
        """Read more of the file; consumed bytes leave the buffer, which grows if a single value fills it."""
        if self._is_whole:
            return False
        done = max(self._at - 1, 0)  # `_many` overwrites the byte before the first entry
        kept = self._buffer[done : self._end]
        if len(kept) == len(self._buffer):
            if 2 * len(kept) > MAX_VALUE_BYTES:
                raise too_long_value()
            self._buffer = bytearray(2 * len(kept))
        self._buffer[: len(kept)] = kept
        self._passed += done
        self._at -= done
        received = self._file.readinto(memoryview(self._buffer)[len(kept) :])  # type: ignore[attr-defined]
        self._end = len(kept) + received
        self._is_whole = received == 0
        return bool(received)


def _whole_length(error: Exception) -> int | None:
    """Length in bytes of a whole value and the white space after it; None if the error is a different one."""
    trailing = _TRAILING.search(str(error))
    return int(trailing[1]) - 1 if trailing else None  # msgspec counts the unexpected byte as well


def _check(raw: bytes) -> None:
    """Raise if neither msgspec nor the more lenient `json` module accepts the value."""
    try:
        _VALUE.decode(raw)
    except UNREADABLE:
        try:
            json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise _malformed() from error


def _malformed(*, is_cut: bool = False) -> ResultsError:
    return ResultsError(f"The results are not a JSON object{': the file is truncated' * is_cut}.", RUN_AGAIN)
