"""What a place for objects can do, and what its keys and errors are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from frametally.errors import MediaError

_MAX_KEY_CHARS: Final = 600
_KEY: Final = re.compile(r"(?!\.{1,2}(?:/|$))[\w.@=+-]+(?:/(?!\.{1,2}(?:/|$))[\w.@=+-]+)*", re.ASCII)

Content = bytes | Path | Iterable[bytes]
"""Bytes, a file, or blocks that are not in memory at the same time."""


class StoreUnavailable(MediaError):
    """The object storage did not respond, or refused a request."""


class StoredObject(NamedTuple):
    """An object in a listing."""

    key: str
    size_bytes: int
    modified_s: float
    """Unix time of its last change."""
    version: str
    """Another one after each change; times may have a resolution of one second."""


class Objects(Protocol):
    """Objects under keys: names in ASCII separated by slashes, as `results/<job>/frames.parquet`.

    A reader finds a whole object or none. Safe to share between threads.
    Every method raises ValueError if the key is not valid, and StoreUnavailable.
    """

    def put_new(self, key: str, data: bytes) -> bool:
        """Create an object, unless there is one: the first writer wins, also across machines.

        Returns whether the object has this content: also True if an earlier attempt of the same request created it.
        """

    def put(self, key: str, content: Content) -> None:
        """Create or replace an object; a large one in parts. If the blocks raise an error, nothing is stored."""

    def read(self, key: str) -> bytes:
        """The whole object.

        Raises:
            FileNotFoundError: there is none.
        """

    def read_range(self, key: str, start: int, stop: int) -> bytes:
        """The bytes [start, stop) of an object, fewer where it ends before.

        Raises:
            FileNotFoundError: there is none.
        """

    def size(self, key: str) -> int | None:
        """The size in bytes; None if there is no such object."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """The objects below a prefix, which is a key of its own kind: `results/<job>` has those after `results/<job>/`.

        In the order of their keys.
        """

    def delete(self, key: str) -> None:
        """Remove an object; does nothing if there is none."""


def checked_key(key: str) -> str:
    """The key.

    Raises:
        ValueError: it is not valid: absolute, with `..`, or with other characters.
    """
    if len(key) > _MAX_KEY_CHARS or not _KEY.fullmatch(key):
        raise ValueError("This is not the key of an object.")
    return key
