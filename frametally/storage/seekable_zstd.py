"""Zstandard files made of independent frames, so that any part can be read without decompressing what precedes it.

The format is the seekable format of the zstd project (`contrib/seekable_format`): standard frames, then a skippable
frame with the compressed and decompressed size of each. `zstd -d` reads such a file and ignores the table.
"""

from __future__ import annotations

import io
import struct
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa

from frametally.storage.seekable_file import SeekableFile

FRAME_BYTES: Final = 2 << 20
"""Decompressed size of every frame except the last. A frame is one call into C, and each call waits for the
interpreter lock: frames of 1 MiB made the ingest of 1 h slower by some percent. Reading one entry decompresses a
frame and scans it, so that frames of 4 MiB doubled its time."""
_LEVEL = 1
_BLOCK_BYTES = 8 * FRAME_BYTES
_SKIPPABLE_MAGIC = 0x184D2A5E
_TABLE_MAGIC = 0x8F92EAB1
_HEADER, _ENTRY, _FOOTER = struct.Struct("<II"), struct.Struct("<II"), struct.Struct("<IBI")


def compress_seekable(source: BinaryIO, target: BinaryIO, on_block: Callable[[memoryview], object]) -> None:
    """Compress everything from `source` into `target`; `on_block` also receives each uncompressed block, in order.

    Blocks are large because this runs while another thread decodes JSON: after each call into C it waits some
    milliseconds for the interpreter lock.
    """
    codec = pa.Codec("zstd", compression_level=_LEVEL)
    block = memoryview(bytearray(_BLOCK_BYTES))
    sizes: list[tuple[int, int]] = []
    while size := source.readinto(block):  # type: ignore[attr-defined]
        on_block(block[:size])
        parts = [block[start : min(start + FRAME_BYTES, size)] for start in range(0, size, FRAME_BYTES)]
        frames = [codec.compress(part) for part in parts]
        sizes += [(frame.size, len(part)) for frame, part in zip(frames, parts, strict=True)]
        target.write(b"".join(frames))
    target.write(_seek_table(sizes))


class SeekableZstdFile(SeekableFile):
    """The decompressed content of a seekable file, as a read-only binary file.

    Opening it and reading from it raises OSError where the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._codec = pa.Codec("zstd")
        self._file = path.open("rb")
        try:
            sizes = _read_seek_table(self._file)
        except BaseException:
            self._file.close()
            raise
        self._compressed_starts = list(accumulate((size for size, _ in sizes), initial=0))
        self._starts = list(accumulate((size for _, size in sizes), initial=0))
        super().__init__(size_bytes=self._starts[-1])
        self._frame, self._frame_number = memoryview(b""), -1
        """The frame that was decompressed last."""

    def _piece_at(self, position: int) -> memoryview:
        number = bisect_right(self._starts, position) - 1
        return self._decompress(number)[position - self._starts[number] :]

    def close(self) -> None:
        self._file.close()
        super().close()

    def _decompress(self, number: int) -> memoryview:
        if number != self._frame_number:
            start, end = self._compressed_starts[number : number + 2]
            self._file.seek(start)
            size = self._starts[number + 1] - self._starts[number]
            frame = self._codec.decompress(self._file.read(end - start), decompressed_size=size)
            self._frame, self._frame_number = memoryview(frame).cast("B"), number
        return self._frame


def _seek_table(sizes: list[tuple[int, int]]) -> bytes:
    """The skippable frame; `sizes` holds the compressed and the decompressed size of each frame."""
    entries = b"".join(_ENTRY.pack(*pair) for pair in sizes)
    header = _HEADER.pack(_SKIPPABLE_MAGIC, len(entries) + _FOOTER.size)
    return header + entries + _FOOTER.pack(len(sizes), 0, _TABLE_MAGIC)


def _read_seek_table(file: BinaryIO) -> list[tuple[int, int]]:
    file_size = file.seek(0, io.SEEK_END)
    if file_size < _HEADER.size + _FOOTER.size:
        raise _damaged()
    file.seek(-_FOOTER.size, io.SEEK_END)
    count, descriptor, magic = _FOOTER.unpack(file.read(_FOOTER.size))
    table_size = _HEADER.size + count * _ENTRY.size + _FOOTER.size
    if magic != _TABLE_MAGIC or descriptor or table_size > file_size:
        raise _damaged()
    file.seek(-table_size, io.SEEK_END)
    table = file.read(table_size)
    sizes = list(_ENTRY.iter_unpack(table[_HEADER.size : -_FOOTER.size]))
    header = _HEADER.unpack_from(table)
    if (
        header != (_SKIPPABLE_MAGIC, table_size - _HEADER.size)
        or sum(size for size, _ in sizes) != file_size - table_size
    ):
        raise _damaged()
    if any(size > FRAME_BYTES for _, size in sizes):  # limits the memory that a damaged table can request
        raise _damaged()
    return sizes


def _damaged() -> OSError:
    return OSError("This is not a complete seekable zstd file.")
