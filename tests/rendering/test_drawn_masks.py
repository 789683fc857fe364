"""Masks of results are drawn where their pixels are, without lines between their parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from frametally.analysis.view import View
from frametally.rendering.annotate import draw
from frametally.rendering.scenes import scene_of
from tests.support.opened_results import entry, opened
from tests.support.rle import mask_to_rle

WIDTH_PX, HEIGHT_PX = 320, 180


def test_a_mask_of_two_parts_and_a_hole_is_drawn_where_it_is(tmp_path: Path) -> None:
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=np.bool_)
    mask[60:120, 40:120], mask[80:100, 60:100], mask[130:170, 220:300] = True, False, True
    rle = {"size": [HEIGHT_PX, WIDTH_PX], "counts": mask_to_rle(mask, compressed=True)}
    one = entry({"class": "cat", "confidence": 0.9, "rle": rle}, wh=(WIDTH_PX, HEIGHT_PX))
    view = View(opened(tmp_path, m=[one]), "m")
    picture = np.zeros((HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
    drawn = draw(picture, scene_of(view, 0), {"cat": "#ff0000"})[..., 2]
    assert (drawn[63:77, 43:117] > 90).all()
    assert (drawn[133:167, 223:297] > 90).all()
    assert not drawn[84:96, 64:96].any()
    assert not drawn[65:120, 130:210].any()
