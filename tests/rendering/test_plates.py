"""Plates: what is drawn for a label, pixel by pixel."""

from __future__ import annotations

import numpy as np

from frametally.rendering.plates import TextStyle, plate
from frametally.rendering.text import line

STYLE, PAD_PX = TextStyle(1.0, 1), 7
YELLOW = (0, 255, 255)


def test_texts_stand_on_one_baseline_on_their_color() -> None:
    tall, low = line("بِسْمِ", *STYLE), line("0.56", *STYLE)
    label = plate(("بِسْمِ", "0.56"), STYLE, PAD_PX)
    assert label.wh[0] == tall.alpha.shape[1] + low.alpha.shape[1] + 3 * PAD_PX
    canvas = np.full((120, 400, 3), 90, np.uint8)
    label.draw(canvas, 20, 10, YELLOW)
    darkness = np.zeros((label.wh[1], label.wh[0]), np.uint8)
    ascent_px = max(tall.ascent_px, low.ascent_px)
    for text, x in ((tall, PAD_PX), (low, 2 * PAD_PX + tall.alpha.shape[1])):
        y = PAD_PX + ascent_px - text.ascent_px
        darkness[y : y + text.alpha.shape[0], x : x + text.alpha.shape[1]] = text.alpha
    drawn = canvas[10 : 10 + label.wh[1], 20 : 20 + label.wh[0]]
    assert (drawn[..., 0] == 0).all()
    assert (drawn[..., 1:] == 255 - darkness[..., None]).all()
    outside = np.ones(canvas.shape[:2], np.bool_)
    outside[10 : 10 + label.wh[1], 20 : 20 + label.wh[0]] = False
    assert (canvas[outside] == 90).all()


def test_plates_are_cut_off_at_the_edges() -> None:
    label = plate(("a long name", "0.56"), STYLE, PAD_PX)
    whole, small = np.zeros((300, 600, 3), np.uint8), np.zeros((30, 90, 3), np.uint8)
    label.draw(whole, 5, 5, YELLOW)
    label.draw(small, 5, 5, YELLOW)
    assert (small == whole[:30, :90]).all()
