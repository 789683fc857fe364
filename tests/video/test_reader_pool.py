"""The readers of viewed videos: how many are open, and for how long."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from frametally.errors import VideoError
from frametally.video.reader_pool import ReaderPool
from tests.support.polling import until


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def videos(small_video: Path, tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.mp4" for number in range(4)]
    for path in paths:
        path.write_bytes(small_video.read_bytes())
    return paths


def open_files(path: Path) -> int:
    return sum(link.resolve() == path for link in Path("/proc/self/fd").iterdir())


def test_a_video_is_opened_once(videos: list[Path]) -> None:
    pool = ReaderPool()
    assert pool.get(videos[0]) is pool.get(videos[0])
    assert open_files(videos[0]) == 1


def test_the_least_recently_used_reader_is_closed(videos: list[Path]) -> None:
    pool = ReaderPool(max_readers=2)
    for number in (0, 1, 0, 2):
        pool.get(videos[number])
    assert [open_files(path) for path in videos] == [1, 0, 1, 0]


def test_readers_are_closed_when_they_are_idle(videos: list[Path]) -> None:
    clock = Clock()
    pool = ReaderPool(idle_s=30, clock=clock)
    pool.get(videos[0])
    clock.now_s += 20
    pool.get(videos[1])
    clock.now_s += 10
    pool.close_idle()
    assert [open_files(path) for path in videos[:2]] == [0, 1]
    assert len(pool) == 1


def test_a_reader_is_closed_once_it_was_idle_for_long_enough(
    videos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    started_s = []

    class Timer(threading.Timer):
        def start(self) -> None:
            started_s.append(self.interval)

    monkeypatch.setattr(threading, "Timer", Timer)
    clock = Clock()
    pool = ReaderPool(idle_s=30, clock=clock)
    pool.get(videos[0])
    clock.now_s += 29
    pool.get(videos[0])
    clock.now_s += 1
    pool.close_idle()
    assert started_s == [30, 29]


def test_a_timer_closes_the_last_reader(videos: list[Path]) -> None:
    pool = ReaderPool(idle_s=0.05)
    pool.get(videos[0])
    until(lambda: len(pool) == 0)
    assert open_files(videos[0]) == 0
    pool.get(videos[0])
    until(lambda: len(pool) == 0)


def test_a_reader_that_was_closed_in_use_reads_on(videos: list[Path]) -> None:
    pool = ReaderPool(max_readers=1)
    reader = pool.get(videos[0])
    before = reader.frame(3)
    pool.get(videos[1])
    after = reader.frame(3)
    assert before is not None
    assert after is not None
    assert np.array_equal(before, after)


def test_threads_that_open_a_video_at_the_same_time_share_one_reader(videos: list[Path]) -> None:
    pool = ReaderPool()
    readers = []
    threads = [threading.Thread(target=lambda: readers.append(pool.get(videos[0]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(readers) == 8
    assert len(pool) == 1
    assert open_files(videos[0]) == 1


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"nothing")
    pool = ReaderPool()
    with pytest.raises(VideoError):
        pool.get(tmp_path / "no.mp4")
    assert len(pool) == 0
