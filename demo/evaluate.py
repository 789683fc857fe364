"""Evaluate the model through the engine: on held-out scenes and on the sample.

python -m demo.evaluate build/demo
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from demo.dataset import HELD_OUT_SEEDS, SCALE, load_scene, make_scenes
from demo.plan import CLASSES
from demo.scoring import OVERLAPS, Scene, average_precision
from demo.truth import COUNTED_SHARE
from frametally.engine.detectors import InferenceParams, open_detector
from frametally.engine.detectors.detector import Detector
from frametally.engine.picture import Picture
from frametally.engine.result_entries import DetectionEntry, Prediction
from frametally.engine.runner import planned_frames
from frametally.video.frame_index import build_index, plan_frames

HERE: Final = Path(__file__).parent
MODELS: Final = HERE / "models"
MODEL: Final = ("parcels", "2")
CLIP: Final = HERE / "sample" / "parcels.mp4"
TRUTH: Final = HERE / "sample" / "parcels.truth.json"
DEFAULT_CONFIDENCE: Final = 0.25
_ALL: Final = InferenceParams(confidence=0.01)


class HeldOut:
    """Detections and ground truth of the scenes with these seeds, by class."""

    def __init__(self, folder: Path, seeds: range) -> None:
        self._scenes: dict[str, list[Scene]] = {name: [] for name in CLASSES}
        detector = open_detector(MODELS, *MODEL, _ALL)
        for seed in seeds:
            frames = load_scene(folder / f"scene-{seed}.npz")
            for number, image in enumerate(frames.images):
                self._add(predictions(detector, Picture.of(image)), frames.of(number))

    def _add(self, found: list[Prediction], objects: npt.NDArray[np.float32]) -> None:
        for at, name in enumerate(CLASSES):
            mine, theirs = [one for one in found if one.class_name == name], objects[objects[:, 0] == at]
            boxes = np.array([_xyxy(one) for one in mine]).reshape(-1, 4)
            confidence = np.array([one.confidence for one in mine])
            counts = theirs[:, 5] >= COUNTED_SHARE
            self._scenes[name].append(Scene(boxes, confidence, theirs[:, 1:5] * SCALE, counts))

    def precision(self, name: str) -> tuple[float, float]:
        """AP50 and AP50-95 of a class."""
        each = [average_precision(self._scenes[name], float(overlap)) for overlap in OVERLAPS]
        return each[0], float(np.mean(each))

    def count_error(self, name: str) -> tuple[float, float]:
        """Mean absolute count error per frame at the default threshold; share of frames with an error of at most 1."""
        errors = [
            abs(int((scene.confidence >= DEFAULT_CONFIDENCE).sum()) - int(scene.counts.sum()))
            for scene in self._scenes[name]
        ]
        return float(np.mean(errors)), float(np.mean(np.array(errors) <= 1))


def predictions(detector: Detector, picture: Picture) -> list[Prediction]:
    entry = detector.infer(picture)
    if not isinstance(entry, DetectionEntry):
        raise TypeError("The model does not return boxes.")
    return entry.predictions


def sample_counts() -> npt.NDArray[np.int64]:
    """(seconds, classes) counts by the model in the first frame of each second of the sample, with defaults."""
    index = build_index(CLIP)
    detector = open_detector(MODELS, *MODEL, InferenceParams())
    pictures = planned_frames(CLIP, index, plan_frames(index, 1.0))
    names = [[one.class_name for one in predictions(detector, picture)] for _, picture in pictures]
    return np.array([[found.count(name) for name in CLASSES] for found in names])


def true_counts() -> npt.NDArray[np.int64]:
    """(seconds, classes) counts in the ground truth of the sample."""
    per_second = json.loads(TRUTH.read_text())["counts_per_second"]
    return np.array([per_second[name] for name in CLASSES]).T


def report(scenes: HeldOut) -> str:
    """The figures as a Markdown table."""
    errors = np.abs(sample_counts() - true_counts())
    rows = [
        "| class | AP50 | AP50-95 | count error | within 1 | sample: count error | sample: within 1 |",
        "|---|" + "---|" * 6,
    ]
    figures = [
        (*scenes.precision(name), *scenes.count_error(name), *_sample_row(errors[:, at]))
        for at, name in enumerate(CLASSES)
    ]
    for name, row in zip([*CLASSES, "all"], [*figures, tuple(np.mean(figures, axis=0))], strict=True):
        ap50, ap, error, within, sample_error, sample_within = row
        held_out = f"{ap50:.3f} | {ap:.3f} | {error:.2f} | {within:.1%}"
        rows.append(f"| {name} | {held_out} | {sample_error:.2f} | {sample_within:.1%} |")
    return "\n".join(rows)


def _sample_row(errors: npt.NDArray[np.int64]) -> tuple[float, float]:
    return float(errors.mean()), float((errors <= 1).mean())


def _xyxy(box: Prediction) -> tuple[float, float, float, float]:
    half_width, half_height = box.width / 2, box.height / 2
    return box.x - half_width, box.y - half_height, box.x + half_width, box.y + half_height


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, help="folder for the rendered frames")
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    make_scenes(HELD_OUT_SEEDS, args.folder / "held-out", args.workers)
    print(report(HeldOut(args.folder / "held-out", HELD_OUT_SEEDS)))


if __name__ == "__main__":
    main()
