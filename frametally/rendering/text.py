"""Lines of text as masks of their pixels, in any script.

OpenCV draws what it draws right: Latin letters without combining marks. All else is shaped by resvg (bidirectional
text, joined letters, conjuncts) with the Noto fonts of pinned packages, not with libraries or fonts of the system.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from io import BytesIO
from itertools import groupby
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

import cv2
import numpy as np
import numpy.typing as npt

from frametally.rendering.fonts import CAP_HEIGHT, JOINERS, ZERO_WIDTH_JOINER, Font, continues, runs_of

MAX_LETTERS: Final = 40
"""Longer names are cut."""
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_LAST_LATIN: Final = "\u024f"
_CUT: Final = "..."
_PANIC: Final = "PanicException"
"""What resvg raises for some texts in several fonts, such as "e 👍🏽" (linebender/resvg, issue 732): no `Exception`."""
_PICTURES: Final = ("Emoji", "Symbols", "Symbols 2")
"""Ends of the names of fonts that have pictures."""
_WIDEST: Final = 2.5
"""Width of a letter in sizes: no canvas for shaped text is narrower than that for each letter."""


class Line(NamedTuple):
    """A line of text."""

    alpha: npt.NDArray[np.uint8]
    """(h, w) opacity of each pixel."""
    ascent_px: int
    """Rows above the baseline."""

    @property
    def descent_px(self) -> int:
        """Rows below the baseline."""
        return int(self.alpha.shape[0]) - self.ascent_px


@lru_cache(maxsize=1024)
def line(text: str, scale: float, weight: int) -> Line:
    """One line of text in the size of OpenCV's `FONT_HERSHEY_SIMPLEX`; cut if it is longer than `MAX_LETTERS`."""
    return _line(cut(printable(text)), scale, weight)


def joined(lines: Sequence[Line], gap_px: int) -> Line:
    """The lines beside one another, on one baseline."""
    ascent_px = max(one.ascent_px for one in lines)
    descent_px = max(one.descent_px for one in lines)
    gap = np.zeros((ascent_px + descent_px, gap_px), np.uint8)
    parts = []
    for one in lines:
        parts += [np.pad(one.alpha, ((ascent_px - one.ascent_px, descent_px - one.descent_px), (0, 0))), gap]
    return Line(np.hstack(parts[:-1]), ascent_px)


def printable(text: str) -> str:
    """The text on one line, without control and format characters (which could reverse what surrounds them)."""
    kept = (letter if letter in JOINERS or _is_shown(letter) else " " for letter in text)
    return " ".join("".join(kept).split()) or "?"


def cut(text: str, max_letters: int = MAX_LETTERS) -> str:
    """The text with at most about this many letters; never ends inside a letter with marks or an emoji of several."""
    if len(text) <= max_letters:
        return text
    end = max_letters - len(_CUT)
    while end > 0 and (continues(text[end]) or text[end - 1] == ZERO_WIDTH_JOINER):
        end -= 1
    return text[:end].rstrip() + _CUT


def _is_shown(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _line(text: str, scale: float, weight: int) -> Line:
    return _latin(text, scale, weight) if max(text) <= _LAST_LATIN else _shaped(text, scale)


def _latin(text: str, scale: float, weight: int) -> Line:
    (width_px, height_px), below_px = cv2.getTextSize(text, _FONT, scale, weight)
    alpha = np.zeros((height_px + below_px, width_px), np.uint8)
    cv2.putText(alpha, text, (0, height_px), _FONT, scale, 255, weight, cv2.LINE_AA)
    return Line(alpha, height_px)


def _shaped(text: str, scale: float) -> Line:
    runs = runs_of(text)
    if len(runs) == 1 or not any(_is_sequence(run) for run in runs):
        try:
            return _drawn(runs, scale)
        except BaseException as error:
            if len(runs) == 1 or type(error).__name__ != _PANIC:
                raise
    with_ink = [run for run in runs if not run[1].isspace()]
    parts = [_drawn((run,), scale) for run in _left_to_right(with_ink)]
    return joined(parts, max(_cap_height_px(scale) // 3, 1))


def _is_sequence(run: tuple[Font, str]) -> bool:
    """Whether it has pictures of several code points; beside letters of other fonts, resvg leaves out some of those."""
    font, text = run
    return len(text) > 1 and font.family.endswith(_PICTURES)


def _left_to_right(runs: Sequence[tuple[Font, str]]) -> Iterator[tuple[Font, str]]:
    """The runs in visual order: neighbors that are written from right to left in reverse."""
    for is_reversed, some in groupby(runs, key=lambda run: _is_right_to_left(run[1])):
        yield from list(some)[:: -1 if is_reversed else 1]


def _is_right_to_left(text: str) -> bool:
    """Whether its first letter with a direction has that one."""
    directions = (unicodedata.bidirectional(letter) for letter in text)
    return next((one for one in directions if one in ("L", "R", "AL")), "L") != "L"


def _drawn(runs: Sequence[tuple[Font, str]], scale: float) -> Line:
    import resvg_py
    from PIL import Image

    cap_px = _cap_height_px(scale)
    size_px = cap_px / CAP_HEIGHT
    letters = sum(len(run) for _, run in runs)
    width_px, height_px, baseline_px = (round(size_px * sizes) for sizes in (_WIDEST * (letters + 1), 4, 2.5))
    spans = "".join(f'<tspan font-family="{font.family}">{escape(run)}</tspan>' for font, run in runs)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_px}" height="{height_px}">'
        f'<text xml:space="preserve" x="{size_px:.0f}" y="{baseline_px}" font-size="{size_px:.2f}" fill="white">'
        f"{spans}</text></svg>"
    )
    paths = list({font.path for font, _ in runs})
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True, font_files=paths))
    with Image.open(BytesIO(png)) as image:
        alpha = np.asarray(image.getchannel("A"))
    return _cropped(alpha, baseline_px, cap_px)


def _cropped(alpha: npt.NDArray[np.uint8], baseline_px: int, cap_px: int) -> Line:
    """The columns with ink, and at least the rows of a line without marks."""
    rows, columns = (np.flatnonzero(alpha.any(axis=axis)) for axis in (1, 0))
    if not len(rows):  # letters without ink, such as a lone joiner
        return Line(np.zeros((cap_px, cap_px), np.uint8), cap_px)
    top, bottom = min(int(rows[0]), baseline_px - cap_px), max(int(rows[-1]) + 1, baseline_px + cap_px // 3)
    return Line(alpha[top:bottom, columns[0] : columns[-1] + 1].copy(), baseline_px - top)


@cache
def _cap_height_px(scale: float) -> int:
    """Height of OpenCV's capital letters."""
    alpha = _latin("H", scale, 1).alpha
    return int(np.count_nonzero((alpha > 127).any(axis=1)))
