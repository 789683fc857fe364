"""Text of labels in any script: shaped, in reading order, on one line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from frametally.rendering.fonts import clusters_of, runs_of
from frametally.rendering.text import MAX_LETTERS, Line, cut, joined, line, printable

SCALE, WEIGHT = 1.0, 1
NON_JOINER = "\u200c"

NAMES = [
    *("گربه سیاه", "سيارة", "חתול שחור", "नमस्ते", "বিড়াল", "ਬਿੱਲੀ", "બિલાડી", "ପିଲା", "பூனை", "పిల్లి"),
    *("ಬೆಕ್ಕು", "പൂച്ച", "පූසා", "แมวดำ", "ແມວ", "ကြောင်", "ឆ្មា", "ድመት", "Γάτα", "Кошка", "Կատու"),
    *("კატა", "行人", "黑貓", "ねこ", "ネコ", "고양이", "Mèo đen", "🚗 car", "👨\u200d👩\u200d👧", "👍🏽"),
    *("🏳️\u200d🌈", "1️⃣", "❤️", "☂", "🇫🇷"),
]


def shaped(text: str) -> Line:
    return line(text, SCALE, WEIGHT)


def ink(one: Line) -> np.ndarray:
    """(h, w) of the rows and columns with ink."""
    rows, columns = (np.flatnonzero((one.alpha > 100).any(axis=axis)) for axis in (1, 0))
    return np.asarray(one.alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


@pytest.mark.parametrize("name", NAMES)
def test_every_letter_has_a_font(name: str) -> None:
    assert "".join(part for _, part in runs_of(name)) == name
    assert ink(shaped(name)).size


def test_right_to_left_text_begins_at_the_right() -> None:
    """The second letter is the taller one and is at the left; in the reversed word, it is the first."""
    word, reversed_word = ink(shaped("אל")), ink(shaped("לא"))
    for image, is_left in ((word, True), (reversed_word, False)):
        columns = np.flatnonzero(image[:2].max(axis=0) > 100)
        assert (columns.mean() < image.shape[1] / 2) == is_left


def test_arabic_letters_are_joined() -> None:
    joined_word, separate = shaped("سیب"), shaped(NON_JOINER.join("سیب"))
    assert separate.alpha.shape[1] > 1.15 * joined_word.alpha.shape[1]
    baseline = joined_word.alpha[joined_word.ascent_px - 3 : joined_word.ascent_px + 1] > 100
    assert baseline.any(axis=0).mean() > 0.9  # one connected stroke


def test_conjuncts_are_formed() -> None:
    """क्ष is one glyph, not क, a virama and ष."""
    assert shaped("क्ष").alpha.shape[1] < 0.8 * shaped("क" + "ष").alpha.shape[1]


def test_an_emoji_of_several_code_points_is_one_picture() -> None:
    assert shaped("👨\u200d👩\u200d👧").alpha.shape[1] < 0.6 * shaped("👨👩👧").alpha.shape[1]
    assert [font.family for font, _ in runs_of("🚗 car")] == ["Noto Emoji", "Noto Sans"]


def test_directions_mix_within_a_name() -> None:
    mixed, latin = shaped("גמל (1) camel"), shaped("camél")
    assert mixed.alpha.shape[1] > latin.alpha.shape[1]
    assert [font.family for font, _ in runs_of("גמל camel")] == ["Noto Sans Hebrew", "Noto Sans"]


@settings(max_examples=40, deadline=None)
@example(["1️⃣", "🇫🇷", "گربه سیاه"], "")
@given(st.lists(st.sampled_from([*NAMES, "e", "cat"]), min_size=2, max_size=3), st.sampled_from(["", " ", "-"]))
def test_names_in_several_scripts_are_drawn_whole(names: list[str], between: str) -> None:
    text = between.join(names)
    assert ink(shaped(text)).shape[1] > 0.8 * max(ink(shaped(name)).shape[1] for name in names if len(text) < 40)


@pytest.mark.parametrize(("text", "parts"), [("e 👍🏽", ("e", "👍🏽")), ("고양이Կատու", ("고양이", "Կատու"))])
def test_texts_that_resvg_cannot_draw_are_drawn_in_parts(text: str, parts: tuple[str, ...]) -> None:
    """resvg panics at letters of one font before a ligature of another."""
    drawn, widths = ink(shaped(text)), [ink(shaped(part)).shape[1] for part in parts]
    assert sum(widths) < drawn.shape[1] < 1.4 * sum(widths)


def test_parts_of_a_text_keep_their_reading_order() -> None:
    """Of two Hebrew words, the second one is at the left."""
    drawn, word = shaped("חתול שחור_🇫🇷"), shaped("שחור")
    letters = [one.alpha[one.ascent_px - 12 : one.ascent_px, : word.alpha.shape[1]] for one in (drawn, word)]
    assert np.abs(letters[0].astype(int) - letters[1]).mean() < 12


def test_characters_without_a_font_are_written_as_their_code_point() -> None:
    assert "".join(part for _, part in runs_of("a\U00012000")) == "aU+12000"
    assert ink(shaped("\U00012000")).shape[1] > 3 * ink(shaped("П")).shape[1]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("line\nbreak", "line break"),
        ("a\tb\x00c", "a b c"),
        ("cat\u202egod", "cat god"),
        ("\u2067x", "x"),
        ("", "?"),
        ("می\u200cروم", "می\u200cروم"),
        ("👨\u200d👩", "👨\u200d👩"),
        ("\ud800", "?"),
    ],
)
def test_names_are_one_line_without_control_characters(name: str, shown: str) -> None:
    assert printable(name) == shown
    line(name, 0.4, 1)


@pytest.mark.parametrize("letter", ["a", "گ", "行", "👨\u200d👩\u200d👧", "é", "👍🏽"])
def test_long_names_are_cut_between_letters(letter: str) -> None:
    name = letter * 300
    short = cut(name)
    assert len(short) <= MAX_LETTERS
    assert short.endswith("...")
    whole = short.removesuffix("...")
    assert name.startswith(whole)
    assert set(clusters_of(whole)) <= set(clusters_of(name))
    assert shaped(name).alpha.shape[1] < 3000


def test_markup_is_text() -> None:
    assert shaped("<b>П</b> & П").alpha.shape[1] > 3 * shaped("ПП").alpha.shape[1]


def test_lines_are_joined_on_their_baseline() -> None:
    tall, low = shaped("بِسْمِ"), shaped("0.56")
    both = joined([tall, low], 7)
    assert both.ascent_px == max(tall.ascent_px, low.ascent_px)
    assert both.alpha.shape[1] == tall.alpha.shape[1] + 7 + low.alpha.shape[1]
    top = both.ascent_px - low.ascent_px
    assert (both.alpha[top : top + low.alpha.shape[0], -low.alpha.shape[1] :] == low.alpha).all()
