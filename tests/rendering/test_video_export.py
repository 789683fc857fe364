"""Annotated videos: content, playback in a browser, and the encoder process (cancel, crash, full disk)."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser

from frametally.analysis.view_spec import ViewSpec
from frametally.errors import ResultsError, VideoError
from frametally.rendering.video_encoder import ahead, make_video
from frametally.rendering.video_export import ExportBusy, ExportState, ExportStatus, VideoExporter, VideoSpec
from frametally.storage import space as disk
from frametally.storage.space import TRY_AGAIN, DiskFull
from frametally.video.damage import save_damage
from frametally.video.decoding import Image, decode, upright
from frametally.video.frame_index import build_index
from tests.support.disks import fill
from tests.support.polling import until
from tests.support.video_files import write_video
from tests.support.videos import archived, box, write

ROOT = Path(__file__).parent.parent.parent
RED = {"square": "#ff0000"}
VIEW = ViewSpec(job_ids=("job-1",), model="model", confidence=0.0)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> VideoSpec:
    """The square of `write_video`, detected in every second frame except for the null at frame 20."""
    folder = tmp_path_factory.mktemp("export")
    write_video(folder / "square.mp4", frames=40, fps=10)
    entries = [{"image": {"width": 320, "height": 240}, "predictions": _square(frame)} for frame in range(0, 40, 2)]
    entries[10] = None  # type: ignore[call-overload]
    results = archived(folder, entries, every=2)
    return VideoSpec(video=str(folder / "square.mp4"), results=str(results), view=VIEW, colors=RED)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> VideoSpec:
    """A video that takes long enough to encode that it can be interrupted."""
    folder = tmp_path_factory.mktemp("long")
    write_video(folder / "square.mp4", frames=1000, fps=10, preset="ultrafast")
    results = archived(folder, [{"predictions": [box(80, 80, 60, 40)]}] * 1000)
    return VideoSpec(video=str(folder / "square.mp4"), results=str(results), view=VIEW, colors=RED)


@pytest.fixture
def spec(short: VideoSpec, tmp_path: Path) -> VideoSpec:
    return with_results_in(tmp_path / "jobs" / "short", short)


@pytest.fixture
def long_spec(long: VideoSpec, tmp_path: Path) -> VideoSpec:
    return with_results_in(tmp_path / "jobs" / "long", long)


def with_results_in(folder: Path, spec: VideoSpec) -> VideoSpec:
    """The spec with a copy of its results in `folder`, so that derived files are separate."""
    shutil.copytree(spec.results, folder)
    return msgspec.structs.replace(spec, results=str(folder))


def with_view(spec: VideoSpec, **changes: object) -> VideoSpec:
    return msgspec.structs.replace(spec, view=msgspec.structs.replace(spec.view, **changes))


def _square(frame: int) -> list[dict[str, object]]:
    return [box((frame - 10) * 6 + 24, 120, 48, 48)] if frame >= 10 else []


def made(spec: VideoSpec, target: Path) -> list[Image]:
    make_video(spec, target, lambda _: None)
    return [upright(frame) for frame in decode(target)]


def red_columns(image: Image) -> list[int]:
    """The columns with red pixels in the lower half of the square, in pictures enlarged by 2."""
    row = image[236:292].astype(int)
    return np.flatnonzero((row[..., 2] - row[..., 1] > 80).any(axis=0)).tolist()


def test_every_frame_shows_the_boxes_of_the_latest_analyzed_frame(spec: VideoSpec, tmp_path: Path) -> None:
    frames = made(spec, tmp_path / "made.mp4")
    assert len(frames) == 40
    assert frames[0].shape == (480, 640, 3)
    assert red_columns(frames[8]) == []
    for number in (12, 13, 30, 39):
        left = (number // 2 * 2 - 10) * 6 * 2
        assert red_columns(frames[number])[0] == pytest.approx(left, abs=4)
    for number in (20, 21):
        assert red_columns(frames[number]) == []


def test_a_time_range_starts_at_its_first_frame(spec: VideoSpec, tmp_path: Path) -> None:
    frames = made(with_view(spec, time_range_s=(1.45, 2.95)), tmp_path / "made.mp4")
    assert len(frames) == 15
    assert red_columns(frames[0])[0] == pytest.approx((14 - 10) * 12, abs=4)
    assert build_index(tmp_path / "made.mp4").duration_s == pytest.approx(1.5)


def test_without_other_frames_each_analyzed_frame_is_shown_until_the_next(spec: VideoSpec, tmp_path: Path) -> None:
    assert len(made(msgspec.structs.replace(spec, every_frame=False), tmp_path / "made.mp4")) == 19
    index = build_index(tmp_path / "made.mp4")
    assert np.diff(index.times_s).round(3).tolist() == [0.2] * 9 + [0.4] + [0.2] * 8


@pytest.mark.parametrize(("width_px", "height_px"), [(640, 90), (640, 92), (641, 89), (324, 75)])
def test_pictures_of_any_height_keep_their_colors(tmp_path: Path, width_px: int, height_px: int) -> None:
    image = np.zeros((height_px, width_px, 3), np.uint8)
    image[:, : width_px // 2], image[:, width_px // 2 :] = (40, 200, 40), (200, 40, 40)
    with av.open(str(tmp_path / "two_colors.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv444p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    results = archived(tmp_path, [{"predictions": []}])
    spec = VideoSpec(video=str(tmp_path / "two_colors.mp4"), results=str(results), view=VIEW, colors={})
    frame = made(spec, tmp_path / "made.mp4")[1]
    factor = round(frame.shape[1] / width_px)
    assert 0 <= frame.shape[0] - height_px * factor <= 1
    for color, half in (((40, 200, 40), frame[:, : width_px * factor // 2 - 8]), ((200, 40, 40), frame[:, -200:])):
        assert np.abs(half.astype(int) - color).max() < 12


def test_damaged_frames_are_marked(spec: VideoSpec, tmp_path: Path) -> None:
    source = Path(shutil.copy(spec.video, tmp_path / "damaged.mp4"))
    damaged = np.isin(np.arange(40), [7, 8, 30])
    save_damage(source, damaged)
    frames = made(msgspec.structs.replace(spec, video=str(source)), tmp_path / "made.mp4")
    corners = [frame[-20:, :20].astype(int) for frame in frames]
    is_marked = [bool((corner[..., 2] - corner[..., 1] > 80).mean() > 0.5) for corner in corners]
    assert is_marked == damaged.tolist()
    assert red_columns(frames[30]) == pytest.approx(red_columns(frames[31]), abs=2)  # its boxes are shown too


def test_variable_frame_rates_are_kept_and_odd_sizes_padded(tmp_path: Path) -> None:
    pts = [number * 33 + (number // 5) * 150 for number in range(30)]
    write(tmp_path / "variable.mp4", "libx264", {"bf": "2"}, frames=30, pts=pts)
    results = archived(tmp_path, [{"predictions": []}])
    spec = VideoSpec(video=str(tmp_path / "variable.mp4"), results=str(results), view=VIEW, colors={})
    frames = made(spec, tmp_path / "made.mp4")
    source, target = build_index(tmp_path / "variable.mp4"), build_index(tmp_path / "made.mp4")
    assert np.allclose(source.times_s, target.times_s, atol=1e-3)
    assert len(frames) == 30
    with av.open(str(tmp_path / "made.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.codec.canonical_name, stream.format.name) == ("h264", "yuv420p")
    content = (tmp_path / "made.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_boxes_with_invalid_numbers_do_not_hide_others(spec: VideoSpec, tmp_path: Path) -> None:
    odd = [box(float("nan"), 120, 48, 48), box(160, 1e12, 48, 48), box(200, 100, float("inf"), 48)]
    sizes = [{"width": 0, "height": 0}, {"width": 320, "height": 240}]
    entries = [{"image": size, "predictions": [*odd, box(80, 120, 48, 48)]} for size in sizes]
    results = archived(tmp_path, entries, every=20)
    frames = made(msgspec.structs.replace(spec, results=str(results)), tmp_path / "made.mp4")
    assert [red_columns(frames[number])[0] for number in (0, 39)] == pytest.approx([112, 112], abs=4)


def test_a_time_range_without_frames_is_an_error(spec: VideoSpec, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="time range contains no frame"):
        make_video(with_view(spec, time_range_s=(90, 99)), tmp_path / "made.mp4", lambda _: None)


def test_prefetched_items_keep_their_order_and_errors() -> None:
    def items() -> Iterator[int]:
        yield from range(1, 20)
        raise ValueError("the 20th")

    coming = ahead(items())
    assert [next(coming) for _ in range(19)] == list(range(1, 20))
    with pytest.raises(ValueError, match="the 20th"):
        next(coming)


def eventually(state: Callable[[], ExportState], status: ExportStatus) -> ExportState:
    until(lambda: state().status is status)
    return state()


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[VideoExporter]:
    exporter = VideoExporter(tmp_path / "jobs")
    yield exporter
    exporter.close()


def derived(spec: VideoSpec) -> list[str]:
    """Names of the derived files of a job."""
    folder = Path(spec.results) / "derived"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.soak
def test_a_video_is_encoded_once_and_found_later_and_the_oldest_make_room(spec: VideoSpec, tmp_path: Path) -> None:
    exporter = VideoExporter(tmp_path / "jobs", max_bytes=2500)
    others = [tmp_path / "jobs" / name / "derived" / "video-0.mp4" for name in ("young", "middle", "old")]
    for age_s, path in enumerate(others):
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(1000))
        os.utime(path, (1e9 - age_s, 1e9 - age_s))
    assert exporter.state(spec).status is ExportStatus.ABSENT
    assert exporter.start(spec).status in (ExportStatus.RUNNING, ExportStatus.DONE)
    done = eventually(lambda: exporter.state(spec), ExportStatus.DONE)
    assert done.path is not None
    assert (done.path.parent, derived(spec)) == (Path(spec.results) / "derived", [done.path.name])
    assert not any(path.exists() for path in others)
    later = VideoExporter(tmp_path / "jobs")
    assert later.start(spec) == done
    assert later.state(with_view(spec, confidence=0.5)).status is ExportStatus.ABSENT


def test_the_name_of_a_video_depends_only_on_what_it_shows(spec: VideoSpec) -> None:
    same = [msgspec.structs.replace(spec, video="/moved.mp4"), with_view(spec, renames=())]
    other = [
        with_view(spec, confidence=0.5),
        with_view(spec, shown=("square",)),
        with_view(spec, renames=(("square", "box"),)),
        with_view(spec, time_range_s=(0, 1)),
        msgspec.structs.replace(spec, every_frame=False),
        msgspec.structs.replace(spec, colors={}),
    ]
    assert {one.path for one in same} == {spec.path}
    assert len({one.path for one in (spec, *other)}) == 1 + len(other)


@pytest.mark.soak
def test_one_video_is_encoded_at_a_time_and_can_be_canceled(
    spec: VideoSpec, long_spec: VideoSpec, exporter: VideoExporter
) -> None:
    exporter.start(long_spec)
    with pytest.raises(ExportBusy):
        exporter.start(spec)
    exporter.cancel(spec)
    until(lambda: 0 < exporter.state(long_spec).share < 1)
    exporter.cancel(long_spec)
    assert exporter.state(long_spec).status is ExportStatus.ABSENT
    assert derived(long_spec) == []
    assert exporter.start(spec).status in (ExportStatus.RUNNING, ExportStatus.DONE)


@pytest.mark.soak
def test_files_of_a_killed_encoder_are_removed(spec: VideoSpec, long_spec: VideoSpec, exporter: VideoExporter) -> None:
    exporter.start(long_spec)
    until(lambda: any(name.endswith(".part") for name in derived(long_spec)))
    assert exporter._running is not None
    os.kill(exporter._running.process.pid, signal.SIGKILL)
    failed = eventually(lambda: exporter.state(long_spec), ExportStatus.FAILED)
    assert "interrupted" in failed.what
    assert failed.next_step
    exporter.start(spec)
    assert derived(long_spec) == []


DASHBOARD = """
import pathlib, sys, time, msgspec
from frametally.rendering.video_export import ExportBusy, ExportState, ExportStatus, VideoExporter, VideoSpec
exporter = VideoExporter(pathlib.Path(sys.argv[1]))
exporter.start(msgspec.json.decode(sys.argv[2], type=VideoSpec))
time.sleep(600)
"""


@pytest.mark.soak
def test_a_killed_dashboard_stops_its_encoder_and_leaves_no_files(
    spec: VideoSpec, long_spec: VideoSpec, tmp_path: Path
) -> None:
    folder = tmp_path / "jobs"
    command = [sys.executable, "-c", DASHBOARD, str(folder), msgspec.json.encode(long_spec).decode()]
    dashboard = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    until(lambda: any(name.endswith(".part") for name in derived(long_spec)))
    later = VideoExporter(folder)
    assert {Path(name).suffix for name in derived(long_spec)} == {".json", ".log", ".part"}  # in use: not removed
    dashboard.kill()
    dashboard.wait()
    until(lambda: not any(name.endswith(".part") for name in derived(long_spec)))
    later.start(spec)
    assert derived(long_spec) == []
    later.close()


@pytest.mark.soak
def test_a_full_disk_is_reported(long: VideoSpec, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = with_results_in(small_disk / "job-1", long)
    exporter = VideoExporter(small_disk)
    with pytest.raises(DiskFull):
        exporter.start(spec)
    monkeypatch.setattr(disk, "DISK_RESERVE_BYTES", -(2**40))
    exporter.start(spec)
    until(lambda: exporter.state(spec).share > 0)  # by now the log file has a block, in which the report fits
    fill(small_disk)
    failed = eventually(lambda: exporter.state(spec), ExportStatus.FAILED)
    assert "no room for this video" in failed.what
    assert failed.next_step == TRY_AGAIN
    assert derived(spec) == []


@pytest.mark.soak
def test_a_failure_of_the_encoder_is_reported(spec: VideoSpec, exporter: VideoExporter, tmp_path: Path) -> None:
    (tmp_path / "jobs" / "damaged").mkdir()
    damaged = msgspec.structs.replace(spec, results=str(tmp_path / "jobs" / "damaged"))
    exporter.start(damaged)
    failed = eventually(lambda: exporter.state(damaged), ExportStatus.FAILED)
    assert "damaged" in failed.what
    assert failed.next_step
    assert derived(damaged) == []


def test_results_that_are_gone_cannot_be_rendered(spec: VideoSpec, exporter: VideoExporter) -> None:
    shutil.rmtree(spec.results)
    with pytest.raises(ResultsError):
        exporter.start(spec)
    assert not Path(spec.results).exists()


@pytest.mark.browser
def test_a_browser_plays_the_video_with_boxes_on_the_objects(spec: VideoSpec, tmp_path: Path, browser: Browser) -> None:
    make_video(spec, tmp_path / "made.mp4", lambda _: None)
    content = base64.b64encode((tmp_path / "made.mp4").read_bytes()).decode()
    page = browser.new_page()
    page.set_content(f"<video id=v muted src='data:video/mp4;base64,{content}'></video>")
    page.wait_for_function("v.readyState >= 2", timeout=30_000)
    assert page.evaluate("[v.duration, v.videoWidth, v.videoHeight]") == [pytest.approx(4.0), 640, 480]
    page.evaluate(  # the event `seeked` may come before the frame
        """() => new Promise((resolve) => {
          const next = (_, { mediaTime }) => mediaTime > 2.9 ? resolve() : v.requestVideoFrameCallback(next);
          v.requestVideoFrameCallback(next);
          v.currentTime = 3.05;
        })"""
    )
    pixels = page.evaluate(
        """() => { const c = document.createElement('canvas'); c.width = 640; c.height = 480
        const g = c.getContext('2d'); g.drawImage(v, 0, 0); return [...g.getImageData(0, 236, 640, 1).data] }"""
    )
    page.close()
    row = np.array(pixels).reshape(640, 4).astype(int)
    assert np.flatnonzero(row[:, 0] - row[:, 1] > 80)[0] == pytest.approx((30 - 10) * 12, abs=4)
