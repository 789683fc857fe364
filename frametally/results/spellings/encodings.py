"""Results files that are compressed, or in another encoding than UTF-8, without saying so.

Read are gzip, a ZIP with one file, UTF-16 and UTF-32, also inside each other. The size of the content is bounded: a
small file may otherwise expand to fill the disk.
"""

from __future__ import annotations

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from frametally.errors import ResultsError
from frametally.storage.space import check_reserve

MIN_LIMIT_BYTES: Final = 256 << 20
MAX_RATIO: Final = 200
"""Content may be this many times as large as the file, and at least MIN_LIMIT_BYTES; most compresses 5 to 20 times."""
_MAX_LAYERS: Final = 3
_BLOCK_BYTES: Final = 1 << 20
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_NEXT_STEP: Final = "The service has to send plain JSON. The original file is kept."
_ENCODINGS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"{\0\0\0", "utf-32-le"),
    (b"\0\0\0{", "utf-32-be"),
    (b"{\0", "utf-16-le"),
    (b"\0{", "utf-16-be"),
)
"""By the first bytes; without a byte order mark, by the zeros around the first brace (RFC 4627, section 3)."""


def plain_json(path: Path, folder: Path, max_bytes: int | None = None) -> Path:
    """The file itself, or a new file in the folder with its content, uncompressed and in UTF-8, of `max_bytes` at most.

    Raises:
        ResultsError: the content is damaged, too large, or more than one file.
        OSError: the disk has no room for it, with ENOSPC.
    """
    limit_bytes = max(MIN_LIMIT_BYTES, MAX_RATIO * path.stat().st_size)
    limit_bytes = min(limit_bytes, max_bytes or limit_bytes)
    for layer in range(_MAX_LAYERS):
        start = _start_of(path)
        encoding = next((name for prefix, name in _ENCODINGS if start.startswith(prefix)), None)
        if encoding is None and not start.startswith((_GZIP, _ZIP)):
            return path
        target = folder / f"plain-{layer}.json"
        try:
            _write(target, _text(path, encoding) if encoding else _content(path), limit_bytes)
        except UnicodeError as error:
            raise ResultsError(f"The results are not valid {(encoding or '').upper()} text.", _NEXT_STEP) from error
        except (gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise ResultsError("The results are compressed, and the compressed file is damaged.", _NEXT_STEP) from error
        path = target
    raise ResultsError("The results are compressed more than twice.", _NEXT_STEP)


def _start_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4)


def _write(target: Path, blocks: Iterator[bytes], limit_bytes: int) -> None:
    written = 0
    with target.open("wb") as file:
        for block in blocks:
            check_reserve(target.parent, written)
            written += len(block)
            if written > limit_bytes:
                raise ResultsError(f"The results expand to more than {limit_bytes >> 20:,} MiB.", _NEXT_STEP)
            file.write(block)


def _text(path: Path, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            yield decoder.decode(block).encode()
    yield decoder.decode(b"", final=True).encode()


def _content(path: Path) -> Iterator[bytes]:
    if not _start_of(path).startswith(_ZIP):
        with gzip.open(path) as file:
            yield from _blocks(file)
        return
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
        if len(names) != 1:
            raise ResultsError(f"The results are a ZIP of {len(names)} files.", _NEXT_STEP)
        with archive.open(names[0]) as member:
            yield from _blocks(member)


def _blocks(file: IO[bytes] | gzip.GzipFile) -> Iterator[bytes]:
    while block := file.read(_BLOCK_BYTES):
        yield block
