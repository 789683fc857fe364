"""Pictures: upright, scaled to any size; each size is computed once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from frametally.engine.picture import Picture
from frametally.video.decoding import decode, upright
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import read_frames
from tests.support.video_files import write_rotated


def quarters(width_px: int, height_px: int) -> np.ndarray:
    """An image whose quarters are blue, green, red and white, in row-major order."""
    image = np.zeros((height_px, width_px, 3), dtype=np.uint8)
    middle_y, middle_x = height_px // 2, width_px // 2
    image[:middle_y, :middle_x], image[:middle_y, middle_x:] = (255, 0, 0), (0, 255, 0)
    image[middle_y:, :middle_x], image[middle_y:, middle_x:] = (0, 0, 255), (255, 255, 255)
    return image


def corners_of(image: np.ndarray) -> list[list[int]]:
    height, width = image.shape[:2]
    places = [
        (height // 4, width // 4),
        (height // 4, -width // 4),
        (-height // 4, width // 4),
        (-height // 4, -width // 4),
    ]
    return [(image[place] > 127).astype(int).tolist() for place in places]


@pytest.mark.parametrize("size_px", [(64, 48), (63, 47), (641, 359), (5, 7), (1, 1), (1, 90)])
def test_a_picture_at_its_own_size_is_unchanged(size_px: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (size_px[1], size_px[0], 3), dtype=np.uint8)
    picture = Picture.of(image)
    assert (picture.width_px, picture.height_px) == (picture.size.width, picture.size.height) == size_px
    assert (picture.bgr() == image).all()


@pytest.mark.parametrize("size_px", [(640, 360), (639, 361), (97, 131)])
@pytest.mark.parametrize("to_px", [(320, 180), (33, 57), (1, 1), (1000, 3), (2 * 640, 2 * 360)])
def test_a_picture_is_scaled_to_any_size(size_px: tuple[int, int], to_px: tuple[int, int]) -> None:
    made = Picture.of(quarters(*size_px)).bgr(*to_px)
    assert made.shape == (to_px[1], to_px[0], 3)
    assert made.strides[1:] == (3, 1)  # the layout that OpenCV requires
    if min(to_px) > 8:
        assert corners_of(made) == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]


def test_each_size_is_scaled_once() -> None:
    picture = Picture.of(quarters(64, 48))
    assert picture.bgr(32, 24) is picture.bgr(32, 24)
    assert picture.bgr() is picture.bgr(64, 48)


def test_a_picture_stays_valid_after_the_next_one() -> None:
    first, second = Picture.of(quarters(64, 48)), Picture.of(np.zeros((48, 64, 3), dtype=np.uint8))
    kept = first.bgr(32, 24)
    second.bgr(32, 24)
    assert corners_of(kept) == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]


def test_several_threads_scale_pictures_at_once() -> None:
    expected = Picture.of(quarters(640, 360)).bgr(320, 320)

    def same(_: int) -> bool:
        return bool((Picture.of(quarters(640, 360)).bgr(320, 320) == expected).all())

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(same, range(40)))


def test_a_rotated_frame_is_upright(small_video: Path, tmp_path: Path) -> None:
    """Compared with the frames before rotation; the codec causes differences of one or two levels."""
    rotated = write_rotated(tmp_path / "rotated.mp4", small_video)
    for turned, plain in zip(decode(rotated), decode(small_video), strict=True):
        picture = Picture(turned)
        assert (picture.width_px, picture.height_px) == (320, 240)
        for difference in (
            picture.bgr().astype(int) - upright(plain),
            picture.bgr(160, 120).astype(int) - Picture(plain).bgr(160, 120),
        ):
            assert np.abs(difference).mean() < 3


@pytest.mark.parametrize(
    "name", ["decord_rot90.mov", "decord_rot0.mov", "derived/bottle_rot_meta.mp4", "tc_h265_10bit.mp4"]
)
def test_pictures_of_real_frames_equal_those_of_read_frames(shared_data: Path, name: str) -> None:
    path = shared_data / "videos" / name
    index = build_index(path)
    ((_, shown),) = read_frames(path, index, [2])
    frame = next(frame for frame in decode(path) if frame.pts == index.pts[2])
    picture = Picture(frame)
    assert (picture.height_px, picture.width_px) == shown.shape[:2]
    assert np.abs(picture.bgr().astype(int) - shown).mean() < 2


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "yuvj420p", "yuv420p10le", "gray", "rgb24"])
def test_frames_of_any_pixel_format_become_a_picture(pixel_format: str) -> None:
    frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 200, dtype=np.uint8), format="bgr24").reformat(
        format=pixel_format
    )
    frame.time_base = Fraction(1, 30)
    made = Picture(frame).bgr(32, 32)
    assert made.shape == (32, 32, 3)
    assert made.astype(int) == pytest.approx(200, abs=4)
