"""Frames read by random access equal those of sequential decoding, pixel by pixel."""

from __future__ import annotations

import random
import threading
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest

from frametally.errors import VideoError
from frametally.video.decoding import Image, decode, upright
from frametally.video.frame_index import build_index, load_index
from frametally.video.frame_reader import FrameReader, Superseded
from tests.support.soak import iterations
from tests.support.video_files import write_video
from tests.support.videos import FRAMES

GENERATED = [
    "long_gop.mp4",
    *("b_frames.mp4", "open_gop.mp4", "open_gop.mkv", "open_gop.ts", "hevc.mp4", "ntsc.mp4", "variable.mp4"),
    *(
        "late.mkv",
        "missing_pts.avi",
        "mpeg4.avi",
        "refresh.mp4",
        "refresh.ts",
        "vp8.webm",
        "vp9.webm",
        "intra.avi",
        "one.mp4",
    ),
    *("cut.mp4", "cut.ts", "cut.avi", "turned.mp4"),
]
SAMPLE = Path(__file__).parents[2] / "demo" / "sample" / "parcels.mp4"
REMUXED = ["edit_list.mp4", "edit_list_open.mp4", "negative.mkv", "negative.mp4", "two.mp4", "hidden.avi"]


def from_the_start(path: Path, wanted: Collection[int] | None = None) -> dict[int, Image]:
    """The frames at the wanted positions, or all, by sequential decoding."""
    frames = enumerate(decode(path))
    return {position: upright(frame) for position, frame in frames if wanted is None or position in wanted}


