"""Copies for browsers: every frame at its time, made once, within the quota, and nothing left of those that stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from frametally.library.copies import maker
from frametally.library.copies.encoder import make_copy
from frametally.library.copies.maker import CopyMaker, CopyState, CopyStatus
from frametally.library.copies.picture import copied_size
from frametally.library.copies.report import copy_path
from frametally.library.copies.room import make_room
from frametally.library.copies.sound import RATE_HZ, CopiedSound
from frametally.library.library import Library
from frametally.library.video_store import StoredVideo
from frametally.video.frame_index import load_index
from tests.support.numbered_videos import numbers_in, unplayable_clips, write_numbered
from tests.support.polling import until

ROOT = Path(__file__).parents[3]
FRAMES = 48
BEEP_S = 1.0
ENDED = (CopyStatus.DONE, CopyStatus.FAILED)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return unplayable_clips(folder, FRAMES) | {"long": write_numbered(folder / "long.mp4", 1000, rate=Fraction(100))}


def write_with_beep(path: Path) -> None:
    """Two seconds of video, whose first frame is at 0.5 s, and of silence with a beep 1 s after that frame."""
    times_s = np.arange(2 * 44_100) / 44_100
    wave = np.where((times_s >= BEEP_S + 0.5) & (times_s < BEEP_S + 0.7), np.sin(times_s * 2764), 0)
    with av.open(str(path), "w") as container:
        picture: Any = container.add_stream("mpeg4", rate=10)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound: Any = container.add_stream("flac", rate=44_100, layout="stereo")
        for number in range(15):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number, np.uint8), format="bgr24")
            frame.pts, frame.time_base = number + 5, Fraction(1, 10)
            container.mux(picture.encode(frame))
        samples = np.ascontiguousarray((wave * 20_000).astype(np.int16).repeat(2)[None])
        heard = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        heard.sample_rate, heard.pts, heard.time_base = 44_100, 0, Fraction(1, 44_100)
        for stream, last in ((picture, None), (sound, heard), (sound, None)):
            container.mux(stream.encode(last))


def beep_s(path: Path) -> float:
    """When the beep begins, in seconds after the first frame."""
    with av.open(str(path)) as container:
        first_s = float(min((packet.pts or 0) * packet.time_base for packet in container.demux(video=0) if packet.size))
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray()[0].astype(float)) > np.iinfo(np.int16).max * 0.1)
            loud = loud if frame.format.name == "s16" else np.flatnonzero(np.abs(frame.to_ndarray()[0]) > 0.1)
            if len(loud):
                channels = len(frame.layout.channels) if frame.format.is_packed else 1
                return float((frame.time or 0.0) - first_s + loud[0] / channels / frame.sample_rate)
    raise AssertionError("no beep")


def library_in(folder: Path, **settings: Any) -> Library:
    return Library(folder / "media", max_video_bytes=1 << 30, **settings)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    library = library_in(tmp_path)
    yield library
    library.copies.close()


def ended(copies: CopyMaker, video: StoredVideo) -> CopyState:
    until(lambda: copies.request(video).status in ENDED)
    return copies.request(video)


def done(copies: CopyMaker, video: StoredVideo) -> Path:
    state = ended(copies, video)
    assert state.path, state.message
    return state.path


def leftovers(video: StoredVideo) -> list[str]:
    return sorted(path.name for path in copy_path(video.path).parent.glob("*"))


SHORT = ("mpeg4",)
KINDS = [*SHORT, *(pytest.param(kind, marks=pytest.mark.soak) for kind in ("hevc", "hevc_10bit", "mjpeg", "mpegts"))]


@pytest.mark.parametrize("name", KINDS)
def test_every_frame_is_copied_at_its_time(library: Library, clips: dict[str, Path], name: str) -> None:
    video = library.add(clips[name], actor=None)
    copy = done(library.copies, video)
    before, after = load_index(video.path), load_index(copy)
    assert np.allclose(before.times_s, after.times_s, rtol=0, atol=1e-9), name
    assert numbers_in(copy) == numbers_in(video.path), name
    with av.open(str(copy)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.codec.canonical_name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == copied_size(*video.info.displayed_wh)


def test_the_sound_is_copied_at_its_time(tmp_path: Path) -> None:
    source, target = tmp_path / "source.mkv", tmp_path / "copy.mp4"
    write_with_beep(source)
    make_copy(source, target, lambda _: None)
    with av.open(str(target)) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
    assert np.allclose(load_index(source).times_s, load_index(target).times_s, rtol=0, atol=1e-9)
    assert beep_s(source) == pytest.approx(BEEP_S, abs=0.01)
    assert beep_s(target) == pytest.approx(BEEP_S, abs=0.03)


def test_a_gap_of_hours_ends_the_sound(tmp_path: Path) -> None:
    write_with_beep(tmp_path / "source.mkv")
    sound = CopiedSound(tmp_path / "source.mkv", 0.0)
    with sound, av.open(str(tmp_path / "copy.mp4"), "w") as container:
        sound.begin(container)
        late = 3 * 3600 * RATE_HZ, np.zeros((2, 1024), np.float32)
        sound._pieces = iter([(0, np.zeros((2, 1024), np.float32)), late])
        sound.write_until(4 * 3600.0)
        assert sound._position == 1024


@pytest.mark.soak
def test_a_copy_is_made_once(library: Library, clips: dict[str, Path]) -> None:
    video = library.add(clips["long"], actor=None)
    assert {library.copies.request(video).status for _ in range(3)} == {CopyStatus.RUNNING}
    assert len(library.copies._running) == 1
    other = library.add(clips["mpeg4"], actor=None)
    assert library.copies.request(other).status is CopyStatus.WAITING
    path = done(library.copies, video)
    changed_ns = path.stat().st_ctime_ns
    assert CopyMaker(library.videos.folder, library.uploads).request(video).path == path
    assert path.stat().st_ctime_ns >= changed_ns
    until(lambda: leftovers(video) == [path.name])


@pytest.mark.soak
def test_an_encoder_of_another_process_is_joined_and_ends_with_it(tmp_path: Path, clips: dict[str, Path]) -> None:
    library = library_in(tmp_path)
    video = library.add(clips["long"], actor=None)
    script = (
        "import pathlib, sys, time; from frametally.library.library import Library\n"
        "library = Library(pathlib.Path(sys.argv[1]), max_video_bytes=1 << 30)\n"
        "library.copies.request(library.get(sys.argv[2])); time.sleep(600)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "media"), video.sha256]
    dashboard = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    until(lambda: any(name.endswith(".part") for name in leftovers(video)))
    assert library.copies.request(video).status is CopyStatus.RUNNING
    assert library.copies._running == {}
    dashboard.kill()
    dashboard.wait()
    until(lambda: not any(name.endswith(".part") for name in leftovers(video)))
    assert leftovers(video) in ([], [copy_path(video.path).with_suffix(".progress").name])
    assert done(library.copies, video)
    library.copies.close()


def begun(library: Library, clip: Path) -> StoredVideo:
    """A video whose copy is being written."""
    video = library.add(clip, actor=None)
    assert library.copies.request(video).status is CopyStatus.RUNNING
    until(lambda: any(name.endswith(".part") for name in leftovers(video)))
    return video


def test_a_stopped_encoder_leaves_nothing(library: Library, clips: dict[str, Path]) -> None:
    video = begun(library, clips["long"])
    library.copies.close()
    assert library.copies.request(video).status is CopyStatus.WAITING
    assert leftovers(video) == []


def test_files_of_a_killed_encoder_are_removed(library: Library, tmp_path: Path, clips: dict[str, Path]) -> None:
    video = begun(library, clips["long"])
    (running,) = library.copies._running.values()
    os.kill(running.process.pid, signal.SIGKILL)
    assert "interrupted" in ended(library.copies, video).message
    after_restart = library_in(tmp_path)
    after_restart.copies.request(video)
    after_restart.copies.close()
    assert leftovers(video) == []


def test_a_copy_of_a_damaged_video_says_what_is_wrong_and_is_tried_again(
    library: Library, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    video = library.add(clips["mpegts"], actor=None)
    load_index(video.path)
    content = bytearray(video.path.read_bytes())
    video.path.write_bytes(bytes(len(content)))
    state = ended(library.copies, video)
    assert state.status is CopyStatus.FAILED
    assert library.copies.request(video).status is CopyStatus.FAILED
    monkeypatch.setattr(maker, "RETRY_AFTER_S", 0.0)
    assert library.copies.request(video).status is CopyStatus.RUNNING
    monkeypatch.undo()
    state = ended(library.copies, video)
    assert "video" in state.message
    assert leftovers(video) == []


def test_copies_stay_within_the_quota_and_give_way_to_videos(tmp_path: Path, clips: dict[str, Path]) -> None:
    video_bytes = clips["mjpeg"].stat().st_size
    library = library_in(tmp_path, quota_bytes=video_bytes + 1000)
    video = library.add(clips["mjpeg"], actor=None)
    assert "no room for a copy" in library.copies.request(video).message
    library = library_in(tmp_path, quota_bytes=video_bytes + 5_000_000)
    copy = done(library.copies, video)
    library.uploads.begin("next.mp4", 1000, actor=None)
    assert copy.exists()
    library.uploads.begin("next.mp4", 4_999_000, actor=None)
    assert not copy.exists()
    library.copies.close()


def test_the_least_recently_requested_copies_are_removed_first(tmp_path: Path) -> None:
    paths = [tmp_path / name / "derived" / "play-0.mp4" for name in ("old", "middle", "young")]
    for at, path in enumerate(paths):
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(100))
        os.utime(path, (at, at))
    make_room(tmp_path, 250)
    assert [path.exists() for path in paths] == [False, True, True]
    make_room(tmp_path, 0, kept=paths[1])
    assert [path.exists() for path in paths] == [False, True, False]


def test_sizes_are_even_bounded_and_never_enlarged() -> None:
    assert copied_size(352, 240) == (352, 240)
    assert copied_size(1919, 1079) == (1920, 1080)
    assert copied_size(3840, 2160) == (1920, 1080)
    assert copied_size(2160, 3840) == (1080, 1920)
    assert copied_size(8192, 512) == (4096, 256)
    assert copied_size(1, 1) == (2, 2)
