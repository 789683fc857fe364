"""Videos whose frames a player turns, mirrors or stretches, and ffmpeg's view of them."""

from __future__ import annotations

import io
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorTrc

from frametally.video.decoding import Image

_BT2020_NCL, _LIMITED = 9, 1


def scene_image(width_px: int, height_px: int) -> Image:
    """A smooth picture without any symmetry, with a green square in its upper left corner."""
    y, x = np.mgrid[:height_px, :width_px]
    image = np.stack([x * 200 / width_px, 60 + 0 * x, y * 200 / height_px], axis=-1).astype(np.uint8)
    side = min(width_px, height_px) // 4
    image[:side, :side] = (0, 255, 0)
    return image


def write_oriented(
    path: Path,
    image: Image,
    *,
    rotation_deg: int = 0,
    mirrors_x: bool = False,
    mirrors_y: bool = False,
    pixel_aspect: Fraction | None = None,
    frames: int = 3,
) -> Path:
    """A video of this stored picture; the turn (counterclockwise) comes before the mirroring."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=10, options={"crf": "4", "g": "12", "preset": "ultrafast"})
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuv420p"
        if pixel_aspect:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        stream.set_display_rotation(rotation_deg, mirrors_x, mirrors_y)
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def write_resized(path: Path, sizes_px: list[tuple[int, int]], frames_each: int = 15) -> Path:
    """A WebM (VP8) whose pictures change size, as in recordings of a WebRTC call; a bright square moves in them."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libvpx", rate=10)
        (stream.width, stream.height), stream.pix_fmt = sizes_px[0], "yuv420p"
        number = 0
        for width_px, height_px in sizes_px:
            coder: Any = av.CodecContext.create("libvpx", "w")
            coder.width, coder.height, coder.pix_fmt = width_px, height_px, "yuv420p"
            coder.framerate, coder.time_base = Fraction(10), Fraction(1, 10)
            coder.options = {"cpu-used": "8", "crf": "10", "b": "2M"}
            pictures = []
            for step in range(frames_each):
                image = np.full((height_px, width_px, 3), 60, np.uint8)
                left, side = step * width_px // (2 * frames_each), height_px // 3
                image[side : 2 * side, left : left + side] = 230
                picture = av.VideoFrame.from_ndarray(image, format="bgr24")
                picture.pts, picture.time_base = step, Fraction(1, 10)
                pictures.append(picture)
            for packet in [packet for picture in [*pictures, None] for packet in coder.encode(picture)]:
                packet.stream, packet.time_base = stream, Fraction(1, 10)
                packet.pts = packet.dts = number
                container.mux(packet)
                number += 1
    return path


def hdr_frame(yuv: np.ndarray[Any, Any], transfer: ColorTrc) -> av.VideoFrame:
    """A row of (n, 3) 10-bit Y, Cb, Cr values, limited range, as 4:4:4 in patches of 4 x 4 pixels."""
    planes = [np.kron(yuv[:, at].astype("<u2")[None], np.ones((4, 4), "<u2")) for at in range(3)]
    frame = av.VideoFrame(planes[0].shape[1], 4, "yuv444p10le")
    for plane, values in zip(frame.planes, planes, strict=True):
        padded = np.zeros((4, plane.line_size // 2), "<u2")
        padded[:, : values.shape[1]] = values
        plane.update(padded.tobytes())
    frame.colorspace, frame.color_range = _BT2020_NCL, _LIMITED
    frame.color_trc, frame.color_primaries = transfer, ColorPrimaries.BT2020
    return frame


def write_hdr(path: Path, transfer: ColorTrc) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(
            "libx265", rate=Fraction(10), options={"x265-params": "log-level=none:bframes=0"}
        )
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p10le"
        context = stream.codec_context
        context.colorspace, context.color_range = _BT2020_NCL, _LIMITED
        context.color_trc, context.color_primaries = transfer, ColorPrimaries.BT2020
        for number in range(2):
            frame = hdr_frame(np.array([[572, 512, 512]] * 24), transfer).reformat(96, 64, format="yuv420p10le")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def ffmpeg_displayed(path: Path, frame: int = 0) -> Image:
    """A frame as ffmpeg shows it: turned by its autorotate, enlarged to square pixels."""
    square = "scale=w='if(gt(sar,1),round(iw*sar),iw)':h='if(lt(sar,1),round(ih/sar),ih)':flags=bilinear+accurate_rnd"
    chosen = f"select=eq(n\\,{frame}),{square},setsar=1"
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", chosen, "-frames:v", "1"]
    made = subprocess.run([*command, "-f", "nut", "-c:v", "rawvideo", "-pix_fmt", "bgr24", "-"], capture_output=True)
    assert made.returncode == 0, made.stderr.decode()
    with av.open(io.BytesIO(made.stdout), "r") as container:
        return next(container.decode(video=0)).to_ndarray(format="bgr24").astype(np.uint8, copy=False)
