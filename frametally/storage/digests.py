"""Digests of file contents.

SHA-256 identifies a video. The block digest is one that a browser can compute as well, as Web Crypto has no streaming
SHA-256: the file is cut into blocks of 8 MiB, each block is hashed on its own, and the block digest is the SHA-256 of
the concatenated hashes. This runs at native speed with one block in memory.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final, NamedTuple

BLOCK_BYTES: Final = 8 * 1024**2
"""The uploader's `digest.js` uses the same block size."""
_READ_BYTES = 1024**2


class Digests(NamedTuple):
    """Both in lower-case hex."""

    sha256: str
    block_digest: str


def sha256_of(path: Path) -> str:
    """The SHA-256 in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests_of(path: Path) -> Digests:
    """Both digests, in one pass over the file."""
    whole, blocks, buffer = hashlib.sha256(), hashlib.sha256(), memoryview(bytearray(_READ_BYTES))
    block, in_block = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer[: BLOCK_BYTES - in_block]):
            whole.update(buffer[:count])
            block.update(buffer[:count])
            in_block += count
            if in_block == BLOCK_BYTES:
                blocks.update(block.digest())
                block, in_block = hashlib.sha256(), 0
    if in_block:
        blocks.update(block.digest())
    return Digests(whole.hexdigest(), blocks.hexdigest())
