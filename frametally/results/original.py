"""The original results JSON of a job, kept unchanged and compressed next to the tables made from it."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

from frametally.errors import ResultsError
from frametally.storage.cached_files import fetched, is_there
from frametally.storage.seekable_zstd import SeekableZstdFile, compress_seekable

SHA256_NAME: Final = "results.json.sha256"
"""Digest of the uncompressed results, in the format of `sha256sum`."""
DAMAGED: Final = (OSError, EOFError, zlib.error)
"""What opening a damaged original, or reading from it, raises."""
_PLAIN_NAME = "results.json"
_ZSTD_NAME = f"{_PLAIN_NAME}.zst"
_GZIP_NAME = f"{_PLAIN_NAME}.gz"
"""Written by earlier versions."""
ORIGINAL_NAMES: Final = (_ZSTD_NAME, _GZIP_NAME)
_COPY_BYTES = 1 << 20
_NOT_WRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
_MAKE_WRITABLE = "Free some disk space, or make the data folder writable, then open the results again."


def find_original(folder: Path) -> Path | None:
    """Where the compressed original of a job is; None if there is none. It may be in object storage only: `fetched`."""
    paths = (folder / name for name in ORIGINAL_NAMES)
    return next((path for path in paths if is_there(path)), None)


def open_original(folder: Path) -> BinaryIO:
    """The uncompressed original as a binary file; one compressed with zstd can seek cheaply.

    Raises:
        FileNotFoundError: there is none.
        OSError, EOFError, zlib.error: it is damaged; reading from the file raises these too.
    """
    path = find_original(folder)
    if path is None:
        raise FileNotFoundError(folder / _ZSTD_NAME)
    path = fetched(path)
    if path.name == _GZIP_NAME:
        return cast("BinaryIO", gzip.open(path))
    return cast("BinaryIO", SeekableZstdFile(path))


def compress_original(json_path: Path, folder: Path) -> None:
    """Write the compressed original and its digest to a folder; only the original is flushed to disk."""
    sha256 = hashlib.sha256()
    with json_path.open("rb", buffering=0) as plain, (folder / _ZSTD_NAME).open("wb") as packed:
        compress_seekable(plain, packed, sha256.update)
        packed.flush()
        os.fsync(packed.fileno())
    (folder / SHA256_NAME).write_text(f"{sha256.hexdigest()}  {_PLAIN_NAME}\n")


def copy_original(folder: Path, target: IO[bytes]) -> None:
    """Write the uncompressed original to `target`.

    Raises:
        ResultsError: it does not match its digest. Archives of the first version have no digest and are not checked.
        OSError, EOFError, zlib.error: it is missing or damaged.
    """
    sha256 = hashlib.sha256()
    with open_original(folder) as plain:
        while block := plain.read(_COPY_BYTES):
            sha256.update(block)
            target.write(block)
    digest = folder / SHA256_NAME
    if digest.exists() and digest.read_text().split()[:1] != [sha256.hexdigest()]:
        raise damaged()


def damaged() -> ResultsError:
    """The error for archived results that are missing, or that cannot be read."""
    return ResultsError("These results are damaged.", "Run the job again.")


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a rebuild raises into ResultsError: the original is damaged, or the tables cannot be written."""
    try:
        yield
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno in _NOT_WRITABLE:
            reason = os.strerror(error.errno).lower()
            raise ResultsError(
                f"The tables of these results could not be rebuilt: {reason}.", _MAKE_WRITABLE
            ) from error
        raise damaged() from error
