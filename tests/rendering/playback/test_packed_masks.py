"""Packed masks: the classes of the exact picture, in few pixels."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.rendering.playback.packed_masks import MAX_SIDE_PX, NO_CLASS, packed_masks
from frametally.results import open_results
from frametally.video.orientation import UPRIGHT
from tests.support.archives import archive_cached
from tests.support.packed import unpacked

Mask = npt.NDArray[np.uint8]


def view_of(folder: Path, *masks: Mask | None) -> View:
    names = {"0": "background", "1": "road", "2": "car"}
    entries = [
        {"predictions": {"segmentation_mask": _png(mask), "class_map": names, "image": {}}}
        if mask is not None
        else None
        for mask in masks
    ]
    times = [round(at / 5, 4) for at in range(len(entries))]
    content = {"frame_offset": list(range(len(entries))), "time_offset": times, "model": entries}
    (folder / "results.json").write_text(json.dumps(content))
    archive_cached(folder / "results.json", folder / "archive")
    return View(open_results(folder / "archive"), "model", 0.0, ClassMapping())


def _png(mask: Mask) -> str:
    return base64.b64encode(cv2.imencode(".png", mask)[1].tobytes()).decode()


def masks_of(view: View) -> list[Mask]:
    found = unpacked(packed_masks(view, 0, (320, 240), UPRIGHT))
    ends = found["ends"].tolist()
    parts = zip([0, *ends], ends, found["wh"].reshape(-1, 2).tolist(), strict=False)
    return [
        np.repeat(found["code"][first:last], found["length"][first:last]).reshape(height, width)
        for first, last, (width, height) in parts
    ]


def test_masks_are_those_of_the_results(tmp_path: Path) -> None:
    mask = np.zeros((30, 40), np.uint8)
    mask[10:20], mask[5:8, 3:9] = 1, 2
    view = view_of(tmp_path, mask, None, np.full((30, 40), 2, np.uint8))
    road, car = view.names.index("road"), view.names.index("car")
    first, missing, last = masks_of(view)
    expected = np.choose(mask, [NO_CLASS, road, car])
    assert np.array_equal(first, expected)
    assert missing.size == 0
    assert (last == car).all()


def test_large_masks_are_made_smaller(tmp_path: Path) -> None:
    mask = np.zeros((1080, 1920), np.uint8)
    mask[:, 960:] = 1
    view = view_of(tmp_path, mask)
    (small,) = masks_of(view)
    assert small.shape == (108, MAX_SIDE_PX)
    assert np.flatnonzero(small[50] != NO_CLASS).tolist() == list(range(96, 192))
