"""Annotated videos: that they show what they should, play in a browser, and can be stopped and found again."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser

from frametally.errors import VideoError
from frametally.rendering.video_encoder import ahead, make_video
from frametally.rendering.video_export import ExportBusy, ExportState, ExportStatus, VideoExporter, key_of
from frametally.rendering.video_specs import VideoSpec
from frametally.storage import space as disk
from frametally.storage.space import TRY_AGAIN, DiskFull
from frametally.video.decoding import Image, decode, upright
from frametally.video.frame_index import build_index
from tests.support.disks import fill
from tests.support.video_files import write_video
from tests.support.videos import archived, box, write

ROOT = Path(__file__).parent.parent.parent
RED = {"square": "#ff0000"}


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> VideoSpec:
    """The square of `write_video`, found at every second frame except for the null at frame 20."""
    folder = tmp_path_factory.mktemp("export")
    write_video(folder / "square.mp4", frames=40, fps=10)
    entries = [{"image": {"width": 320, "height": 240}, "predictions": _square(frame)} for frame in range(0, 40, 2)]
    entries[10] = None  # type: ignore[call-overload]
    results = archived(folder, entries, every=2)
    return VideoSpec(video=str(folder / "square.mp4"), results=str(results), model="model", colors=RED)


def _square(frame: int) -> list[dict[str, object]]:
    return [box((frame - 10) * 6 + 24, 120, 48, 48)] if frame >= 10 else []


def made(spec: VideoSpec, target: Path) -> list[Image]:
    make_video(spec, target, lambda _: None)
    return [upright(frame) for frame in decode(target)]


def red_columns(image: Image) -> list[int]:
    """Where in the lower edge of the square, now twice as large, there is red."""
    row = image[236:292].astype(int)
    return np.flatnonzero((row[..., 2] - row[..., 1] > 80).any(axis=0)).tolist()


def test_every_frame_shows_the_boxes_of_the_latest_analyzed_one(spec: VideoSpec, tmp_path: Path) -> None:
    frames = made(spec, tmp_path / "made.mp4")
    assert len(frames) == 40
    assert frames[0].shape == (480, 640, 3)
    assert red_columns(frames[8]) == []
    for number in (12, 13, 30, 39):
        left = (number // 2 * 2 - 10) * 6 * 2
        assert red_columns(frames[number])[0] == pytest.approx(left, abs=4)
    for number in (20, 21):
        assert red_columns(frames[number]) == []


def test_a_window_begins_at_its_first_frame(spec: VideoSpec, tmp_path: Path) -> None:
    frames = made(msgspec.structs.replace(spec, time_range_s=(1.45, 2.95)), tmp_path / "made.mp4")
    assert len(frames) == 15
    assert red_columns(frames[0])[0] == pytest.approx((14 - 10) * 12, abs=4)
    assert build_index(tmp_path / "made.mp4").duration_s == pytest.approx(1.5)


def test_analyzed_frames_alone_last_until_the_next(spec: VideoSpec, tmp_path: Path) -> None:
    assert len(made(msgspec.structs.replace(spec, every_frame=False), tmp_path / "made.mp4")) == 19
    index = build_index(tmp_path / "made.mp4")
    assert np.diff(index.times_s).round(3).tolist() == [0.2] * 9 + [0.4] + [0.2] * 8


def test_a_variable_rate_and_odd_sides_are_kept_and_made_playable(tmp_path: Path) -> None:
    pts = [number * 33 + (number // 5) * 150 for number in range(30)]
    write(tmp_path / "variable.mp4", "libx264", {"bf": "2"}, frames=30, pts=pts)
    results = archived(tmp_path, [{"predictions": []}])
    spec = VideoSpec(video=str(tmp_path / "variable.mp4"), results=str(results), model="model", colors={})
    frames = made(spec, tmp_path / "made.mp4")
    source, target = build_index(tmp_path / "variable.mp4"), build_index(tmp_path / "made.mp4")
    assert np.allclose(source.times_s, target.times_s, atol=1e-3)
    assert len(frames) == 30
    with av.open(str(tmp_path / "made.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.codec.canonical_name, stream.format.name) == ("h264", "yuv420p")
    content = (tmp_path / "made.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_boxes_with_impossible_numbers_leave_the_rest_of_the_video_as_it_is(spec: VideoSpec, tmp_path: Path) -> None:
    odd = [box(float("nan"), 120, 48, 48), box(160, 1e12, 48, 48), box(200, 100, float("inf"), 48)]
    sizes = [{"width": 0, "height": 0}, {"width": 320, "height": 240}]
    entries = [{"image": size, "predictions": [*odd, box(80, 120, 48, 48)]} for size in sizes]
    results = archived(tmp_path, entries, every=20)
    frames = made(msgspec.structs.replace(spec, results=str(results)), tmp_path / "made.mp4")
    assert [red_columns(frames[number])[0] for number in (0, 39)] == pytest.approx([112, 112], abs=4)


def test_a_window_without_frames_is_refused(spec: VideoSpec, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="No frame of the video lies in this window"):
        make_video(msgspec.structs.replace(spec, time_range_s=(90, 99)), tmp_path / "made.mp4", lambda _: None)


def test_items_made_ahead_come_in_order_and_errors_come_through() -> None:
    def items() -> Iterator[int]:
        yield from range(1, 20)
        raise ValueError("the 20th")

    coming = ahead(items())
    assert [next(coming) for _ in range(19)] == list(range(1, 20))
    with pytest.raises(ValueError, match="the 20th"):
        next(coming)


def eventually(state: Callable[[], ExportState], status: ExportStatus) -> ExportState:
    patience = time.monotonic() + 60
    while (now := state()).status is not status:
        assert time.monotonic() < patience, now
        time.sleep(0.05)
    return now


@pytest.fixture
def exports(tmp_path: Path) -> Iterator[VideoExporter]:
    exports = VideoExporter(tmp_path / "exports")
    yield exports
    exports.close()


def test_a_video_is_made_in_a_process_of_its_own_and_kept_for_the_next_ask(
    spec: VideoSpec, exports: VideoExporter, tmp_path: Path
) -> None:
    assert exports.state(spec).status is ExportStatus.ABSENT
    assert exports.start(spec).status in (ExportStatus.RUNNING, ExportStatus.DONE)
    done = eventually(lambda: exports.state(spec), ExportStatus.DONE)
    assert done.path == tmp_path / "exports" / f"{key_of(spec)}.mp4"
    assert [path.name for path in (tmp_path / "exports").iterdir()] == [done.path.name]
    later = VideoExporter(tmp_path / "exports")
    assert later.start(spec) == done
    assert later.state(msgspec.structs.replace(spec, confidence=0.5)).status is ExportStatus.ABSENT


@pytest.fixture(scope="module")
def long_spec(tmp_path_factory: pytest.TempPathFactory) -> VideoSpec:
    """One that takes long enough to be stopped."""
    folder = tmp_path_factory.mktemp("long")
    write_video(folder / "square.mp4", frames=1500, fps=10)
    results = archived(folder, [{"predictions": [box(80, 80, 60, 40)]}] * 1500)
    return VideoSpec(video=str(folder / "square.mp4"), results=str(results), model="model", colors=RED)


def test_one_video_is_made_at_a_time_and_can_be_cancelled(
    spec: VideoSpec, long_spec: VideoSpec, exports: VideoExporter, tmp_path: Path
) -> None:
    exports.start(long_spec)
    with pytest.raises(ExportBusy, match="Another video is being made"):
        exports.start(spec)
    exports.cancel(spec)
    until(lambda: 0 < exports.state(long_spec).share < 1)
    exports.cancel(long_spec)
    assert exports.state(long_spec).status is ExportStatus.ABSENT
    assert list((tmp_path / "exports").iterdir()) == []
    exports.start(spec)
    eventually(lambda: exports.state(spec), ExportStatus.DONE)


def test_what_a_killed_process_left_is_removed_and_its_video_can_be_asked_for_again(
    spec: VideoSpec, long_spec: VideoSpec, exports: VideoExporter, tmp_path: Path
) -> None:
    exports.start(long_spec)
    until(lambda: any((tmp_path / "exports").glob("*.part")))
    (draft,) = (tmp_path / "exports").glob("*.part")
    os.kill(int(draft.suffixes[-2][1:]), signal.SIGKILL)
    failed = eventually(lambda: exports.state(long_spec), ExportStatus.FAILED)
    assert (failed.what, failed.next_step) == ("The process that made the video was stopped.", "Try again.")
    exports.start(spec)
    eventually(lambda: exports.state(spec), ExportStatus.DONE)
    assert [path.suffix for path in (tmp_path / "exports").iterdir()] == [".mp4"]


DASHBOARD = """
import pathlib, sys, time, msgspec
from frametally.rendering.video_export import VideoExporter
from frametally.rendering.video_specs import VideoSpec
exports = VideoExporter(pathlib.Path(sys.argv[1]))
exports.start(msgspec.json.decode(sys.argv[2], type=VideoSpec))
time.sleep(600)
"""


def test_a_killed_dashboard_takes_its_export_along_and_leaves_nothing_for_long(
    spec: VideoSpec, long_spec: VideoSpec, tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    command = [sys.executable, "-c", DASHBOARD, str(folder), msgspec.json.encode(long_spec).decode()]
    dashboard = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    until(lambda: any(folder.glob("*.part")))
    later = VideoExporter(folder)
    assert {path.suffix for path in folder.iterdir()} == {".json", ".log", ".part"}  # somebody is at work on them
    dashboard.kill()
    dashboard.wait()
    until(lambda: not any(folder.glob("*.part")))
    later.start(spec)
    eventually(lambda: later.state(spec), ExportStatus.DONE)
    assert [path.name for path in folder.iterdir()] == [f"{key_of(spec)}.mp4"]


def test_a_disk_that_fills_up_is_named(long_spec: VideoSpec, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exports = VideoExporter(small_disk / "exports")
    with pytest.raises(DiskFull):
        exports.start(long_spec)
    monkeypatch.setattr(disk, "DISK_RESERVE_BYTES", -(2**40))
    exports.start(long_spec)
    until(lambda: exports.state(long_spec).share > 0)  # from now on there is room for a word
    fill(small_disk)
    failed = eventually(lambda: exports.state(long_spec), ExportStatus.FAILED)
    assert failed.what == "The server's disk has no room for this video."
    assert failed.next_step == TRY_AGAIN
    assert list((small_disk / "exports").iterdir()) == []


def until(reached: Callable[[], bool]) -> None:
    patience = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < patience
        time.sleep(0.02)


def test_a_failure_says_what_to_do(spec: VideoSpec, exports: VideoExporter, tmp_path: Path) -> None:
    nowhere = msgspec.structs.replace(spec, results=str(tmp_path / "nowhere"))
    exports.start(nowhere)
    failed = eventually(lambda: exports.state(nowhere), ExportStatus.FAILED)
    assert (failed.what, failed.next_step) == ("These results are damaged.", "Run the job again.")
    assert list((tmp_path / "exports").iterdir()) == []


def test_the_videos_asked_for_longest_ago_make_room(spec: VideoSpec, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    exports = VideoExporter(folder, max_bytes=2500)
    for age_s, name in enumerate(("young", "middle", "old")):
        (folder / f"{name}.mp4").write_bytes(bytes(1000))
        os.utime(folder / f"{name}.mp4", (1e9 - age_s, 1e9 - age_s))
    exports.start(spec)
    eventually(lambda: exports.state(spec), ExportStatus.DONE)
    assert [path.name for path in folder.iterdir()] == [f"{key_of(spec)}.mp4"]


@pytest.mark.browser
def test_a_browser_plays_the_video_for_as_long_as_its_source_with_the_box_on_the_object(
    spec: VideoSpec, tmp_path: Path, browser: Browser
) -> None:
    make_video(spec, tmp_path / "made.mp4", lambda _: None)
    content = base64.b64encode((tmp_path / "made.mp4").read_bytes()).decode()
    page = browser.new_page()
    page.set_content(f"<video id=v muted src='data:video/mp4;base64,{content}'></video>")
    page.wait_for_function("v.readyState >= 2", timeout=30_000)
    assert page.evaluate("[v.duration, v.videoWidth, v.videoHeight]") == [pytest.approx(4.0), 640, 480]
    page.evaluate("() => new Promise(seen => { v.onseeked = seen; v.currentTime = 3.05 })")
    pixels = page.evaluate(
        """() => { const c = document.createElement('canvas'); c.width = 640; c.height = 480
        const g = c.getContext('2d'); g.drawImage(v, 0, 0); return [...g.getImageData(0, 236, 640, 1).data] }"""
    )
    page.close()
    row = np.array(pixels).reshape(640, 4).astype(int)
    assert np.flatnonzero(row[:, 0] - row[:, 1] > 80)[0] == pytest.approx((30 - 10) * 12, abs=4)
