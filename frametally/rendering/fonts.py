"""The fonts of labels, and which of them draws which part of a text.

Noto fonts (SIL Open Font License 1.1) from the pinned packages `manimgx-fonts` and `noto-cjk-sans-otc`; fonts of the
system are not used, so that pictures are the same everywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

CAP_HEIGHT: Final = 0.714
"""Height of a capital letter of Noto Sans, as a share of the font's size."""
ZERO_WIDTH_JOINER: Final = "\u200d"
JOINERS: Final = ("\u200c", ZERO_WIDTH_JOINER)
"""Zero-width non-joiner and joiner: part of the spelling of Persian, of Indic scripts and of emoji."""
_SKIN_TONES: Final = ("\U0001f3fb", "\U0001f3ff")
_VARIATION_SELECTORS: Final = ("\ufe00", "\ufe0f")
_UNKNOWN_CHARACTER: Final = "U+{:04X}"


class Font(NamedTuple):
    """A font file with one or more faces; the first is used."""

    path: str
    family: str
    code_points: frozenset[int]

    def draws(self, cluster: str) -> bool:
        """Whether it has all letters of a cluster; joiners and variation selectors need none."""
        return all(ord(letter) in self.code_points or _is_invisible(letter) for letter in cluster)


@lru_cache(maxsize=1024)
def runs_of(text: str) -> tuple[tuple[Font, str], ...]:
    """The text in pieces with the font of each; characters that no font has are written as code points: `U+0F56`."""
    runs: list[tuple[Font, str]] = []
    for cluster in clusters_of(text):
        font = _font_of(cluster)
        runs.append((font, cluster) if font else (_font(_paths()[0]), _code_points_of(cluster)))
    return tuple((font, "".join(part for _, part in parts)) for font, parts in groupby(runs, key=lambda run: run[0]))


def clusters_of(text: str) -> Iterator[str]:
    """The text in pieces that must not be separated: a letter with its marks, an emoji of several code points."""
    cluster = ""
    for letter in text:
        if cluster and not continues(letter) and cluster[-1] != ZERO_WIDTH_JOINER:
            yield cluster
            cluster = ""
        cluster += letter
    if cluster:
        yield cluster


def continues(letter: str) -> bool:
    """Whether it belongs to the letter before it: a combining mark, joiner, variation selector or skin tone."""
    is_skin_tone = _SKIN_TONES[0] <= letter <= _SKIN_TONES[1]
    return unicodedata.category(letter)[0] == "M" or letter in JOINERS or is_skin_tone


def _is_invisible(letter: str) -> bool:
    return letter in JOINERS or _VARIATION_SELECTORS[0] <= letter <= _VARIATION_SELECTORS[1]


def _code_points_of(cluster: str) -> str:
    return "".join(_UNKNOWN_CHARACTER.format(ord(letter)) for letter in cluster if not _is_invisible(letter))


def _font_of(cluster: str) -> Font | None:
    """The first font that has the cluster; files are opened only as far as needed."""
    fonts = (_font(path) for path in _paths())
    return next((font for font in fonts if font.draws(cluster)), None)


@cache
def _paths() -> tuple[str, ...]:
    """Noto Sans, then its fonts for other scripts, symbols and emoji, then the large one for Han, kana and Hangul."""
    import manimgx_fonts
    import noto_cjk_sans_otc

    folder = Path(str(files(manimgx_fonts)))
    names = [path.name for path in folder.glob("Noto*.ttf") if "Italic" not in path.name]
    scripts = sorted(names, key=lambda name: (name != "NotoSans[wght].ttf", "Emoji" in name, name))
    return (*(str(folder / name) for name in scripts), str(noto_cjk_sans_otc.FONT_PATH))


@cache
def _font(path: str) -> Font:
    from fontTools.ttLib import TTFont

    with TTFont(path, fontNumber=0, lazy=True) as font:
        return Font(path, font["name"].getBestFamilyName(), frozenset(font.getBestCmap()))
