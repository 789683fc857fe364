"""Remuxing: identical frames at identical times, or an error with the reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import av
import numpy as np
import pytest

from frametally.errors import VideoError
from frametally.storage.space import DiskFull
from frametally.video.decoding import decode, upright
from frametally.video.frame_index import build_index
from frametally.video.probe import probe
from frametally.video.remux import remux_to_mp4


def pictures(path: Path) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    return [upright(frame) for frame in decode(path)]


@pytest.mark.parametrize(
    "name",
    [
        *("open_gop.ts", "open_gop.mkv", "b_frames.mp4", "variable.mp4", "ntsc.mp4", "hevc.mp4", "late.mkv"),
        *("turned.mp4", "one.mp4", "refresh.ts", "vp9.webm", "cut.ts"),
    ],
)
def test_remuxed_frames_are_identical(hard_videos: Path, tmp_path: Path, name: str) -> None:
    remux_to_mp4(hard_videos / name, tmp_path / "made.mp4")
    before, after = build_index(hard_videos / name), build_index(tmp_path / "made.mp4")
    assert np.abs(before.times_s - after.times_s).max() < 0.002
    old, new = pictures(hard_videos / name), pictures(tmp_path / "made.mp4")
    assert len(old) == len(new) > 0
    assert all(np.array_equal(*pair) for pair in zip(old, new, strict=True))


def test_remuxing_needs_disk_space_for_the_copy(
    small_video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_bytes = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr("frametally.storage.space.DISK_RESERVE_BYTES", free_bytes - small_video.stat().st_size // 2)
    with pytest.raises(DiskFull, match="no room for this video"):
        remux_to_mp4(small_video, tmp_path / "made.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_reported(small_video: Path, tmp_path: Path) -> None:
    (tmp_path / "made.mp4").symlink_to("/dev/full")  # every write fails with ENOSPC
    with pytest.raises(DiskFull, match="no room for this video"):
        remux_to_mp4(small_video, tmp_path / "made.mp4")
    assert list(tmp_path.iterdir()) == []


def test_rotation_is_kept(hard_videos: Path, tmp_path: Path) -> None:
    remux_to_mp4(hard_videos / "turned.mp4", tmp_path / "made.mp4")
    old, new = probe(hard_videos / "turned.mp4"), probe(tmp_path / "made.mp4")
    assert (new.rotation_deg, new.width_px, new.height_px) == (old.rotation_deg, old.width_px, old.height_px)
    assert old.rotation_deg


def test_the_copy_is_an_mp4_with_its_index_first_and_no_audio(hard_videos: Path, tmp_path: Path) -> None:
    remux_to_mp4(hard_videos / "open_gop.ts", tmp_path / "made.mp4")
    content = (tmp_path / "made.mp4").read_bytes()
    assert content[4:8] == b"ftyp"
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(tmp_path / "made.mp4")) as made:
        assert [stream.type for stream in made.streams] == ["video"]


def test_progress_is_reported(hard_videos: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    remux_to_mp4(hard_videos / "open_gop.ts", tmp_path / "made.mp4", shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize(("name", "codec"), [("vp8.webm", "vp8"), ("intra.avi", "mjpeg")])
def test_codecs_that_mp4_cannot_contain_are_an_error(hard_videos: Path, tmp_path: Path, name: str, codec: str) -> None:
    with pytest.raises(VideoError, match=f"codec {codec}"):
        remux_to_mp4(hard_videos / name, tmp_path / "made.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_with_other_frames_is_discarded(hard_videos: Path, tmp_path: Path) -> None:
    """AVI stores no times of B-frames, so the times of the copy differ."""
    with pytest.raises(VideoError, match="without re-encoding"):
        remux_to_mp4(hard_videos / "missing_pts.avi", tmp_path / "made.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["decord_rot90.mov", "derived/car_av1.mkv", "derived/car_h264.ts", "asl_book.mkv"])
def test_real_videos_keep_their_frames(shared_data: Path, tmp_path: Path, name: str) -> None:
    remux_to_mp4(shared_data / "videos" / name, tmp_path / "made.mp4")
    assert len(build_index(tmp_path / "made.mp4")) == len(build_index(shared_data / "videos" / name))
