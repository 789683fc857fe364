"""Displayed frames equal ffmpeg's: every orientation and pixel shape, in every place where frames are shown."""

from __future__ import annotations

import shutil
import tempfile
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from frametally.analysis.view_spec import ViewSpec
from frametally.engine.picture import Picture
from frametally.rendering.video_encoder import make_video
from frametally.rendering.video_export import VideoSpec
from frametally.video.decoding import Image, decode, upright
from frametally.video.displayed_frame import displayed, first_displayed, square_size
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader
from frametally.video.probe import probe
from frametally.video.remux import remux_to_mp4
from tests.support.geometry_videos import ffmpeg_displayed, scene_image, write_oriented
from tests.support.soak import iterations
from tests.support.videos import archived

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
ASPECTS = [Fraction(1), Fraction(64, 45), Fraction(16, 15), Fraction(8, 9), Fraction(1, 2), Fraction(4, 3)]
VIEW = ViewSpec(job_ids=("job-1",), model="model", confidence=0.0)


def difference(one: Image, other: Image) -> float:
    """Mean difference in levels; the pictures have the same size, up to one row or column."""
    assert np.abs(np.subtract(one.shape, other.shape)).max() <= 1, (one.shape, other.shape)
    height, width = min(one.shape[0], other.shape[0]), min(one.shape[1], other.shape[1])
    return float(np.abs(one[:height, :width].astype(int) - other[:height, :width]).mean())


def shrunk(image: Image, like: Image) -> Image:
    return np.asarray(cv2.resize(image, (like.shape[1], like.shape[0]), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def bent_px(image: Image, ratio: float) -> float:
    """By how many pixels a side differs from that of a picture with this ratio of width to height."""
    height, width = image.shape[:2]
    return float(min(abs(width - ratio * height), abs(height - width / ratio)))


def annotated(path: Path, folder: Path) -> Image:
    """The first frame of the annotated video without detections."""
    results = archived(folder, [{"predictions": []}])
    spec = VideoSpec(video=str(path), results=str(results), view=VIEW, colors={})
    make_video(spec, folder / "annotated.mp4", lambda _: None)
    return upright(next(decode(folder / "annotated.mp4")))


@needs_ffmpeg
@pytest.mark.slow
@settings(max_examples=iterations(4), deadline=None)
@example(rotation_deg=0, mirrors=(False, False), pixel_aspect=Fraction(8, 9), size_px=(24, 50), container="mp4")
@given(
    rotation_deg=st.sampled_from([0, 90, 180, 270]),
    mirrors=st.tuples(st.booleans(), st.booleans()),
    pixel_aspect=st.sampled_from(ASPECTS),
    size_px=st.tuples(st.integers(40, 90), st.integers(40, 90)),
    container=st.sampled_from(["mp4", "mov", "mkv"]),
)
def test_frames_are_shown_as_by_ffmpeg(
    rotation_deg: int,
    mirrors: tuple[bool, bool],
    pixel_aspect: Fraction,
    size_px: tuple[int, int],
    container: str,
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = scene_image(size_px[0] * 2, size_px[1] * 2)
        path = write_oriented(
            folder / f"video.{container}",
            image,
            rotation_deg=rotation_deg,
            mirrors_x=mirrors[0],
            mirrors_y=mirrors[1],
            pixel_aspect=pixel_aspect,
        )
        expected = ffmpeg_displayed(path)
        reader = FrameReader(path, build_index(path))
        shown = reader.displayed(1)
        assert shown is not None
        assert difference(shown.image, expected) < 3
        assert difference(first_displayed(path).image, expected) < 3
        ((_, thumbnail),) = reader.thumbnails([1], 60)
        assert difference(thumbnail, shrunk(expected, thumbnail)) < 4
        ratio = expected.shape[1] / expected.shape[0]
        assert bent_px(thumbnail, ratio) <= 1.5
        assert bent_px(shown.image, ratio) <= 1.5
        video = annotated(path, folder)
        width_px, height_px = probe(path).displayed_wh
        assert bent_px(video, width_px / height_px) <= 2  # enlarged, with even sides
        assert difference(shrunk(video, expected), expected) < 6
        assert probe(path).displayed_wh == (shown.image.shape[1], shown.image.shape[0])


@pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrors_x", [False, True])
def test_models_see_the_upright_picture_with_its_own_pixels(tmp_path: Path, rotation_deg: int, mirrors_x: bool) -> None:
    image = scene_image(96, 64)
    path = write_oriented(
        tmp_path / "video.mp4", image, rotation_deg=rotation_deg, mirrors_x=mirrors_x, pixel_aspect=Fraction(64, 45)
    )
    turned = np.rot90(image, rotation_deg // 90)
    expected = np.ascontiguousarray(turned[:, ::-1] if mirrors_x else turned)
    picture = Picture(next(decode(path)))
    assert (picture.width_px, picture.height_px) == (expected.shape[1], expected.shape[0])
    assert difference(picture.bgr(), expected) < 4
    half = picture.bgr(picture.width_px // 2, picture.height_px // 2)
    assert difference(half, shrunk(expected, half)) < 5


@pytest.mark.parametrize("rotation_deg", [0, 90])
def test_remuxing_keeps_mirrored_frames_and_the_shape_of_pixels(tmp_path: Path, rotation_deg: int) -> None:
    source = write_oriented(
        tmp_path / "video.mov",
        scene_image(96, 64),
        rotation_deg=rotation_deg,
        mirrors_x=True,
        pixel_aspect=Fraction(16, 11),
    )
    remux_to_mp4(source, tmp_path / "video.mp4")
    old, new = probe(source), probe(tmp_path / "video.mp4")
    assert new.is_mirrored
    assert (new.rotation_deg, new.is_mirrored, new.pixel_aspect) == (old.rotation_deg, old.is_mirrored, "16/11")
    first = first_displayed(tmp_path / "video.mp4")
    assert (first.image == first_displayed(source).image).all()


@pytest.mark.parametrize(("rotation_deg", "aspect"), [(0, Fraction(64, 45)), (90, Fraction(45, 64))])
def test_pixels_become_square_by_enlarging(tmp_path: Path, rotation_deg: int, aspect: Fraction) -> None:
    path = write_oriented(
        tmp_path / "video.mkv", scene_image(72, 58), rotation_deg=rotation_deg, pixel_aspect=Fraction(64, 45)
    )
    shown = displayed(next(decode(path)), Fraction(64, 45))
    expected = (102, 58) if rotation_deg == 0 else (58, 102)
    assert (shown.image.shape[1], shown.image.shape[0]) == expected
    assert shown.analyzed_wh == ((72, 58) if rotation_deg == 0 else (58, 72))
    assert square_size(*shown.analyzed_wh, aspect) == expected


def test_pixel_shapes_that_make_no_sense_are_ignored(tmp_path: Path) -> None:
    path = write_oriented(tmp_path / "video.mkv", scene_image(96, 64), pixel_aspect=Fraction(1000, 3))
    assert probe(path).displayed_wh == (96, 64)


def test_large_pictures_are_not_enlarged_without_limit() -> None:
    assert square_size(8000, 4000, Fraction(2)) == (8192, 2048)
    assert square_size(9000, 10, Fraction(1, 2)) == (9000, 20)
