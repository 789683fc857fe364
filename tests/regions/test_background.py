"""Whether a camera was moved, on videos of fixed cameras and on what a moved one would show."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from frametally.errors import VideoError
from frametally.regions.background import (
    MIN_SIMILARITY,
    median_picture,
    sampled_background,
    similarity,
    small_background,
)
from frametally.regions.shapes import BACKGROUND_BYTES
from frametally.video.decoding import Image
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader
from tests.support.geometry_videos import scene_image, write_resized

SAMPLE = Path(__file__).parents[2] / "demo/sample/parcels.mp4"


def pictures(path: Path, first: float, last: float) -> Image:
    """The background of a part of a video."""
    index = build_index(path)
    with_reader = FrameReader(path, index, threads=1)
    at = np.linspace(first * (len(index) - 1), last * (len(index) - 1), 5).astype(int).tolist()
    found = median_picture(picture for _, picture in with_reader.thumbnails(at, 90))
    with_reader.close()
    return found


def moved(image: Image, *, x: float = 0, y: float = 0, turn: float = 0, zoom: float = 1) -> Image:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, zoom)
    matrix[:, 2] += (x * width, y * height)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT), dtype=np.uint8)


def darker(image: Image) -> Image:
    return np.asarray(image * 0.5 + 10, dtype=np.uint8)


def check(path: Path) -> None:
    before, later = pictures(path, 0.0, 0.4), pictures(path, 0.6, 1.0)
    known = small_background(before)
    assert len(known) == BACKGROUND_BYTES
    for same in (later, darker(later)):
        assert similarity(known, small_background(same)) > MIN_SIMILARITY + 0.05
    for other in (moved(later, x=0.05), moved(later, y=-0.06), moved(later, turn=6), moved(later, zoom=1.12)):
        assert similarity(known, small_background(other)) < MIN_SIMILARITY


def test_a_fixed_camera_is_distinguished_from_a_moved_one() -> None:
    check(SAMPLE)


@pytest.mark.soak
@pytest.mark.parametrize("name", ["car-detection.mp4", "bottle-detection.mp4", "asl_book.mkv"])
def test_fixed_cameras_of_real_videos_are_distinguished_from_moved_ones(name: str, shared_data: Path) -> None:
    check(shared_data / "videos" / name)


def test_pictures_without_edges_are_alike() -> None:
    flat = small_background(np.full((36, 64, 3), 9, dtype=np.uint8))
    edges = small_background(scene_image(64, 36))
    assert (similarity(flat, flat), similarity(edges, flat), similarity(flat, edges)) == (1, 0, 0)


def test_the_background_has_the_most_frequent_of_several_sizes(tmp_path: Path) -> None:
    path = write_resized(tmp_path / "call.webm", [(160, 120), (160, 90), (160, 90)])
    reader = FrameReader(path, build_index(path), threads=1)
    assert sampled_background(reader, height_px=90).shape == (90, 160, 3)
    reader.close()


def test_a_video_without_pictures_has_no_background() -> None:
    with pytest.raises(VideoError, match="No frame"):
        median_picture([])


@pytest.mark.soak
def test_the_background_of_a_video_is_that_of_frames_all_over_it() -> None:
    reader = FrameReader(SAMPLE, build_index(SAMPLE), threads=1)
    whole = small_background(sampled_background(reader, height_px=90))
    reader.close()
    assert similarity(whole, small_background(pictures(SAMPLE, 0, 1))) > 0.9
