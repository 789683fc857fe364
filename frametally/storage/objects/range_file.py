"""An object as a read-only file that seeks, for libraries that read from files: PyAV, pyarrow, zipfile."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from frametally.storage.objects.objects import Objects
from frametally.storage.seekable_file import SeekableFile

BLOCK_BYTES: Final = 1 << 20
"""What one request reads: near enough to what a store sends in the time of a request."""
MAX_BLOCKS: Final = 32
_MAX_AHEAD: Final = 8
"""Blocks of one request while a reader goes on from block to block."""


class RangeFile(SeekableFile):
    """Reads blocks of the object, and keeps the `max_blocks` used last. Not safe to share between threads."""

    def __init__(
        self, objects: Objects, key: str, *, block_bytes: int = BLOCK_BYTES, max_blocks: int = MAX_BLOCKS
    ) -> None:
        """
        Raises:
            FileNotFoundError: there is no such object.
        """
        size_bytes = objects.size(key)
        if size_bytes is None:
            raise FileNotFoundError(key)
        super().__init__(size_bytes)
        self._objects, self._key = objects, key
        self._block_bytes, self._max_blocks = block_bytes, max_blocks
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._expected, self._ahead = 0, 1

    def read(self, size: int = -1, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end: some libraries take a shorter answer for the end."""
        left = max(self.size_bytes - self._position, 0)
        whole = bytearray(left if size is None or size < 0 else min(size, left))
        view, done = memoryview(whole), 0
        while done < len(whole) and (count := self.readinto(view[done:])):
            done += count
        return bytes(whole[:done])

    def _piece_at(self, position: int) -> memoryview:
        number, start = divmod(position, self._block_bytes)
        return memoryview(self._block(number))[start:]

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            self._fetch(number)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _fetch(self, number: int) -> None:
        """Read a block, with twice as many after it as last time if it is the one that was expected next."""
        self._ahead = min(self._ahead * 2, _MAX_AHEAD, self._max_blocks) if number == self._expected else 1
        start = number * self._block_bytes
        stop = min(start + self._ahead * self._block_bytes, self.size_bytes)
        data = self._objects.read_range(self._key, start, stop)
        if len(data) != stop - start:
            raise OSError("The object has changed.")
        for at in range(0, len(data), self._block_bytes):
            self._blocks[number] = data[at : at + self._block_bytes]
            number += 1
        self._expected = number
        while len(self._blocks) > self._max_blocks:
            self._blocks.popitem(last=False)
