"""Annotated videos of streams whose pictures change size: one size, and no picture out of shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frametally.analysis.view import View
from frametally.analysis.view_spec import ViewSpec
from frametally.engine.detectors.detector import InferenceParams
from frametally.engine.detectors.motion import MotionDetector
from frametally.engine.picture import Picture
from frametally.rendering.canvas import sizes_vary
from frametally.rendering.video_encoder import make_video
from frametally.rendering.video_export import VideoSpec
from frametally.results import open_results
from frametally.video.decoding import Image, decode, upright
from tests.support.geometry_videos import write_resized
from tests.support.shared_data import SHARED_DATA
from tests.support.videos import archived, box

RED = {"square": "#ff0000"}
VIEW = ViewSpec(job_ids=("job-1",), model="model", confidence=0.0)
SIZES = [(160, 96), (80, 48), (96, 160)]


@pytest.fixture(scope="module")
def resized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_resized(tmp_path_factory.mktemp("resized") / "resized.webm", SIZES, frames_each=6)


def entries(path: Path, sizes: list[tuple[int, int]]) -> list[dict[str, Any]]:
    count = sum(1 for _ in decode(path)) // len(sizes)
    boxed = [box(w / 2, h / 2, w / 2, h / 4) for w, h in sizes]
    return [
        {"image": {"width": w, "height": h}, "predictions": [one]}
        for (w, h), one in zip(sizes, boxed, strict=True)
        for _ in range(count)
    ]


def made(path: Path, folder: Path, content: list[dict[str, Any]]) -> list[Image]:
    results = archived(folder, content)
    spec = VideoSpec(video=str(path), results=str(results), view=VIEW, colors=RED)
    make_video(spec, folder / "made.mp4", lambda _: None)
    return [upright(frame) for frame in decode(folder / "made.mp4")]


def picture_size(image: Image) -> tuple[int, int]:
    """Width and height of what is not black bars."""
    lit = image.max(axis=2) > 30
    rows, columns = np.flatnonzero(lit.mean(axis=1) > 0.1), np.flatnonzero(lit.mean(axis=0) > 0.1)
    return int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)


def test_every_picture_keeps_its_shape(resized: Path, tmp_path: Path) -> None:
    images = made(resized, tmp_path, entries(resized, SIZES))
    assert len(images) == 18
    assert {image.shape for image in images} == {(384, 640, 3)}
    for image, (width, height) in zip(images[2::6], SIZES, strict=True):
        shown_width, shown_height = picture_size(image)
        assert shown_width / shown_height == pytest.approx(width / height, rel=0.03)


def test_boxes_stay_on_their_objects_between_black_bars(resized: Path, tmp_path: Path) -> None:
    images = made(resized, tmp_path, entries(resized, SIZES))
    upright_picture = images[-2].astype(int)  # 230 px wide, centered in 640
    red = upright_picture[..., 2] - upright_picture[..., :2].max(axis=2) > 80
    columns = np.flatnonzero(red[160:224].mean(axis=0) > 0.8)
    assert (columns.min(), columns.max()) == pytest.approx((320 - 58, 320 + 58), abs=4)


def test_boxes_of_a_picture_of_another_shape_are_not_shown(resized: Path, tmp_path: Path) -> None:
    first_two = entries(resized, SIZES)[:12]
    images = made(resized, tmp_path, first_two)
    is_red = [bool((image[..., 2].astype(int) - image[..., 0] > 120).any()) for image in images]
    assert is_red == [True] * 12 + [False] * 6


def test_the_largest_analyzed_picture_decides_the_size(tmp_path: Path) -> None:
    sizes = [(80, 48), (160, 96)]
    path = write_resized(tmp_path / "grows.webm", sizes, frames_each=4)
    assert made(path, tmp_path, entries(path, sizes))[0].shape == (384, 640, 3)
    (tmp_path / "large").mkdir()
    content = [*entries(path, sizes), {"image": {"width": 700, "height": 420}, "predictions": []}]
    assert made(path, tmp_path / "large", content)[0].shape == (420, 700, 3)


def test_views_say_whether_sizes_vary(resized: Path, tmp_path: Path) -> None:
    results = open_results(archived(tmp_path, entries(resized, SIZES)))
    assert sizes_vary(View(results, "model"))
    assert not sizes_vary(View(results, "model", time_range_s=(0.0, 0.2)))


def test_motion_is_detected_in_pictures_that_change_size(resized: Path) -> None:
    detector = MotionDetector(InferenceParams())
    found = [detector.infer(Picture(frame)) for frame in decode(resized)]
    assert len(found) == 18
    assert [(entry.image.width, entry.image.height) for entry in found[::6]] == SIZES
    assert all(not found[start].predictions for start in (0, 6, 12))  # a new background each time
    assert any(entry.predictions for entry in found[:6])
    assert any(entry.predictions for entry in found[12:])


def test_the_reported_video_is_analyzed_and_rendered(tmp_path: Path) -> None:
    path = SHARED_DATA / "reported" / "picture_size_changes" / "resize.webm"
    if not path.is_file():
        pytest.skip(f"the real data is missing: {path}")
    detector = MotionDetector(InferenceParams())
    found = [detector.infer(Picture(frame)) for frame in list(decode(path))[::2]]
    assert len(found) == 23
    content = [{"image": {"width": one.image.width, "height": one.image.height}, "predictions": []} for one in found]
    images = made(path, tmp_path, content)
    assert {image.shape for image in images} == {(384, 640, 3)}
    assert picture_size(images[-1])[0] / picture_size(images[-1])[1] == pytest.approx(0.6, rel=0.03)
