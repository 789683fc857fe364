"""Mutations of files: changed bytes, sizes and structure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

_NUMBERS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    0x7FFFFFFFFFFFFFFF,
    (1 << 64) - 1,
)


def mutated(content: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """The content after one to twelve mutations; `others` are files whose parts may be inserted."""
    data = bytearray(content)
    for _ in range(random.choice([1, 1, 2, 3, 5, 12])):
        if data:
            random.choice(_MUTATIONS)(data, others, random)
    return bytes(data)


def _place(data: bytearray, random: Random) -> int:
    """A position; every second one in the first or last 2 KB, where containers keep their headers."""
    if random.random() < 0.5:
        near = random.randrange(min(2048, len(data)))
        return near if random.random() < 0.5 else len(data) - 1 - near
    return random.randrange(len(data))


def _length(data: bytearray, random: Random) -> int:
    return min(len(data), random.choice([1, 2, 4, 8, 16, 64, 256, 4096]))


def _flip(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    data[_place(data, random)] ^= 1 << random.randrange(8)


def _noise(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    at, size = _place(data, random), _length(data, random)
    data[at : at + size] = random.randbytes(len(data[at : at + size]))


def _number(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    at, size = _place(data, random), random.choice([1, 2, 4, 8])
    value = random.choice(_NUMBERS) & ((1 << 8 * size) - 1)
    data[at : at + size] = value.to_bytes(size, random.choice(["big", "little"]))[: len(data[at : at + size])]


def _delete(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    at = _place(data, random)
    del data[at : at + _length(data, random)]


def _repeat(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    at = _place(data, random)
    data[at:at] = data[at : at + _length(data, random)] * random.choice([1, 2, 50])


def _move(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    at, size = _place(data, random), _length(data, random)
    part = data[at : at + size]
    del data[at : at + size]
    to = random.randrange(len(data) + 1)
    data[to:to] = part


def _insert(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    other = random.choice(others)
    start, at = random.randrange(len(other)), random.randrange(len(data) + 1)
    data[at:at] = other[start : start + _length(data, random)]


def _zero(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    at, size = _place(data, random), _length(data, random)
    data[at : at + size] = bytes(len(data[at : at + size]))


def _cut(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    del data[random.randrange(len(data)) :]


_MUTATIONS: tuple[Callable[[bytearray, Sequence[bytes], Random], None], ...] = (
    *(_flip, _noise, _number, _number, _number, _delete, _repeat, _move, _insert, _zero),
    _cut,
)