def assert_every_order_of_requests_gets_the_same_frames(path: Path, tries: int = iterations(8)) -> None:
    index = build_index(path)
    reader = FrameReader(path, index, cache_bytes=200_000)
    anywhere = random.Random(3)
    last = len(index) - 1
    ways = [
        [anywhere.randint(0, last) for _ in range(tries)],
        list(range(0, last + 1, max(last // tries, 1))),
        list(range(last, -1, -max(last // tries, 1))),
    ]
    positions = [position for way in ways for position in way]
    expected = from_the_start(path, set(positions))
    for position in positions:
        assert_same(reader.frame(position), expected.get(position), f"{position} of {path.name}")


@pytest.mark.parametrize("name", GENERATED)
def test_every_request_gets_the_exact_frame(hard_videos: Path, name: str) -> None:
    assert_every_order_of_requests_gets_the_same_frames(hard_videos / name)


@pytest.mark.parametrize("name", REMUXED)
def test_every_request_gets_the_exact_frame_of_remuxed_videos(remuxed_videos: Path, name: str) -> None:
    assert_every_order_of_requests_gets_the_same_frames(remuxed_videos / name)


@pytest.mark.soak  # `make test` has the clips above, of every kind that is hard to read
def test_exactly_the_requested_frames_of_real_videos_are_read(shared_data: Path) -> None:
    for path in sorted((shared_data / "videos").rglob("*.*")):
        try:
            short = len(build_index(path)) < 450
        except VideoError:
            continue
        if short:
            assert_every_order_of_requests_gets_the_same_frames(path, tries=6)


@pytest.mark.parametrize("name", [name for name in GENERATED if not name.startswith("cut")])
def test_the_index_equals_the_decoded_frames(hard_videos: Path, name: str) -> None:
    index = build_index(hard_videos / name)
    assert [frame.pts for frame in decode(hard_videos / name)] == index.pts.tolist()
    assert len(index) == (1 if name == "one.mp4" else FRAMES)


@pytest.mark.parametrize("name", ["edit_list.mp4", "negative.mp4", "two.mp4", "hidden.avi"])
def test_the_index_of_remuxed_videos_equals_the_decoded_frames(remuxed_videos: Path, name: str) -> None:
    assert [frame.pts for frame in decode(remuxed_videos / name)] == build_index(remuxed_videos / name).pts.tolist()


def assert_mixed_requests_get_the_same_frames(path: Path, mixes: int) -> None:
    """Request single frames, runs of frames and interleaved runs, mostly shortly after the previous frame.

    Some requests are superseded while they decode.
    """
    index = build_index(path)
    expected, last = from_the_start(path), len(index) - 1
    for seed in range(mixes):
        anywhere = random.Random(f"{path.name} {seed}")
        reader = FrameReader(path, index, cache_bytes=anywhere.choice([0, 200_000]), threads=anywhere.choice([1, 2, 9]))
        here, begun = 0, list[tuple[list[int], Iterator[tuple[int, av.VideoFrame]]]]()
        for _ in range(25):
            which = f"{here} of {path.name}, mix {seed}"
            here = anywhere.randint(0, last) if anywhere.random() < 0.1 else min(here + anywhere.randint(1, 5), last)
            if anywhere.random() < 0.2:
                request_for_a_while(reader, anywhere.randint(0, last), frames=anywhere.randint(0, 8))
            if anywhere.random() < 0.4:
                assert_same(reader.frame(here), expected.get(here), which)
            elif anywhere.random() < 0.4:
                run = sorted({min(here + anywhere.randint(0, 40), last) for _ in range(4)})
                begun.append(([position for position in run if position in expected], reader.frames(run)))
            elif begun:
                awaited, found = anywhere.choice(begun)
                position, frame = next(found, (None, None))
                assert position == (awaited.pop(0) if awaited else None), which
                if position is not None and frame is not None:
                    assert_same(upright(frame), expected.get(position), which)
                    here = position


def request_for_a_while(reader: FrameReader, position: int, frames: int) -> None:
    """Request a frame that is not wanted any more when this many have been decoded."""
    left = iter(range(frames))
    with suppress(Superseded):
        reader.displayed(position, lambda: next(left, None) is not None)


def assert_same(shown: Image | None, wanted: Image | None, which: str) -> None:
    if shown is None or wanted is None:
        assert shown is wanted, which
    else:
        assert np.array_equal(shown, wanted), which


@pytest.mark.parametrize("name", [name for name in GENERATED if not name.startswith("cut")])
def test_mixed_requests_get_the_exact_frames(hard_videos: Path, name: str) -> None:
    assert_mixed_requests_get_the_same_frames(hard_videos / name, iterations(2))


def test_a_superseded_request_ends_within_a_frame(hard_videos: Path) -> None:
    path = hard_videos / "long_gop.mp4"
    reader, asked = FrameReader(path, build_index(path)), 0

    def is_wanted() -> bool:
        nonlocal asked
        asked += 1
        return asked <= 5

    with pytest.raises(Superseded):
        reader.displayed(FRAMES - 1, is_wanted)
    assert asked == 6


def test_frames_after_a_thumbnail_can_be_read() -> None:
    index = build_index(SAMPLE)
    for threads in (1, 2, 8):
        reader = FrameReader(SAMPLE, index, threads=threads)
        assert [position for position, _ in reader.thumbnails([100], 48)] == [100]
        assert [position for position in range(101, 120) if reader.frame(position) is None] == []


def test_positions_outside_the_video_return_none(hard_videos: Path) -> None:
    reader = FrameReader(hard_videos / "b_frames.mp4", build_index(hard_videos / "b_frames.mp4"))
    assert reader.frame(-1) is None
    assert reader.frame(FRAMES) is None
    assert reader.frame(FRAMES - 1) is not None


def test_concurrent_requests_get_their_own_frames(hard_videos: Path) -> None:
    path = hard_videos / "open_gop.mp4"
    index = build_index(path)
    expected, reader, wrong = from_the_start(path), FrameReader(path, index, cache_bytes=100_000), []

    def ask(seed: int) -> None:
        for position in random.Random(seed).choices(range(FRAMES), k=40):
            shown = reader.frame(position)
            if shown is None or not np.array_equal(shown, expected[position]):
                wrong.append(position)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_closed_reader_reopens_on_request(hard_videos: Path) -> None:
    path = hard_videos / "b_frames.mp4"
    reader = FrameReader(path, build_index(path))
    before = reader.frame(20)
    reader.close()
    after = reader.frame(20)
    assert before is not None
    assert after is not None
    assert np.array_equal(before, after)


def test_thumbnails_are_small_upright_and_in_order(hard_videos: Path) -> None:
    path = hard_videos / "turned.mp4"
    shown = list(FrameReader(path, build_index(path)).thumbnails([50, 3, 3, 17, 99], 48))
    assert [position for position, _ in shown] == [3, 17, 50]
    assert {image.shape for _, image in shown} == {(48, 32, 3)}
    assert not np.array_equal(shown[0][1], shown[1][1])


def test_thumbnails_of_very_wide_videos_are_limited_in_width(tmp_path: Path) -> None:
    write_video(tmp_path / "flat.mp4", frames=1, fps=10, width_px=1600, height_px=16)
    reader = FrameReader(tmp_path / "flat.mp4", build_index(tmp_path / "flat.mp4"))
    assert [image.shape for _, image in reader.thumbnails([0], 160)] == [(41, 4096, 3)]


def test_the_index_is_cached_in_the_folder_of_the_video(hard_videos: Path, tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes((hard_videos / "b_frames.mp4").read_bytes())
    first = load_index(path)
    kept = tmp_path / "video.mp4.frames.npz"
    written_at = kept.stat().st_mtime_ns
    again = load_index(path)
    assert kept.stat().st_mtime_ns == written_at
    assert [entry.name for entry in sorted(tmp_path.iterdir())] == ["video.mp4", "video.mp4.frames.npz"]
    for found in (again, build_index(path)):
        assert found.pts.tolist() == first.pts.tolist()
        assert found.keyframes.tolist() == first.keyframes.tolist()
        assert (found.time_base, found.held_end_pts, found.end_pts) == (
            first.time_base,
            first.held_end_pts,
            first.end_pts,
        )


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", None])
def test_a_damaged_cached_index_is_rebuilt(hard_videos: Path, tmp_path: Path, damage: bytes | None) -> None:
    path, kept = tmp_path / "video.mp4", tmp_path / "video.mp4.frames.npz"
    path.write_bytes((hard_videos / "b_frames.mp4").read_bytes())
    load_index(path)
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    assert len(load_index(path)) == FRAMES
    assert len(kept.read_bytes()) == len(whole)


def test_the_cached_index_of_another_file_is_not_used(hard_videos: Path, tmp_path: Path) -> None:
    path = tmp_path / "video.mp4"
    path.write_bytes((hard_videos / "one.mp4").read_bytes())
    load_index(path)
    path.write_bytes((hard_videos / "b_frames.mp4").read_bytes())
    assert len(load_index(path)) == FRAMES
