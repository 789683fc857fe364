"""A video with what a model saw drawn on it, as browsers play it: H.264 in MP4. Runs in a process of its own.

    python -m frametally.rendering.video_encoder SPEC.json TARGET.mp4

A line of JSON (`Report`) on standard output now and then: the share done, or what failed. The target appears whole;
a terminated run leaves nothing, and it ends with its standard input: when whoever holds the other end is gone.
See `video_exports` for the side that starts it.

Every frame shows the boxes of the latest analyzed frame, so the picture runs as smoothly as the video does; after an
entry that was not analyzed, nothing is drawn.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import av
import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.errors import FrametallyError, VideoError
from frametally.rendering.annotate import Scene, draw
from frametally.rendering.overlay import Overlay, is_blank, is_opaque
from frametally.rendering.scenes import scenes
from frametally.rendering.video_specs import Report, VideoSpec
from frametally.results import open_results
from frametally.storage.atomic import atomic_path
from frametally.storage.space import TRY_AGAIN, explain_disk_full
from frametally.video.decoding import Image, upright
from frametally.video.frame_index import FrameIndex, load_index
from frametally.video.frame_reader import FrameReader

ENCODER: Final = {"preset": "ultrafast", "crf": "25", "x264-params": "cabac=1:8x8dct=1"}
MIN_WIDTH_PX: Final = 640
"""Smaller videos are enlarged, so that labels can be read."""
_ITEMS_AHEAD = 4
_REPORTS = 200
_MPEG_RANGE, _JPEG_RANGE = 1, 2
_BT601 = 6
"""SMPTE 170M: how OpenCV converts, and so what is written where it does."""

T = TypeVar("T")


def make_video(spec: VideoSpec, target: Path, report: Callable[[float], None]) -> None:
    """Write the video. `report` hears the share done, 0 to 1, and may raise to stop.

    Raises:
        VideoError: the video cannot be decoded in this window.
        ResultsError: the archive is damaged.
    """
    index = load_index(Path(spec.video))
    classes = ClassMapping(spec.renames, spec.shown)
    view = View(open_results(Path(spec.results)), spec.model, spec.confidence, classes)
    positions = _positions(spec, index, view)
    if not len(positions):
        raise VideoError("No frame of the video lies in this window.", "Choose a longer one.")
    reader = FrameReader(Path(spec.video), index, cache_bytes=0)
    frames = ahead(reader.frames(positions.tolist()))
    drawn = ahead(_drawn(frames, _by_position(view, int(positions[0])), spec.colors))
    _encode(drawn, positions, index, target, report)


def _positions(spec: VideoSpec, index: FrameIndex, view: View) -> npt.NDArray[np.int64]:
    positions = np.arange(len(index))
    if not spec.every_frame:
        analyzed = view.results.frame_index[view.table.analyzed]
        positions = analyzed[analyzed < len(index)]
    if spec.time_range_s is None:
        return positions
    first_s, last_s = spec.time_range_s
    times_s = index.times_s[positions]
    return positions[(times_s >= first_s) & (times_s <= last_s)]


def _by_position(view: View, first_position: int) -> Iterator[tuple[int, Scene]]:
    """(display index from which it holds, scene) of every entry from the one that holds at first."""
    frame_index = view.results.frame_index
    start = max(int(np.searchsorted(frame_index, first_position, side="right")) - 1, 0)
    for entry, scene in scenes(view, start):
        yield int(frame_index[entry]), scene


def _drawn(
    frames: Iterator[tuple[int, av.VideoFrame]], holding: Iterator[tuple[int, Scene]], colors: dict[str, str]
) -> Iterator[tuple[int, av.VideoFrame]]:
    """(display index, picture to encode, with the scene that holds then)."""
    scene, coming = Scene.empty(), next(holding, None)
    stencil: Overlay | None = None
    for position, frame in frames:
        while coming is not None and coming[0] <= position:
            scene, coming, stencil = coming[1], next(holding, None), None
        if is_opaque(scene) and _is_plain(frame):
            planes = frame.to_ndarray().astype(np.uint8, copy=False)
            if not is_blank(scene):
                stencil = stencil or Overlay(scene, frame.width, frame.height, colors)
                stencil.blend_into(planes)
        else:
            canvas = _even(draw(_picture(frame), scene, colors, min_width_px=MIN_WIDTH_PX))
            planes = np.asarray(cv2.cvtColor(canvas, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
        picture = av.VideoFrame.from_numpy_buffer(planes, format="yuv420p")  # no copy
        picture.colorspace = frame.colorspace if _is_plain(frame) else _BT601
        yield position, picture


def _encode(
    drawn: Iterator[tuple[int, av.VideoFrame]],
    positions: npt.NDArray[np.int64],
    index: FrameIndex,
    target: Path,
    report: Callable[[float], None],
) -> None:
    pts = index.pts[positions]
    lasts = dict(zip(pts.tolist(), np.diff(pts, append=_end_pts(index, int(positions[-1]))).tolist(), strict=True))
    first_pts, every = int(pts[0]), max(len(positions) // _REPORTS, 1)
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream: Any = None
        for number, (position, picture) in enumerate(drawn):
            stream = stream or _stream(container, picture, index)
            picture.pts, picture.time_base = int(index.pts[position]) - first_pts, index.time_base
            _mux(container, stream.encode(picture), first_pts, lasts)
            if number % every == 0:
                report(number / len(positions))
        if stream is None:
            raise VideoError("No frame of the video can be decoded here.", "Choose another window.")
        _mux(container, stream.encode(None), first_pts, lasts)
    report(1.0)


def _stream(container: Any, picture: av.VideoFrame, index: FrameIndex) -> Any:
    rate = len(index) / ((index.held_end_pts - int(index.pts[0])) * index.time_base)
    stream = container.add_stream("libx264", rate=rate.limit_denominator(1001), options=ENCODER)
    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
    stream.codec_context.time_base = index.time_base
    stream.codec_context.colorspace, stream.codec_context.color_range = picture.colorspace, _MPEG_RANGE
    return stream


def _mux(container: Any, packets: list[Any], first_pts: int, lasts: dict[int, int]) -> None:
    for packet in packets:
        packet.duration = lasts[packet.pts + first_pts]  # else the last frame lasts as long as the one before it
        container.mux(packet)


def _end_pts(index: FrameIndex, position: int) -> int:
    return int(index.pts[position + 1]) if position + 1 < len(index) else index.held_end_pts


def _is_plain(frame: av.VideoFrame) -> bool:
    """Whether the frame is shown as its planes are."""
    is_420 = frame.format.name == "yuv420p" and frame.color_range != _JPEG_RANGE
    return is_420 and frame.width >= MIN_WIDTH_PX and not (frame.rotation or frame.width % 2 or frame.height % 2)


def _picture(frame: av.VideoFrame) -> Image:
    """The frame upright in BGR. Plain planes take OpenCV's way there and back: it is exact."""
    if _is_plain(frame):
        return np.asarray(cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)
    return upright(frame)


