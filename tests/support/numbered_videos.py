"""Clips whose pixels contain the number of each frame, and results whose boxes contain the number of their entry.

The upper third of the upright picture shows the number as ten blocks, white for 1. The boxes are in the lower part, one
for each bit that is 1, and one at the right edge of each entry.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np

from frametally.video.decoding import Image
from frametally.video.frame_index import load_index
from frametally.video.frame_reader import read_frames
from tests.support.videos import ffmpeg

BITS = 10
WIDTH_PX, HEIGHT_PX = 352, 240
BLOCK_PX = WIDTH_PX // (BITS + 1)
BLOCK_HEIGHT_PX = 80
BOX_CLASS = "bit"
BOX_TOP_PX, BOX_PX = 180, 24


def numbered_image(number: int) -> Image:
    """The upright picture of a frame."""
    image = np.full((HEIGHT_PX, WIDTH_PX, 3), 90, np.uint8)
    for bit in range(BITS):
        image[:BLOCK_HEIGHT_PX, bit * BLOCK_PX : (bit + 1) * BLOCK_PX] = 255 if number >> bit & 1 else 0
    return image


def number_of(image: Image) -> int:
    """The number that an upright picture of any size shows."""
    height, width = image.shape[:2]
    columns = [round((bit + 0.5) * BLOCK_PX / WIDTH_PX * width) for bit in range(BITS)]
    row = image[round(BLOCK_HEIGHT_PX / 2 / HEIGHT_PX * height)]
    return sum(1 << bit for bit, column in enumerate(columns) if row[column].mean() > 128)


def write_numbered(
    path: Path,
    frames: int,
    *,
    rate: Fraction = Fraction(30000, 1001),
    pts_ms: Sequence[int] | None = None,
    orientation: tuple[int, bool, bool] = (0, False, False),
    pixel_aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
) -> Path:
    """Write a clip; `orientation` is rotation (counterclockwise), left-right and top-bottom mirroring."""
    stored = _stored(orientation)
    with av.open(str(path), "w") as container:
        settings = {"g": "30", "bf": "3", "preset": "veryfast", "crf": "20"} if codec == "libx264" else {}
        stream: Any = container.add_stream(codec, rate=rate, options={**settings, **(options or {})})
        stream.height, stream.width = stored(numbered_image(0)).shape[:2]
        stream.pix_fmt = pixel_format
        if pixel_aspect:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if pts_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if orientation != (0, False, False):
            stream.set_display_rotation(*orientation)
        for number in range(frames):
            picture = av.VideoFrame.from_ndarray(stored(numbered_image(number)), format="bgr24")
            if pts_ms is not None:
                picture.pts, picture.time_base = pts_ms[number], Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def _stored(orientation: tuple[int, bool, bool]) -> Any:
    """The inverse of what a player does with a display matrix of this rotation and mirroring."""
    rotation_deg, mirrors_x, mirrors_y = orientation

    def stored(upright: Image) -> Image:
        image = upright[:: -1 if mirrors_y else 1, :: -1 if mirrors_x else 1]
        return np.ascontiguousarray(np.rot90(image, -rotation_deg // 90))

    return stored


def numbered_clips(folder: Path, frames: int, kinds: Collection[str] = ()) -> dict[str, Path]:
    """One clip of each kind that a player may show wrongly, or only of these kinds."""
    plain = write_numbered(folder / "ntsc.mp4", frames)
    cut = ["-ss", "0.7", "-i", str(plain), "-c", "copy"]

    def write(name: str, **settings: Any) -> Callable[[], Path]:
        return partial(write_numbered, folder / f"{name}.mp4", frames, **settings)

    def copy(name: str, *options: str) -> Path:
        ffmpeg(*cut, *options, folder / f"{name}.mp4")
        return folder / f"{name}.mp4"

    return _made(
        {
            "ntsc": lambda: plain,
            "variable": write("variable", pts_ms=irregular_ms(frames)),
            "edit_list": lambda: copy("edit_list"),
            "negative": lambda: copy("negative", "-use_editlist", "0", "-avoid_negative_ts", "disabled"),
            "rotated": write("rotated", orientation=(90, False, False)),
            "mirrored": write("mirrored", orientation=(0, True, False)),
            "anamorphic": write("anamorphic", pixel_aspect=Fraction(4, 3)),
            "long_gop": write("long_gop", options={"g": "250"}),
        },
        kinds,
    )


HEVC = {"preset": "ultrafast", "x265-params": "keyint=30:log-level=none"}


def unplayable_clips(folder: Path, frames: int, kinds: Collection[str] = ()) -> dict[str, Path]:
    """Clips that few browsers play: one of each codec or container, or only of these kinds."""
    hevc: Any = {"codec": "libx265", "options": HEVC}

    def write(name: str, **settings: Any) -> Callable[[], Path]:
        return partial(write_numbered, folder / name, frames, **settings)

    return _made(
        {
            "hevc": write("hevc.mp4", pts_ms=irregular_ms(frames), orientation=(90, False, False), **hevc),
            "hevc_10bit": write("hevc_10bit.mkv", pixel_format="yuv420p10le", **hevc),
            "mjpeg": write("mjpeg.mp4", codec="mjpeg", pixel_format="yuvj420p"),
            "mpeg4": write("mpeg4.mp4", codec="mpeg4", options={"g": "12", "bf": "2"}),
            "mpegts": write("mpegts.ts", pixel_aspect=Fraction(4, 3)),
        },
        kinds,
    )


def irregular_ms(frames: int) -> list[int]:
    """Times of frames at changing distances."""
    times: list[int] = np.cumsum(np.random.default_rng(5).choice([17, 33, 34, 50, 120], frames)).tolist()
    return times


def _made(makers: Mapping[str, Callable[[], Path]], kinds: Collection[str]) -> dict[str, Path]:
    return {kind: make() for kind, make in makers.items() if not kinds or kind in kinds}


def numbers_in(path: Path) -> list[int]:
    """The number in each frame of a clip, in display order."""
    index = load_index(path)
    return [number_of(image) for _, image in read_frames(path, index, range(len(index)))]


def numbered_results(path: Path, every: int) -> dict[str, Any]:
    """Results of every n-th frame of a clip, whose boxes contain the number of the entry."""
    index = load_index(path)
    frames = list(range(0, len(index), every))
    return {
        "frame_offset": frames,
        "time_offset": [round(float(index.times_s[frame]), 4) for frame in frames],
        "numbers": [numbered_entry(entry) for entry in range(len(frames))],
    }


def numbered_entry(entry: int) -> dict[str, Any]:
    """The boxes of an entry, in pixels of the upright picture."""
    slots = [bit for bit in range(BITS) if entry >> bit & 1] + [BITS]
    image = {"width": WIDTH_PX, "height": HEIGHT_PX}
    return {"time": 0.01, "image": image, "predictions": [_box_in(slot) for slot in slots]}


def with_outlines(results: dict[str, Any]) -> dict[str, Any]:
    """The same results of instance segmentation, with the corners of each box as its outline."""
    return {**results, "numbers": [{**entry, "predictions": _outlined(entry)} for entry in results["numbers"]]}


def with_second_model(results: dict[str, Any]) -> dict[str, Any]:
    """The same results with a model `next`, whose boxes contain the number of the entry after it."""
    return {**results, "next": [numbered_entry(entry + 1) for entry in range(len(results["numbers"]))]}


def _outlined(entry: dict[str, Any]) -> list[dict[str, Any]]:
    half = BOX_PX / 2
    corners = ((-half, -half), (half, -half), (half, half), (-half, half))
    return [
        {**box, "points": [{"x": box["x"] + dx, "y": box["y"] + dy} for dx, dy in corners]}
        for box in entry["predictions"]
    ]


def _box_in(slot: int) -> dict[str, Any]:
    center = {"x": (slot + 0.5) * BLOCK_PX, "y": BOX_TOP_PX + BOX_PX / 2}
    return {**center, "width": BOX_PX, "height": BOX_PX, "confidence": 0.9, "class": BOX_CLASS, "class_id": 0}
