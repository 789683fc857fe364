"""A read-only file that seeks, for content that is read in pieces: frames that are decompressed, or ranges."""

from __future__ import annotations

import io
from abc import abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class SeekableFile(io.RawIOBase):
    """Its size is known; a subclass returns the pieces. Not safe to share between threads."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__()
        self.size_bytes = size_bytes
        self._position = 0

    @abstractmethod
    def _piece_at(self, position: int) -> bytes | memoryview:
        """The bytes from this position, which is before the end of the file, to the end of the piece that it is in."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size_bytes}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read up to the end of the current piece, at most as much as fits into the buffer."""
        if self._position >= self.size_bytes:
            return 0
        target = memoryview(buffer).cast("B")
        part = self._piece_at(self._position)[: len(target)]
        target[: len(part)] = part
        self._position += len(part)
        return len(part)
