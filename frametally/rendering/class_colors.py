"""One color a class name, for good in a deployment; told apart by color-blind eyes too."""

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
"""The colors of Okabe and Ito (Color Universal Design, 2008) without black and yellow, and four more."""
MAX_NAMES: Final = 5000
MAX_LETTERS: Final = 200
"""So many names, none of them longer, are remembered; names come from results and links."""


class _Kept(msgspec.Struct):
    colors: dict[str, str]


class ClassColors:
    """The colors that names of classes have got, kept in a small file; all processes with the file give the same.

    A name gets its color when it is first seen, in whatever job, also as the name of classes renamed or merged, and
    keeps it. It is one that no other class of the same results has and few others have at all, as long as there is
    one: two names that got one color in different jobs have it where they meet, too. Names beyond the bounds have a
    color for good as well, which only they themselves decide. Where the file cannot be written, this process
    remembers.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, str] = {}

    def of(self, names: Iterable[str]) -> dict[str, str]:
        """A hex color per name of the classes that are shown together."""
        wanted = sorted(set(names))
        kept = [name for name in wanted if len(name) <= MAX_LETTERS]
        if not self._known.keys() >= set(kept) and len(self._known) < MAX_NAMES:
            self._known = self._learn(kept)
        return {name: self._known.get(name) or _by_wish(name)[0] for name in wanted}

    def _learn(self, names: list[str]) -> dict[str, str]:
        learned = self._known
        try:
            with locked(self._path.parent):
                known = self._known | self._read()
                new = {name: color for name, color in class_colors(names, known).items() if name not in known}
                learned = known | dict(list(new.items())[: MAX_NAMES - len(known)])
                if learned != known:
                    write_json(self._path, _Kept(learned))
        except (OSError, FrametallyError):
            pass
        return learned

    def _read(self) -> dict[str, str]:
        kept = read_json(self._path, _Kept)
        return {name: color for name, color in kept.colors.items() if color in PALETTE} if kept else {}


def class_colors(names: Iterable[str], known: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """A hex color per class name; a name without a known one gets what no other name here has, and few have at all."""
    wanted = sorted(set(names))
    colors = {name: known[name] for name in wanted if name in known}
    used, here = Counter(known.values()), set(colors.values())
    for name in wanted:
        if name not in colors:
            free = [color for color in _by_wish(name) if color not in here]
            colors[name] = min(free or _by_wish(name), key=used.__getitem__)
            used[colors[name]] += 1
            here.add(colors[name])
    return colors


def _by_wish(name: str) -> list[str]:
    """All colors, from the one that the name itself chooses on."""
    wished = zlib.crc32(name.encode(errors="surrogatepass")) % len(PALETTE)
    return [*PALETTE[wished:], *PALETTE[:wished]]