def _even(image: Image) -> Image:
    """With one more row or column where 4:2:0 needs it."""
    height_px, width_px = image.shape[:2]
    if height_px % 2 == width_px % 2 == 0:
        return image
    return np.asarray(cv2.copyMakeBorder(image, 0, height_px % 2, 0, width_px % 2, cv2.BORDER_REPLICATE), np.uint8)


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, the next few made in a thread while one is worked on."""
    with ThreadPoolExecutor(1) as pool:
        coming = deque(pool.submit(next, items, None) for _ in range(_ITEMS_AHEAD))
        try:
            while (item := coming.popleft().result()) is not None:
                coming.append(pool.submit(next, items, None))
                yield item
        finally:
            pool.shutdown(cancel_futures=True)


def main(spec_path: Path, target: Path) -> int:
    """Make the video of a spec file; returns the exit status."""
    os.nice(10)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    report = _made(spec_path, target)
    _say(report)
    return 1 if report.what else 0


def _made(spec_path: Path, target: Path) -> Report:
    """What there is to say at the end, once the draft is gone: on a full disk there is room for it only then."""
    try:
        with explain_disk_full(next_step=TRY_AGAIN), atomic_path(target) as draft:
            spec = msgspec.json.decode(spec_path.read_bytes(), type=VideoSpec)
            make_video(spec, draft, lambda share: _say(Report(min(share, 0.999))))
        return Report(1.0)
    except FrametallyError as error:
        return Report(what=error.what, next_step=error.next_step)
    except Exception:  # the details belong into the log, not before the person
        traceback.print_exc()
        return Report(what="The video could not be made.", next_step="The server's log says why.")


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _say(report: Report) -> None:
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
