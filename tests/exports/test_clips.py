"""Clips without re-encoding: the same frames at the same times, or an error with the reason."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from frametally.errors import VideoError
from frametally.exports.clips import MAX_CLIP_S, cut_clip, earlier_s
from frametally.storage.space import DiskFull
from frametally.video.decoding import decode, upright
from frametally.video.frame_index import build_index
from frametally.video.frame_reader import read_frames
from tests.support.videos import FRAMES

MIDDLE, START, END = (0.52, 0.75), (0.0, 0.1), (0.9, 1.0)
"""Shares of the duration."""


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *((name, MIDDLE) for name in ("b_frames.mp4", "open_gop.mp4", "open_gop.mkv", "open_gop.ts", "variable.mp4")),
        *((name, MIDDLE) for name in ("ntsc.mp4", "hevc.mp4", "turned.mp4", "vp9.webm", "cut.ts", "refresh.ts")),
        *((name, part) for name in ("b_frames.mp4", "late.mkv") for part in (START, END)),
    ],
)
def test_a_clip_has_the_frames_of_the_video(
    hard_videos: Path, tmp_path: Path, name: str, part: tuple[float, float]
) -> None:
    source, target = hard_videos / name, tmp_path / "clip.mp4"
    index = build_index(source)
    start_s, end_s = index.duration_s * part[0], index.duration_s * part[1]
    clip = cut_clip(source, index, start_s, end_s, target)
    made = build_index(target)
    assert clip.start_s <= start_s + 1e-6
    assert clip.end_s >= min(end_s, float(index.times_s[-1])) - 1e-6
    assert clip.earlier_s == pytest.approx(index.times_s[index.times_s <= start_s + 1e-6][-1] - clip.start_s)
    assert earlier_s(index, start_s) == pytest.approx(clip.earlier_s) or name == "refresh.ts"  # a recovery point
    begin = int(np.searchsorted(index.times_s, clip.start_s - 1e-6))
    assert made.times_s == pytest.approx(index.times_s[begin : begin + len(made)] - clip.start_s, abs=0.002)
    assert len(made) == clip.frames
    shown = [upright(frame) for frame in decode(target)]
    wanted = dict(read_frames(source, index, range(begin, begin + len(made))))
    # From the requested frame on; what is before it may lack frames that it needs.
    after = int(np.searchsorted(made.times_s, clip.earlier_s - 1e-6))
    assert all(np.array_equal(shown[at], wanted[begin + at]) for at in range(after, len(made)))


def test_a_clip_is_a_small_part_of_a_long_video(hard_videos: Path, tmp_path: Path) -> None:
    source = hard_videos / "b_frames.mp4"
    clip = cut_clip(source, build_index(source), 3.0, 3.5, tmp_path / "clip.mp4")
    assert clip.frames < FRAMES / 2
    assert 0 <= clip.earlier_s < 1.2  # a keyframe every 12 frames at 10 per second
    content = (tmp_path / "clip.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(tmp_path / "clip.mp4")) as made:
        assert [stream.type for stream in made.streams] == ["video"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("vp8.webm", "codec vp8"), ("intra.avi", "codec mjpeg"), ("missing_pts.avi", "cannot be cut without re-encoding")],
)
def test_what_cannot_be_copied_is_an_error(hard_videos: Path, tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(VideoError, match=reason):
        cut_clip(hard_videos / name, build_index(hard_videos / name), 1.0, 2.0, tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_reported(hard_videos: Path, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").symlink_to("/dev/full")
    source = hard_videos / "b_frames.mp4"
    with pytest.raises(DiskFull, match="no room for this clip"):
        cut_clip(source, build_index(source), 1.0, 2.0, tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_clip_is_a_moment(hard_videos: Path, tmp_path: Path) -> None:
    source = hard_videos / "b_frames.mp4"
    with pytest.raises(VideoError, match="A clip has at most 10 minutes"):
        cut_clip(source, build_index(source), 1.0, 2.0 + MAX_CLIP_S, tmp_path / "clip.mp4")
