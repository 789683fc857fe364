"""Speed of the annotated video export for 1080p and 20 boxes per frame, compared with supervision and a plain loop.

export_vs_process_video   time of `supervision.process_video` (mp4v, not playable in browsers) over that of our export
                          (H.264)
export_vs_loop            time of sequential decoding, annotation and encoding with the same settings, over that of our
                          export
annotate_vs_supervision   time of supervision's annotators for 300 boxes in one 1080p picture, whose labels cover one
                          another, over that of ours, which finds a free place for each label
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import supervision as sv

from benchmarks.frames import took_ms, write_moving_picture
from benchmarks.generate import CLASSES, write_results
from frametally.analysis.view import View
from frametally.analysis.view_spec import ViewSpec
from frametally.rendering.annotate import draw
from frametally.rendering.class_colors import class_colors
from frametally.rendering.scene import Scene
from frametally.rendering.scenes import scenes
from frametally.rendering.video_encoder import ENCODER, make_video
from frametally.rendering.video_export import VideoSpec
from frametally.results import archive_results, open_results
from frametally.video.decoding import Image, upright

SECONDS = 7
FPS = 30
ANALYZED_EVERY = 6
ROUNDS = 5
PICTURES = 30
BOXES = 300


def figures() -> Iterator[tuple[str, float]]:
    """Print the measurements; yield the ratios, above 1 if our export is faster."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, results = folder / "clip.mp4", folder / "results"
        write_moving_picture(source, seconds=SECONDS, fps=FPS, gop=250)
        write_results(folder / "results.json", hours=SECONDS / 3600)
        archive_results(folder / "results.json", results)
        colors = class_colors(CLASSES)
        view = ViewSpec(job_ids=("job",), model="model", confidence=0.0)
        spec = VideoSpec(video=str(source), results=str(results), view=view, colors=colors)
        shown = [scene for _, scene in scenes(View(open_results(results), "model"))]
        ways = {
            "ours": lambda: make_video(spec, folder / "ours.mp4", lambda _: None),
            "supervision.process_video": lambda: _process_video(source, folder / "theirs.mp4", shown, colors),
            "decode, annotate, encode": lambda: _plain_loop(source, folder / "loop.mp4", shown, colors),
        }
        took: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(ROUNDS):
            for way, work in ways.items():
                took[way].append(took_ms(work))
        for way, times_ms in took.items():
            print(f"{way:32} {SECONDS * FPS * 1000 / float(np.median(times_ms)):6.1f} frames/s")
        _, theirs, loop = (np.array(times_ms) for times_ms in took.values())
        yield "export_vs_process_video", float(np.median(theirs / took["ours"]))
        yield "export_vs_loop", float(np.median(loop / took["ours"]))
    yield "annotate_vs_supervision", _crowded_picture(colors)


def _crowded_picture(colors: dict[str, str]) -> float:
    picture = np.full((1080, 1920, 3), 90, np.uint8)
    ours_ms, theirs_ms = [], []
    for seed in range(PICTURES + 1):
        scene = _scene(np.random.default_rng(seed))
        annotated = _annotator(colors)
        theirs_ms.append(took_ms(lambda: annotated(picture, scene)))  # noqa: B023 - called at once
        ours_ms.append(took_ms(lambda: draw(picture, scene, colors)))  # noqa: B023 - called at once
    print(f"{BOXES} boxes in a picture: {np.median(ours_ms[1:]):.1f} ms, supervision {np.median(theirs_ms[1:]):.1f} ms")
    return float(np.median(np.array(theirs_ms[1:]) / ours_ms[1:]))


def _scene(random: np.random.Generator) -> Scene:
    corners = random.uniform((-10, -10), (1900, 1060), (BOXES, 2))
    return Scene(
        xyxy=np.hstack([corners, corners + random.uniform(12, 90, (BOXES, 2))]).astype(np.float32),
        class_names=random.choice(CLASSES, BOXES).tolist(),
        confidence=random.uniform(0.25, 1, BOXES),
    )


def _process_video(source: Path, target: Path, shown: list[Scene], colors: dict[str, str]) -> None:
    annotated = _annotator(colors)
    sv.process_video(
        str(source),
        str(target),
        lambda image, number: annotated(image, shown[min(number // ANALYZED_EVERY, len(shown) - 1)]),
    )


def _annotator(colors: dict[str, str]) -> Callable[[Image, Scene], Image]:
    names = sorted(colors)
    palette = sv.ColorPalette.from_hex([colors[name] for name in names])
    boxes, labels = sv.BoxAnnotator(color=palette, thickness=3), sv.LabelAnnotator(color=palette)

    def annotated(image: Image, scene: Scene) -> Image:
        detections = sv.Detections(
            xyxy=scene.xyxy,
            confidence=scene.confidence,
            class_id=np.array([names.index(name) for name in scene.class_names], dtype=int),
        )
        texts = [f"{name} {value:.2f}" for name, value in zip(scene.class_names, scene.confidence, strict=True)]
        return np.asarray(labels.annotate(boxes.annotate(image.copy(), detections), detections, texts))

    return annotated


def _plain_loop(source: Path, target: Path, shown: list[Scene], colors: dict[str, str]) -> None:
    with av.open(str(source)) as container, av.open(str(target), "w") as output:
        stream = output.add_stream("libx264", rate=FPS, options=ENCODER)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        for number, frame in enumerate(container.decode(video=0)):
            drawn = draw(upright(frame), shown[min(number // ANALYZED_EVERY, len(shown) - 1)], colors)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(drawn, format="bgr24")))
        output.mux(stream.encode(None))


if __name__ == "__main__":
    for figure, value in figures():
        print(f"figure {figure} {value:.3f}")
