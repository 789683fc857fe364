"""Which frames of a damaged file are marked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from frametally.video.damage import find_damage, load_damage, save_damage
from frametally.video.frame_index import build_index
from tests.support.damaged_videos import Figures, change_bytes, measure, write_clip
from tests.support.soak import shortened

CODECS = ["h264", "hevc", "vp9", "mpeg4"]
FOUND = {"h264": 0.99, "hevc": 0.96, "vp9": 0.99, "mpeg4": 0.99}
"""Share of visibly damaged frames that is marked at least; FFmpeg's HEVC decoder reports little outside keyframes."""


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for codec in CODECS:
        write_clip(folder / f"{codec}.mp4", codec)
    return folder


def measured(clips: Path, folder: Path, codec: str, seeds: range, changes: tuple[int, ...]) -> Figures:
    figures = Figures(0, 0, 0, 0)
    for seed in seeds:
        for count in changes:
            change_bytes(clips / f"{codec}.mp4", folder / "damaged.mp4", seed, count)
            figures += measure(clips / f"{codec}.mp4", folder / "damaged.mp4")
    print(f"{codec}: {figures}")
    return figures


@pytest.mark.parametrize("codec", CODECS)
def test_an_intact_file_has_no_damage(clips: Path, codec: str) -> None:
    path = clips / f"{codec}.mp4"
    assert not find_damage(path, build_index(path)).any()


@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(10), marks=pytest.mark.soak)], ids=["short", "long"])
@pytest.mark.parametrize("codec", shortened(CODECS, ("h264", "hevc")))
def test_damaged_frames_are_marked_and_identical_ones_are_not(
    clips: Path, tmp_path: Path, codec: str, seeds: range
) -> None:
    figures = measured(clips, tmp_path, codec, seeds, (2, 4, 8, 16) if len(seeds) > 2 else (4,))
    assert figures.visible > 0
    assert figures.visible_marked >= FOUND[codec] * figures.visible
    assert figures.identical_marked <= 0.05 * figures.identical


def test_damage_is_kept_beside_the_video(clips: Path, tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    change_bytes(clips / "h264.mp4", path, seed=1, count=20)
    index = build_index(path)
    assert load_damage(path, index) is None
    damaged = find_damage(path, index)
    save_damage(path, damaged)
    kept = load_damage(path, index)
    assert kept is not None
    assert np.array_equal(kept, damaged)
    path.write_bytes(path.read_bytes() + b"\0")
    assert load_damage(path, index) is None
