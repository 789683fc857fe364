"""Masks of semantic segmentation of a stretch of entries as runs of classes, for drawing in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.analysis.view import View
from frametally.rendering.annotate import drawn_classes
from frametally.rendering.placement import placed
from frametally.rendering.playback.packed_boxes import STRETCH_ENTRIES
from frametally.rendering.playback.packing import pack
from frametally.rendering.scenes import scenes
from frametally.video.orientation import Orientation

MAX_SIDE_PX: Final = 192
"""Larger masks are made smaller: they are drawn while the video plays."""
NO_CLASS: Final = 255

Mask = npt.NDArray[np.uint8]


def packed_masks(view: View, stretch: int, upright_wh: tuple[int, int], orientation: Orientation) -> bytes:
    """The masks of the entries of a stretch, in the upright picture.

    `wh` (entries, 2) uint16: size of the mask in its own pixels, 0 if there is none. `ends` (entries,) uint32: number
    of runs up to each entry. Runs go through the rows: `code` (r,) uint8 is the index in the view's names or
    `NO_CLASS`, `length` (r,) uint16 the number of pixels.

    Args:
        view: of a model of semantic segmentation.
        stretch: number of the stretch.
        upright_wh: size of the upright frame with its own pixels.
        orientation: of the video's frames.
    """
    start = stretch * STRETCH_ENTRIES
    masks = []
    for _, scene in islice(scenes(view, start), STRETCH_ENTRIES):
        shown = placed(scene, upright_wh, orientation).scene
        masks.append(_coded(shown.mask, shown.mask_names or {}, view.names))
    runs = [_runs(mask) for mask in masks]
    return pack(
        {"start": start},
        wh=np.array([mask.shape[::-1] for mask in masks], np.uint16).reshape(-1, 2),
        ends=np.cumsum([len(codes) for codes, _ in runs]).astype(np.uint32),
        code=np.concatenate([np.zeros(0, np.uint8), *(codes for codes, _ in runs)]),
        length=np.concatenate([np.zeros(0, np.uint16), *(lengths for _, lengths in runs)]),
    )


def _coded(mask: Mask | None, names: Mapping[int, str], known: tuple[str, ...]) -> Mask:
    """The smaller mask with the codes of the classes; of no pixels if there is none."""
    if mask is None:
        return np.zeros((0, 0), np.uint8)
    codes = np.full(256, NO_CLASS, np.uint8)
    for number, name in drawn_classes(names):
        if name in known[:NO_CLASS]:
            codes[number] = known.index(name)
    step = -(-max(mask.shape) // MAX_SIDE_PX)
    return codes[mask[step // 2 :: step, step // 2 :: step]]


def _runs(mask: Mask) -> tuple[Mask, npt.NDArray[np.uint16]]:
    """(code, length) of the runs of equal pixels."""
    pixels = mask.ravel()
    starts = np.flatnonzero(np.diff(pixels, prepend=np.int16(-1)))
    return pixels[starts], np.diff(starts, append=len(pixels)).astype(np.uint16)
