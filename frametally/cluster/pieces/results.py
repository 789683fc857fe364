"""The result of a piece as one object, and how the results of all pieces become those of the job.

An object begins with a line of JSON, its head. Then come the entries of each model, separated by commas, as they are in
the results file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec
from msgspec import Struct

from frametally.storage.objects import Objects

_HEAD_BYTES: Final = 64 << 10
"""More than a head takes."""
_COPY_BYTES: Final = 4 << 20


class Head(Struct, frozen=True):
    """What a result contains: the entries [start, stop), of which `analyzed` are not null."""

    start: int
    stop: int
    analyzed: int
    sizes: list[int]
    """Bytes of the entries of each model."""


class PieceKey(NamedTuple):
    """The name of a result: entries [start, stop) of a job, and the number of the attempt that wrote it."""

    start: int
    stop: int
    attempt: int

    def below(self, prefix: str) -> str:
        """The key below the prefix of a run."""
        return f"{prefix}/{self.start:08d}-{self.stop:08d}.{self.attempt}"

    @classmethod
    def parse(cls, key: str) -> PieceKey | None:
        """The name in a key; None for another object."""
        entries, _, attempt = key.rpartition("/")[2].partition(".")
        start, _, stop = entries.partition("-")
        return cls(int(start), int(stop), int(attempt)) if all(map(str.isdecimal, (start, stop, attempt))) else None


def result_of(start: int, stop: int, analyzed: int, entries: Sequence[bytes]) -> bytes:
    """The object for these entries of each model."""
    head = msgspec.json.encode(Head(start, stop, analyzed, [len(each) for each in entries]))
    return b"\n".join((head, b"".join(entries)))


def merge(objects: Objects, keys: Iterable[str], outputs: Sequence[BinaryIO]) -> int:
    """Write the entries of each model in the order of these keys; returns how many of them are not null.

    Raises:
        ValueError: the results do not follow one another.
    """
    analyzed = reached = 0
    for key in keys:
        head, at = _head(objects, key)
        if head.start != reached or len(head.sizes) != len(outputs):
            raise ValueError(f"the result {key} does not follow on entry {reached}")
        for size, output in zip(head.sizes, outputs, strict=True):
            output.write(b"," * (head.start > 0))
            _copy(objects, key, range(at, at + size), output)
            at += size
        analyzed, reached = analyzed + head.analyzed, head.stop
    return analyzed


def chain(found: Mapping[int, PieceKey], entries: range) -> tuple[list[PieceKey], int]:
    """Results that follow one another within these entries, from the first of them on, and the entry after the last.

    `found` has the result that begins at an entry.
    """
    taken, at = [], entries.start
    while at < entries.stop and at in found and found[at].stop <= entries.stop:
        taken.append(found[at])
        at = found[at].stop
    return taken, at


def merge_to_files(objects: Objects, keys: Iterable[str], paths: Sequence[Path]) -> int:
    """The same into these files, one for each model."""
    outputs = [path.open("wb") for path in paths]
    try:
        return merge(objects, keys, outputs)
    finally:
        for output in outputs:
            output.close()


def _head(objects: Objects, key: str) -> tuple[Head, int]:
    """The head of a result, and the position after it."""
    begin = objects.read_range(key, 0, _HEAD_BYTES)
    line = begin.partition(b"\n")[0]
    return msgspec.json.decode(line, type=Head), len(line) + 1


def _copy(objects: Objects, key: str, span: range, output: BinaryIO) -> None:
    for start in range(span.start, span.stop, _COPY_BYTES):
        output.write(objects.read_range(key, start, min(start + _COPY_BYTES, span.stop)))
