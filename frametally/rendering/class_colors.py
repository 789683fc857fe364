"""One color per class name, permanent in a deployment and distinguishable with color vision deficiency."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from frametally.errors import FrametallyError
from frametally.storage.atomic import read_json, write_json
from frametally.storage.locks import locked

PALETTE: Final = (
    "#0072b2",
    "#e69f00",
    "#009e73",
    "#d55e00",
    "#cc79a7",
    "#56b4e9",
    "#8b6fd6",
    "#a3b325",
    "#a65628",
    "#7f8c8d",
)
"""The palette of Okabe and Ito (Color Universal Design, 2008) without black and yellow, and four more colors."""
MAX_NAMES: Final = 5000
MAX_LETTERS: Final = 200
"""Limits for the stored names and for the length of each: names come from results and links, which are untrusted."""


class _Stored(msgspec.Struct):
    colors: dict[str, str]


class ClassColors:
    """Colors of class names, stored in a small file and the same in all processes that use it.

    A name gets its color when it is first used in any job, also as a display name, and keeps it. If possible, it is a
    color that no other class of the same results has; among these, one that the fewest classes have overall. Two names
    that got the same color in different jobs share it in a job with both. Names beyond the limits get a permanent color
    from their hash. If the file cannot be written, colors are permanent only within the process.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = {}

    def of(self, names: Iterable[str]) -> dict[str, str]:
        """A hex color for each of the names that are shown together."""
        wanted = sorted(set(names))
        kept = [name for name in wanted if len(name) <= MAX_LETTERS]
        if not self._known.keys() >= set(kept) and len(self._known) < MAX_NAMES:
            self._known = self._learn(kept)
        return {name: self._known.get(name) or _preferred(name)[0] for name in wanted}

    def _learn(self, names: list[str]) -> dict[str, str]:
        learned = self._known
        try:
            with locked(self._path.parent):
                known = self._known | self._read()
                new = {name: color for name, color in class_colors(names, known).items() if name not in known}
                learned = known | dict(list(new.items())[: MAX_NAMES - len(known)])
                if learned != known:
                    write_json(self._path, _Stored(learned))
        except (OSError, FrametallyError):
            pass
        return learned

    def _read(self) -> dict[str, str]:
        kept = read_json(self._path, _Stored)
        return {name: color for name, color in kept.colors.items() if color in PALETTE} if kept else {}


def class_colors(names: Iterable[str], known: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """A hex color per class name; a new name gets one that none of the others has, if possible, and few in `known`."""
    wanted = sorted(set(names))
    colors = {name: known[name] for name in wanted if name in known}
    used, here = Counter(known.values()), set(colors.values())
    for name in wanted:
        if name not in colors:
            free = [color for color in _preferred(name) if color not in here]
            colors[name] = min(free or _preferred(name), key=used.__getitem__)
            used[colors[name]] += 1
            here.add(colors[name])
    return colors


def _preferred(name: str) -> list[str]:
    """All colors, starting with the one that the hash of the name selects."""
    preferred = zlib.crc32(name.encode(errors="surrogatepass")) % len(PALETTE)
    return [*PALETTE[preferred:], *PALETTE[:preferred]]
