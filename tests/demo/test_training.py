"""What the detector is told, and that a training goes on where it was cut off; only where PyTorch is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is in the demo's own requirements only")

import torch
from torch import Tensor

from demo.dataset import INPUT_PX
from demo.loss import generalised_iou, iou, loss_of, targets_of
from demo.model import Detector, Export, places
from demo.plan import CLASSES
from demo.train import Training, batches

CENTRES, STRIDES = places(*INPUT_PX)
OBJECT = torch.tensor([[1.0, 100, 80, 180, 140]])


def said(objects: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes and logits of a detector that is right everywhere."""
    boxes = objects[:1, 1:].expand(len(CENTRES), 4).clone()
    logits = torch.full((len(CENTRES), len(CLASSES)), -4.0)
    logits[:, int(objects[0, 0])] = 4.0
    return boxes, logits


def test_places_near_the_middle_answer_for_an_object_at_its_class_alone() -> None:
    targets = targets_of(*said(OBJECT), OBJECT, CENTRES, STRIDES)
    answering = targets.scores.amax(dim=1) > 0
    assert 1 <= int(answering.sum()) <= 8
    assert (targets.scores[answering].argmax(dim=1) == 1).all()
    assert (targets.boxes[answering] == OBJECT[0, 1:]).all()
    middle = torch.tensor([140.0, 110])
    assert ((CENTRES[answering] - middle).abs() <= 2.5 * STRIDES[answering]).all()


def test_a_picture_of_nothing_asks_for_nothing() -> None:
    targets = targets_of(*said(OBJECT), torch.zeros(0, 5), CENTRES, STRIDES)
    assert targets.scores.sum() == 0


def test_being_right_costs_less_than_being_off() -> None:
    boxes, logits = said(OBJECT)
    right = loss_of(boxes[None], logits[None], [OBJECT], CENTRES, STRIDES)
    off = loss_of(boxes[None] + 15, logits[None], [OBJECT], CENTRES, STRIDES)
    assert right < off


def test_boxes_apart_are_worse_the_further_apart_they_are() -> None:
    one, near, far = (torch.tensor([[left, 0.0, left + 10, 10]]) for left in (0.0, 20.0, 200.0))
    assert iou(one, near) == iou(one, far) == 0
    assert generalised_iou(one, one) == pytest.approx(1)
    assert generalised_iou(one, far) < generalised_iou(one, near) < 0


def test_an_export_has_centre_size_and_scores_in_a_row_for_each_place() -> None:
    rows = Export(Detector(len(CLASSES)).eval())(torch.zeros(1, 3, INPUT_PX[1], INPUT_PX[0]))
    assert rows.shape == (1, 4 + len(CLASSES), len(CENTRES))
    assert (rows[0, 2:4] > 0).all()
    assert ((rows[0, 4:] > 0) & (rows[0, 4:] < 1)).all()


def test_a_training_that_was_cut_off_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
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
