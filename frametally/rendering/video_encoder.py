"""Encode an annotated video as H.264 in MP4, in a separate process.

    python -m frametally.rendering.video_encoder SPEC.json TARGET.mp4

Progress and failures are reported as lines of JSON (`Report`) on standard output. The target appears when it is
complete; a terminated run leaves no file. The process ends when its standard input is closed, that is, when the process
that started it (see `video_export`) has ended.

Every frame shows the boxes of the latest entry, so that the video runs at its full frame rate; none if that entry was
not analyzed, or if the picture has changed its shape since. Frames that are damaged in the video file are marked.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import av
import msgspec
import numpy as np
import numpy.typing as npt

from frametally.analysis.placement import place_results
from frametally.analysis.view import View
from frametally.errors import VideoError
from frametally.regions.shapes import RegionSet
from frametally.rendering.annotate import draw
from frametally.rendering.canvas import Canvas
from frametally.rendering.overlay import Overlay
from frametally.rendering.placement import placed
from frametally.rendering.regions.running_counts import RunningCounts
from frametally.rendering.scene import Scene
from frametally.rendering.scenes import scenes
from frametally.rendering.video_export import VideoSpec
from frametally.results import open_results
from frametally.storage.atomic import atomic_path
from frametally.storage.space import TRY_AGAIN, explain_disk_full
from frametally.tracking.kept import kept_tracks
from frametally.tracking.upright import shown_tracks
from frametally.video.damage import load_damage
from frametally.video.encoding_process import (
    UNFINISHED,
    Report,
    enter_encoder_sandbox,
    outcome_of,
    yield_and_end_with_parent,
)
from frametally.video.frame_index import FrameIndex, load_index
from frametally.video.frame_reader import FrameReader
from frametally.video.orientation import orientation_of

ENCODER: Final = {"preset": "ultrafast", "crf": "25", "x264-params": "cabac=1:8x8dct=1"}
_ITEMS_AHEAD: Final = 4
_REPORTS: Final = 200
_MPEG_RANGE: Final = 1
_DAMAGED: Final = "Damaged frame"
_SAME_SHAPE: Final = 0.05
"""Ratios of width to height that differ by less are the same, rounded to whole pixels."""

T = TypeVar("T")


class _Drawing(NamedTuple):
    """What is the same for all frames."""

    view: View
    pixel_aspect: Fraction
    colors: dict[str, str]
    damaged: npt.NDArray[np.bool_] | None
    """(n,) by display index; None if it is not known."""

    def is_damaged(self, position: int) -> bool:
        return self.damaged is not None and bool(self.damaged[position])


def make_video(spec: VideoSpec, target: Path, report: Callable[[float], None]) -> None:
    """Write the video. `report` receives the share done, 0 to 1, and may raise to stop.

    Raises:
        VideoError: no frame of the time range can be decoded.
        ResultsError: the results are damaged.
        ViewError: the results have no such model.
    """
    index = load_index(Path(spec.video))
    damaged = load_damage(Path(spec.video), index)
    results = place_results(open_results(Path(spec.results)), index, damaged)
    view = spec.view.open(results)
    positions = _positions(spec, index, view)
    if not len(positions):
        raise VideoError("The time range contains no frame of the video.", "Choose a longer time range.")
    reader = FrameReader(Path(spec.video), index, cache_bytes=0)
    frames = ahead(reader.frames(positions.tolist()))
    drawing = _Drawing(view, reader.pixel_aspect, spec.colors, damaged)
    drawn = ahead(_drawn(frames, _by_position(view, int(positions[0]), _counts(spec, view)), drawing))
    _encode(drawn, positions, index, target, report)


def _positions(spec: VideoSpec, index: FrameIndex, view: View) -> npt.NDArray[np.int64]:
    positions = np.arange(len(index))
    if not spec.every_frame:
        analyzed = view.results.frame_index[view.table.analyzed]
        positions = analyzed[analyzed < len(index)]
    if view.time_range_s is None:
        return positions
    first_s, last_s = view.time_range_s
    times_s = index.times_s[positions]
    return positions[(times_s >= first_s) & (times_s <= last_s)]


def _counts(spec: VideoSpec, view: View) -> RunningCounts | None:
    """What lines and zones count; the objects are tracked now if they were not before."""
    if not spec.regions or not view.table.kind.has_boxes:
        return None
    tracks = kept_tracks(view.results, view.model)
    shown = shown_tracks(tracks, view.results, view.model, Path(spec.video))
    return RunningCounts(shown.tracks, view, RegionSet.from_json(spec.regions))


def _by_position(view: View, first_position: int, counts: RunningCounts | None) -> Iterator[tuple[int, Scene]]:
    """(display index from which it is shown, scene) of every entry, beginning with the one shown first."""
    frame_index = view.results.frame_index
    start = max(int(np.searchsorted(frame_index, first_position, side="right")) - 1, 0)
    for entry, scene in scenes(view, start):
        yield int(frame_index[entry]), replace(scene, regions=counts.at(entry)) if counts else scene


def _drawn(
    frames: Iterator[tuple[int, av.VideoFrame]], scenes_ahead: Iterator[tuple[int, Scene]], spec: _Drawing
) -> Iterator[tuple[int, av.VideoFrame]]:
    """(display index, frame to encode with its scene drawn on it)."""
    scene, coming = Scene.empty(), next(scenes_ahead, None)
    overlay: Overlay | None = None
    canvas: Canvas | None = None
    shape = 0.0
    for position, frame in frames:
        while coming is not None and coming[0] <= position:
            scene, coming, overlay, shape = coming[1], next(scenes_ahead, None), None, frame.width / frame.height
        if abs(frame.width / frame.height / (shape or 1) - 1) > _SAME_SHAPE:
            scene, overlay = Scene.empty(), None
        note = _DAMAGED if spec.is_damaged(position) else ""
        if note != scene.note:
            scene, overlay = replace(scene, note=note), None
        canvas = canvas or Canvas(frame, spec.pixel_aspect, spec.view)
        if scene.is_opaque and canvas.is_plain(frame):
            planes = frame.to_ndarray().astype(np.uint8, copy=False)
            if not scene.is_blank:
                overlay = overlay or Overlay(scene, frame.width, frame.height, spec.colors)
                overlay.blend_into(planes)
        else:
            planes = canvas.planes(draw(canvas.picture(frame), _placed(scene, frame), spec.colors))
        picture = _frame_of(planes)
        picture.colorspace = canvas.colorspace
        yield position, picture


def _frame_of(planes: npt.NDArray[np.uint8]) -> av.VideoFrame:
    """The planes as a frame, without a copy where PyAV takes the height from them right: if it is a multiple of 4."""
    if planes.shape[0] % 6 == 0:
        return av.VideoFrame.from_numpy_buffer(planes, format="yuv420p")
    return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def _placed(scene: Scene, frame: av.VideoFrame) -> Scene:
    orientation = orientation_of(frame)
    return placed(scene, orientation.size(frame.width, frame.height), orientation).scene


def _encode(
    drawn: Iterator[tuple[int, av.VideoFrame]],
    positions: npt.NDArray[np.int64],
    index: FrameIndex,
    target: Path,
    report: Callable[[float], None],
) -> None:
    pts = index.pts[positions]
    durations = dict(zip(pts.tolist(), np.diff(pts, append=_end_pts(index, int(positions[-1]))).tolist(), strict=True))
    first_pts, every = int(pts[0]), max(len(positions) // _REPORTS, 1)
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream: Any = None
        for number, (position, picture) in enumerate(drawn):
            stream = stream or _stream(container, picture, index)
            picture.pts, picture.time_base = int(index.pts[position]) - first_pts, index.time_base
            _mux(container, stream.encode(picture), first_pts, durations)
            if number % every == 0:
                report(number / len(positions))
        if stream is None:
            raise VideoError("No frame of this time range can be decoded.", "Choose another time range.")
        _mux(container, stream.encode(None), first_pts, durations)
    report(1.0)


def _stream(container: Any, picture: av.VideoFrame, index: FrameIndex) -> Any:
    rate = len(index) / index.held_s
    stream = container.add_stream("libx264", rate=rate.limit_denominator(1001), options=ENCODER)
    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
    stream.codec_context.time_base = index.time_base
    stream.codec_context.colorspace, stream.codec_context.color_range = picture.colorspace, _MPEG_RANGE
    return stream


def _mux(container: Any, packets: list[Any], first_pts: int, durations: dict[int, int]) -> None:
    for packet in packets:
        packet.duration = durations[
            packet.pts + first_pts
        ]  # otherwise the last frame would get the duration of the one before
        container.mux(packet)


def _end_pts(index: FrameIndex, position: int) -> int:
    return int(index.pts[position + 1]) if position + 1 < len(index) else index.held_end_pts


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items; a thread produces the next few while one is processed."""
    with ThreadPoolExecutor(1) as pool:
        coming = deque(pool.submit(next, items, None) for _ in range(_ITEMS_AHEAD))
        try:
            while (item := coming.popleft().result()) is not None:
                coming.append(pool.submit(next, items, None))
                yield item
        finally:
            pool.shutdown(cancel_futures=True)


def main(spec_path: Path, target: Path) -> int:
    """Encode the video of a spec file; returns the exit status."""
    yield_and_end_with_parent()
    spec = msgspec.json.decode(spec_path.read_bytes(), type=VideoSpec)
    enter_encoder_sandbox(Path(spec.video))
    report = _encode_to(spec, target)
    _print(report)
    return 1 if report.what else 0


def _encode_to(spec: VideoSpec, target: Path) -> Report:
    """The final report; printed after the temporary file is removed, because only then a full disk has space for it."""

    def encode() -> None:
        with explain_disk_full(next_step=TRY_AGAIN), atomic_path(target) as draft:
            make_video(spec, draft, lambda share: _print(Report(min(share, UNFINISHED))))

    return outcome_of(encode, "Rendering the video failed.")


def _print(report: Report) -> None:
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
