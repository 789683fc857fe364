"""Frames of many scenes at the model's input size, with their objects; each scene is cached in a file.

python -m demo.dataset build/demo/train --from-seed 1000 --scenes 120
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from demo.plan import CLASSES
from demo.scene import Scene
from demo.settings import training_setting
from demo.truth import seen_at
from frametally.engine.picture import Picture
from frametally.storage.atomic import atomic_path

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

INPUT_PX: Final = (512, 288)
"""Width and height of the model's input: `SCALE` times those of the camera's image."""
SCALE: Final = 0.4
SCENE_SECONDS: Final = 40.0
FRAMES_OF_SCENE: Final = 12
TRAINING_SEEDS: Final = range(1000, 1120)
HELD_OUT_SEEDS: Final = range(9000, 9025)
_MIN_SHARE: Final = 0.02


@dataclass(frozen=True)
class Frames:
    """The frames of one scene."""

    images: Image
    """(n, height, width, 3) BGR."""
    objects: Floats
    """(m, 7): frame, class id, left, top, right, bottom in camera pixels, visible share."""

    def of(self, frame: int) -> Floats:
        """(k, 6) objects of a frame: the columns of `objects` without the first."""
        return self.objects[self.objects[:, 0] == frame, 1:]


def load_scene(path: Path) -> Frames:
    with np.load(path) as file:
        return Frames(file["images"], file["objects"])


def make_scene(seed: int, folder: Path) -> Path:
    """Render the frames of a scene to a file in `folder`, unless it exists; returns its path."""
    path = folder / f"scene-{seed}.npz"
    if not path.exists():
        cv2.setNumThreads(1)
        images, objects = zip(*_frames(seed), strict=True)
        rows = [np.insert(found, 0, frame, axis=1) for frame, found in enumerate(objects)]
        with atomic_path(path, sync=False) as draft, draft.open("wb") as file:
            np.savez(file, images=np.stack(images), objects=np.concatenate(rows).astype(np.float32))
    return path


def make_scenes(seeds: range, folder: Path, workers: int) -> None:
    """Render the scenes whose file does not exist, in `workers` processes."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers) as pool:
        for number, path in enumerate(pool.map(partial(make_scene, folder=folder), seeds), 1):
            print(f"{number}/{len(seeds)} {path.name}", flush=True)


def _frames(seed: int) -> Iterator[tuple[Image, Floats]]:
    random = np.random.default_rng([seed, 6])
    setting = training_setting(seed, SCENE_SECONDS)
    scene = Scene(setting)
    for number, time_s in enumerate(random.uniform(0, SCENE_SECONDS, FRAMES_OF_SCENE).tolist()):
        picture = _compressed(scene.picture(time_s, number), random)
        fitted = Picture.of(picture).bgr(*INPUT_PX)  # resized as the engine does it; same aspect ratio
        rows = [
            (CLASSES.index(one.item.class_name), *one.xyxy, one.share)
            for one in seen_at(setting, time_s)
            if one.share >= _MIN_SHARE
        ]
        yield np.asarray(fitted, dtype=np.uint8), np.array(rows, dtype=np.float32).reshape(-1, 6)


def _compressed(picture: Image, random: np.random.Generator) -> Image:
    """The image with JPEG compression artifacts of random strength."""
    quality = int(random.uniform(30, 92))
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--from-seed", type=int, default=TRAINING_SEEDS.start)
    parser.add_argument("--scenes", type=int, default=len(TRAINING_SEEDS))
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    make_scenes(range(args.from_seed, args.from_seed + args.scenes), args.folder, args.workers)


if __name__ == "__main__":
    main()
