"""Train the detector on rendered scenes; an interrupted run resumes after its last completed epoch.

python -m demo.train build/demo
"""

from __future__ import annotations

import argparse
import copy
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from demo.dataset import INPUT_PX, SCALE, TRAINING_SEEDS, Floats, Image, load_scene, make_scenes
from demo.loss import loss_of
from demo.model import Detector, places
from demo.plan import CLASSES
from demo.truth import COUNTED_SHARE
from frametally.storage.atomic import atomic_path

SEED: Final = 7
EPOCHS: Final = 14
BATCH: Final = 8
LEARNING_RATE: Final = 1.5e-3
_WARM_STEPS: Final = 200
_MEAN_DECAY: Final = 0.998


class Training:
    """A detector, the exponential moving average of its weights, and the training progress."""

    def __init__(self, steps_of_epoch: int, epochs: int, *, bfloat16: bool = False) -> None:
        torch.manual_seed(SEED)
        self.detector = Detector(len(CLASSES)).to(memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.detector).eval()
        self.optimizer = torch.optim.AdamW(self.detector.parameters(), LEARNING_RATE, weight_decay=0.02)
        self.epoch, self.step = 0, 0
        self._total = steps_of_epoch * epochs
        self._places = places(*INPUT_PX)
        self._bfloat16 = bfloat16

    def learn(self, pictures: Tensor, objects: list[Tensor]) -> float:
        """One optimizer step; returns the loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = LEARNING_RATE * self._pace()
        with torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
            boxes, logits = self.detector(pictures)
        loss = loss_of(boxes.float(), logits.float(), objects, *self._places)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.detector.parameters(), 10.0)
        self.optimizer.step()
        self.step += 1
        self._follow()
        return float(loss.detach())

    def save(self, path: Path) -> None:
        parts = {"detector": self.detector, "mean": self.mean, "optimizer": self.optimizer}
        state = {name: part.state_dict() for name, part in parts.items()}
        with atomic_path(path) as draft:
            torch.save({**state, "epoch": self.epoch, "step": self.step}, draft)

    def load(self, path: Path) -> None:
        state: dict[str, Any] = torch.load(path, weights_only=True)
        for name in ("detector", "mean", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.epoch, self.step = state["epoch"], state["step"]

    def _pace(self) -> float:
        """Factor of the learning rate: linear warm-up, then cosine decay."""
        rise = min(self.step / _WARM_STEPS, 1.0)
        return rise * (0.02 + 0.49 * (1 + math.cos(math.pi * self.step / self._total)))

    def _follow(self) -> None:
        decay = min(_MEAN_DECAY, self.step / (self.step + 20))
        for mean, now in zip(self.mean.state_dict().values(), self.detector.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(now, 1 - decay)


def batches(images: Image, objects: list[Floats], epoch: int) -> Iterator[tuple[Tensor, list[Tensor]]]:
    """Images (b, 3, height, width), RGB, 0 to 1, and for each its objects (k, 5): class id and box in pixels.

    The frames are shuffled and augmented with a seed for each epoch; an incomplete last batch is dropped.
    """
    random = np.random.default_rng([SEED, epoch])
    order = random.permutation(len(images))
    for start in range(0, len(order) - BATCH + 1, BATCH):
        pairs = [_varied(images[at], objects[at], random) for at in order[start : start + BATCH]]
        pictures = torch.from_numpy(np.stack([picture for picture, _ in pairs]))
        yield pictures.to(memory_format=torch.channels_last), [torch.from_numpy(found) for _, found in pairs]


def _varied(image: Image, objects: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Random flip, zoom, brightness and blur."""
    width, height = INPUT_PX
    zoom = float(random.uniform(0.85, 1.2))
    left, top = random.uniform(
        (min(0, width * (zoom - 1)), min(0, height * (zoom - 1))),
        (max(0, width * (zoom - 1)), max(0, height * (zoom - 1))),
    )
    move = np.array([[zoom, 0, -left], [0, zoom, -top]])
    if random.random() < 0.5:
        move = np.array([[-1, 0, width], [0, 1, 0]]) @ np.vstack([move, (0, 0, 1)])
    moved = cv2.warpAffine(image, move, (width, height), borderValue=(114, 114, 114))
    if random.random() < 0.2:
        moved = cv2.GaussianBlur(moved, (0, 0), float(random.uniform(0.3, 0.9)))
    gain, lift = random.uniform(0.75, 1.3) * random.uniform(0.93, 1.07, 3), random.uniform(-0.05, 0.05)
    light = moved[..., ::-1].astype(np.float32) / 255 * gain.astype(np.float32) + np.float32(lift)
    return np.ascontiguousarray(light.clip(0, 1).transpose(2, 0, 1)), _moved(objects, move)


def _moved(objects: Floats, move: np.ndarray) -> Floats:
    """(k, 5) class id and box of the objects of which at least `COUNTED_SHARE` remains visible."""
    width, height = INPUT_PX
    ends = objects[:, 1:5].reshape(-1, 2, 2) @ move[:, :2].T + move[:, 2]
    low, high = ends.min(axis=1), ends.max(axis=1)
    inner_low, inner_high = low.clip(0, (width, height)), high.clip(0, (width, height))
    left_over = (inner_high - inner_low).prod(axis=1) / (high - low).prod(axis=1).clip(1e-6)
    kept = objects[:, 5] * left_over >= COUNTED_SHARE
    return np.column_stack([objects[kept, :1], inner_low[kept], inner_high[kept]]).astype(np.float32)


def load_frames(folder: Path, seeds: range) -> tuple[Image, list[Floats]]:
    """Images (n, height, width, 3) BGR; for each its objects (k, 6): class id, box in pixels, visible share."""
    images, objects = [], []
    for seed in seeds:
        frames = load_scene(folder / f"scene-{seed}.npz")
        images.append(frames.images)
        for frame in range(len(frames.images)):
            found = frames.of(frame).copy()
            found[:, 1:5] *= SCALE
            objects.append(found)
    return np.concatenate(images), objects


def train(folder: Path, seeds: range, epochs: int, *, bfloat16: bool = False) -> None:
    """Train until `epochs` are completed, from the folder's checkpoint if there is one; writes it after each epoch."""
    images, objects = load_frames(folder / "train", seeds)
    training, checkpoint = Training(len(images) // BATCH, epochs, bfloat16=bfloat16), folder / "checkpoint.pt"
    if checkpoint.exists():
        training.load(checkpoint)
    while training.epoch < epochs:
        started_s, losses = time.monotonic(), []
        for pictures, found in batches(images, objects, training.epoch):
            losses.append(training.learn(pictures, found))
            if training.step % 20 == 0:
                print(f"step {training.step} loss {np.mean(losses[-20:]):.3f}", flush=True)
        training.epoch += 1
        training.save(checkpoint)
        print(
            f"epoch {training.epoch}/{epochs} loss {np.mean(losses):.3f} {time.monotonic() - started_s:.0f} s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, help="folder for frames and the checkpoint")
    parser.add_argument("--scenes", type=int, default=len(TRAINING_SEEDS))
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--bfloat16", action="store_true", help="half the time on CPUs with bfloat16 instructions")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cv2.setNumThreads(1)
    seeds = TRAINING_SEEDS[: args.scenes]
    make_scenes(seeds, args.folder / "train", args.threads)
    train(args.folder, seeds, args.epochs, bfloat16=args.bfloat16)


if __name__ == "__main__":
    main()
