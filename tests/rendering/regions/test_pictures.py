"""Background, trajectories and heat map: what moves is not in the background, and paths are where objects were."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from frametally.regions.background import sampled_background
from frametally.video.frame_index import load_index
from frametally.video.frame_reader import FrameReader


def test_the_background_is_without_what_moves(small_video: Path) -> None:
    reader = FrameReader(small_video, load_index(small_video))
    picture = sampled_background(reader, 180)
    reader.close()
    spread = np.ptp(picture.reshape(-1, 3).astype(int), axis=0)
    assert picture.shape[0] == 180
    assert spread.max() < 30, "a square moves over a plain background"
