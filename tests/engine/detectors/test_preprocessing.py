"""Preprocessing: placement, padding, normalization, and a separate array for each thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest

from frametally.engine.detectors.model_config import Resize
from frametally.engine.detectors.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Blobs, Preprocessing, fit
from frametally.engine.picture import Picture


def flat(width_px: int, height_px: int, color: tuple[int, int, int] = (200, 200, 200)) -> Picture:
    return Picture.of(np.full((height_px, width_px, 3), color, dtype=np.uint8))


@pytest.mark.parametrize(
    ("size_px", "resize", "scale", "left_px", "top_px"),
    [
        ((640, 360), "letterbox", 1.0, 0, 140),
        ((1280, 720), "letterbox", 0.5, 0, 140),
        ((1280, 720), "letterbox-top-left", 0.5, 0, 0),
        ((360, 640), "letterbox", 1.0, 140, 0),
        ((100, 100), "letterbox", 6.4, 0, 0),
    ],
)
def test_a_letterboxed_picture_keeps_its_aspect_ratio(
    size_px: tuple[int, int], resize: Resize, scale: float, left_px: int, top_px: int
) -> None:
    blob, place = Blobs(Preprocessing((640, 640), resize), np.float32).of(flat(*size_px))
    assert blob.shape == (1, 3, 640, 640)
    assert place[:4] == (scale, scale, left_px, top_px)
    filled = np.argwhere(~np.isclose(blob[0, 0], 114 / 255))
    assert filled.min(axis=0).tolist() == [top_px, left_px]
    assert filled.max(axis=0).tolist() == [top_px + size_px[1] * scale - 1, left_px + size_px[0] * scale - 1]
    np.testing.assert_allclose(blob[0, 0, filled[:, 0], filled[:, 1]], 200 / 255, rtol=1e-6)


@pytest.mark.parametrize("size_px", [(641, 359), (37, 1001), (1, 1), (1919, 1079), (3, 640)])
@pytest.mark.parametrize("resize", ["letterbox", "letterbox-top-left", "stretch", "center-crop"])
def test_points_map_back_to_the_picture(size_px: tuple[int, int], resize: Resize) -> None:
    preprocessing = Preprocessing((320, 224), resize, crop_share=0.875 if resize == "center-crop" else 1.0)
    place = fit(preprocessing, *size_px)
    corners = np.array([(0, 0), size_px, (size_px[0] / 3, size_px[1] / 7)], dtype=np.float32)
    there = corners * (place.x_scale, place.y_scale) + (place.left_px, place.top_px)
    assert place.to_picture(there.astype(np.float32)) == pytest.approx(corners, abs=1e-3 * max(size_px))
    blob, _ = Blobs(preprocessing, np.float32).of(flat(*size_px))
    assert blob.shape == (1, 3, 224, 320)
    if resize in ("stretch", "center-crop"):
        np.testing.assert_allclose(blob, 200 / 255, atol=1e-6)


def test_a_center_crop_is_symmetric() -> None:
    image = np.full((100, 300, 3), 50, dtype=np.uint8)
    image[:, 100:200] = 250
    blob, place = Blobs(Preprocessing((100, 100), "center-crop"), np.float32).of(Picture.of(image))
    assert place == (1.0, 1.0, -100, 0, 300, 100)
    np.testing.assert_allclose(blob, 250 / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("order", "expected"), [("RGB", (30, 20, 10)), ("BGR", (10, 20, 30))], ids=["red first", "blue first"]
)
def test_planes_are_in_the_color_order_of_the_model(order: str, expected: tuple[int, ...]) -> None:
    preprocessing = Preprocessing((32, 32), "stretch", color_order="RGB" if order == "RGB" else "BGR")
    blob, _ = Blobs(preprocessing, np.float32).of(flat(32, 32, (10, 20, 30)))
    assert blob[0, :, 5, 5] == pytest.approx(np.array(expected) / 255)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_values_are_normalized(dtype: npt.DTypeLike) -> None:
    preprocessing = Preprocessing((32, 16), "letterbox", pad_value=0, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    blob, _ = Blobs(preprocessing, dtype).of(flat(16, 16, (10, 20, 30)))
    assert blob.dtype == dtype
    seen = (np.array((30, 20, 10)) / 255 - IMAGENET_MEAN) / IMAGENET_STD
    padding = -np.array(IMAGENET_MEAN) / IMAGENET_STD
    assert blob[0, :, 8, 16] == pytest.approx(seen, abs=2e-3)
    assert blob[0, :, 8, 0] == pytest.approx(padding, abs=2e-3)


@pytest.mark.parametrize(("dtype", "level"), [(np.uint8, 200), (np.int8, 72)])
def test_an_integer_input_receives_pixel_values(dtype: npt.DTypeLike, level: int) -> None:
    blob, _ = Blobs(Preprocessing((32, 32)), dtype).of(flat(32, 16))
    assert (blob.dtype, blob[0, 0, 16, 5], blob[0, 0, 0, 0]) == (dtype, level, 114 if level == 200 else -14)


def test_padding_is_reset_for_another_shape() -> None:
    blobs = Blobs(Preprocessing((64, 64)), np.float32)
    blobs.of(flat(64, 32))
    again, _ = blobs.of(flat(32, 64))
    fresh, _ = Blobs(Preprocessing((64, 64)), np.float32).of(flat(32, 64))
    assert (again == fresh).all()


def test_each_thread_has_its_own_array() -> None:
    blobs = Blobs(Preprocessing((64, 64), "stretch"), np.float32)

    def is_own(level: int) -> bool:
        mine = flat(64, 64, (level,) * 3)
        return all((blobs.of(mine)[0] == np.float32(1 / 255) * np.float32(level)).all() for _ in range(200))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(is_own, range(10, 250, 60)))
