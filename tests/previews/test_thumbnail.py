"""The thumbnail of a video: made once, upright, with square pixels, none where no frame can be decoded."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from frametally.library.library import Library
from frametally.previews import thumbnail
from frametally.previews.thumbnail import HEIGHT_PX, thumbnail_file
from tests.support.video_files import write_video


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "media", max_video_bytes=1 << 30)


def size_of(path: Path) -> tuple[int, int]:
    """(width, height) in pixels."""
    with Image.open(path) as picture:
        return picture.size


def test_a_thumbnail_is_made_once(library: Library, small_video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = library.add(small_video, actor=None)
    path = thumbnail_file(video)
    assert path is not None
    assert path.parent == video.path.parent
    assert size_of(path) == (144, HEIGHT_PX)
    monkeypatch.setattr(thumbnail, "open_video", None)
    assert thumbnail_file(video) == path


def test_a_video_of_one_frame_has_a_thumbnail(library: Library, tmp_path: Path) -> None:
    write_video(tmp_path / "one.mp4", frames=1, fps=10)
    path = thumbnail_file(library.add(tmp_path / "one.mp4", actor=None))
    assert path is not None
    assert size_of(path)[1] == HEIGHT_PX


def test_a_video_that_cannot_be_decoded_any_more_has_none(library: Library, small_video: Path) -> None:
    video = library.add(small_video, actor=None)
    video.path.write_bytes(b"no video")
    assert thumbnail_file(video) is None
    assert thumbnail_file(video) is None  # also when it is known
