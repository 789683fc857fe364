"""The pictures on which a model is examined, at the size of its input."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from frametally.video.decoding import Image

SHIFT_PX: Final = (128, 64)
"""From `sample` to `shifted`, to the right and down: different, and multiples of all common strides."""
_SAMPLE: Final = Path(__file__).with_name("sample.jpg")
_SEED: Final = 1


def examination_pictures(size_px: tuple[int, int]) -> Iterator[tuple[str, Image]]:
    """Names and pictures (height_px, width_px, 3), BGR, the most informative ones first.

    `noise`, `sample`, the sample `mirrored` (left to right), `shifted`, `flipped` (top to bottom), and a `gradient`.
    """
    width, height = size_px
    yield "noise", np.random.default_rng(_SEED).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = cv2.imread(str(_SAMPLE))
    if image is None:
        raise FileNotFoundError(_SAMPLE)
    right, down = SHIFT_PX
    larger = cv2.resize(image, (width + right, height + down), interpolation=cv2.INTER_AREA).astype(np.uint8)
    sample = larger[down:, right:]
    yield "sample", sample
    yield "mirrored", sample[:, ::-1]
    yield "shifted", larger[:height, :width]
    yield "flipped", sample[::-1]
    ramp = np.linspace(0, 127, width)[None, :] + np.linspace(0, 127, height)[:, None]
    yield "gradient", np.repeat(ramp.astype(np.uint8)[:, :, None], 3, axis=2)
