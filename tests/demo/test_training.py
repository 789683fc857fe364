"""Loss and training of the detector; skipped without PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is only in demo/requirements.txt")

import torch
from torch import Tensor

from demo.dataset import INPUT_PX
from demo.loss import generalized_iou, iou, loss_of, targets_of
from demo.model import Detector, Export, places
from demo.plan import CLASSES
from demo.train import Training, batches

CENTERS, STRIDES = places(*INPUT_PX)
OBJECT = torch.tensor([[1.0, 100, 80, 180, 140]])


def perfect_output(objects: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes and logits of a perfect detector."""
    boxes = objects[:1, 1:].expand(len(CENTERS), 4).clone()
    logits = torch.full((len(CENTERS), len(CLASSES)), -4.0)
    logits[:, int(objects[0, 0])] = 4.0
    return boxes, logits


def test_points_near_the_center_are_assigned_to_an_object_and_its_class() -> None:
    targets = targets_of(*perfect_output(OBJECT), OBJECT, CENTERS, STRIDES)
    answering = targets.scores.amax(dim=1) > 0
    assert 1 <= int(answering.sum()) <= 8
    assert (targets.scores[answering].argmax(dim=1) == 1).all()
    assert (targets.boxes[answering] == OBJECT[0, 1:]).all()
    middle = torch.tensor([140.0, 110])
    assert ((CENTERS[answering] - middle).abs() <= 2.5 * STRIDES[answering]).all()


def test_image_without_objects_has_zero_targets() -> None:
    targets = targets_of(*perfect_output(OBJECT), torch.zeros(0, 5), CENTERS, STRIDES)
    assert targets.scores.sum() == 0


def test_correct_output_has_a_lower_loss() -> None:
    boxes, logits = perfect_output(OBJECT)
    right = loss_of(boxes[None], logits[None], [OBJECT], CENTERS, STRIDES)
    off = loss_of(boxes[None] + 15, logits[None], [OBJECT], CENTERS, STRIDES)
    assert right < off


def test_generalized_iou_falls_with_distance() -> None:
    one, near, far = (torch.tensor([[left, 0.0, left + 10, 10]]) for left in (0.0, 20.0, 200.0))
    assert iou(one, near) == iou(one, far) == 0
    assert generalized_iou(one, one) == pytest.approx(1)
    assert generalized_iou(one, far) < generalized_iou(one, near) < 0


def test_export_has_center_size_and_scores_per_point() -> None:
    rows = Export(Detector(len(CLASSES)).eval())(torch.zeros(1, 3, INPUT_PX[1], INPUT_PX[0]))
    assert rows.shape == (1, 4 + len(CLASSES), len(CENTERS))
    assert (rows[0, 2:4] > 0).all()
    assert ((rows[0, 4:] > 0) & (rows[0, 4:] < 1)).all()


def test_resumed_training_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    images = np.random.default_rng(7).integers(0, 255, (8, INPUT_PX[1], INPUT_PX[0], 3), dtype=np.uint8)
    objects = [np.array([[1, 100, 80, 180, 140, 1]], dtype=np.float32)] * 8
    whole, cut = Training(1, 3), Training(1, 3)
    first = [next(batches(images, objects, epoch)) for epoch in range(2)]
    losses = [whole.learn(*batch) for batch in first]
    cut.learn(*first[0])
    cut.save(tmp_path / "checkpoint.pt")
    resumed = Training(1, 3)
    resumed.load(tmp_path / "checkpoint.pt")
    assert resumed.learn(*first[1]) == pytest.approx(losses[1], rel=1e-4)
