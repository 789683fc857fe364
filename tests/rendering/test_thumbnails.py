"""Thumbnails: pictures of the requested frames, decoded once per video and frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from frametally.rendering.thumbnails import HEIGHT_PX, ThumbnailCache
from frametally.video.decoding import Image
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import FrameReader
from frametally.video.picture_key import PictureKey, picture_key, picture_key_of_job


class CountingReader(FrameReader):
    """Records which frames the latest call decodes."""

    decoded: list[int]

    def thumbnails(self, positions: Iterable[int], height_px: int) -> Iterator[tuple[int, Image]]:
        self.decoded = sorted(positions)
        return super().thumbnails(self.decoded, height_px)


@pytest.fixture
def reader(small_video: Path) -> CountingReader:
    return CountingReader(small_video, build_index(small_video))


def test_a_frame_is_decoded_once(reader: CountingReader) -> None:
    cache = ThumbnailCache()
    first = cache.get("sha", reader, [30, 12, 12, 17])
    assert (reader.decoded, sorted(first)) == ([12, 17, 30], [12, 17, 30])
    again = cache.get("sha", reader, [17, 14])
    assert reader.decoded == [14]
    assert again[17] == first[17]
    assert len({*first.values(), *again.values()}) == 4


def test_thumbnails_are_jpeg_files_of_their_frames(reader: CountingReader) -> None:
    (picture,) = ThumbnailCache().get("sha", reader, [20]).values()
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    expected = dict(FrameReader.thumbnails(reader, [20], HEIGHT_PX))[20]
    assert image is not None
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 5


def test_another_video_has_separate_pictures(reader: CountingReader) -> None:
    cache = ThumbnailCache()
    cache.get("sha", reader, [5])
    cache.get("other", reader, [5])
    assert reader.decoded == [5]


def test_frames_that_the_video_does_not_have_are_missing(reader: CountingReader) -> None:
    assert list(ThumbnailCache().get("sha", reader, [-1, 39, 40, 9999])) == [39]


def test_the_least_recently_used_pictures_are_dropped(reader: CountingReader) -> None:
    cache = ThumbnailCache(max_pictures=2)
    for position in (1, 2, 1, 3):
        cache.get("sha", reader, [position])
    cache.get("sha", reader, [1, 2, 3])
    assert reader.decoded == [2]


def test_a_picture_is_identified_by_video_and_time(small_video: Path) -> None:
    index = build_index(small_video)
    assert picture_key("sha", index, 7) == PictureKey("sha", int(index.pts[7]))
    assert picture_key("sha", index, 7) != picture_key("sha", index, 8)
    assert picture_key_of_job("sha", 7) not in {picture_key("sha", index, position) for position in range(40)}
    assert picture_key_of_job("a", 7) != picture_key_of_job("b", 7)
