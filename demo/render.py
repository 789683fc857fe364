"""Render the sample clip and its ground truth. The same seed renders the same frames.

python -m demo.render demo/sample
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
import numpy.typing as npt

from demo.camera import HEIGHT_PX, WIDTH_PX
from demo.scene import Scene, Setting
from demo.settings import FPS, SAMPLE_SECONDS, sample_setting
from demo.truth import truth_of

Image = npt.NDArray[np.uint8]

NAME: Final = "parcels"
ENCODER: Final = {
    "preset": "slow",
    "crf": "29.5",
    "g": "50",
    "threads": "1",  # the output depends on the number of threads
    "x264-params": "aq-mode=3:deblock=-1,-1:psy-rd=0.6,0",
}
_MPEG_RANGE, _BT601 = 1, 6
"""Color range and color matrix of OpenCV's YUV conversion, as FFmpeg numbers them."""


def pictures(setting: Setting, frames: int) -> Iterator[Image]:
    """The frames of a clip, in order."""
    scene = Scene(setting)
    for number in range(frames):
        yield scene.picture(number / FPS, number)
        if number % 100 == 0:
            print(f"frame {number}/{frames}", flush=True)


def write_clip(path: Path, frames: Iterator[Image]) -> None:
    """Encode frames as H.264 in an MP4 that browsers can play, with the index at the beginning (faststart)."""
    options = {"movflags": "faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream: Any = container.add_stream("libx264", rate=Fraction(FPS), options=ENCODER)
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        stream.codec_context.thread_count = 1
        stream.codec_context.colorspace, stream.codec_context.color_range = _BT601, _MPEG_RANGE
        for number, picture in enumerate(frames):
            planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            frame.pts, frame.time_base, frame.colorspace = number, Fraction(1, FPS), _BT601
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def render_sample(folder: Path, seconds: int = SAMPLE_SECONDS) -> None:
    """Write `parcels.mp4` and `parcels.truth.json`."""
    cv2.setNumThreads(1)
    folder.mkdir(parents=True, exist_ok=True)
    clip, setting = folder / f"{NAME}.mp4", sample_setting()
    write_clip(clip, pictures(setting, seconds * FPS))
    truth: dict[str, object] = {"clip": clip.name, "sha256": hashlib.sha256(clip.read_bytes()).hexdigest()}
    lines = [f'"{key}": {json.dumps(value)}' for key, value in (truth | truth_of(setting, seconds, FPS)).items()]
    (folder / f"{NAME}.truth.json").write_text("{" + ",\n ".join(lines) + "}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=int, default=SAMPLE_SECONDS)
    args = parser.parse_args()
    render_sample(args.folder, args.seconds)


if __name__ == "__main__":
    main()
