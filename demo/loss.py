"""Training loss: assigns anchor points to objects and measures their error.

Task-aligned assignment (Feng et al., TOOD, 2021); boxes use generalized IoU
(Rezatofighi et al., 2019).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

PLACES_OF_OBJECT: Final = 8
"""Most anchor points that are assigned to one object."""
_SCORE_POWER: Final = 0.5
_IOU_POWER: Final = 4.0
_BOX_WEIGHT: Final = 2.0
_REACH_STRIDES: Final = 2.5


class Targets(NamedTuple):
    """Targets for each of n anchor points of one image."""

    scores: Tensor
    """(n, classes), 0 to 1: at the class of the point's object the quality of the point's box, otherwise 0."""
    boxes: Tensor
    """(n, 4) box of the point's object; undefined for points without one."""


def loss_of(boxes: Tensor, logits: Tensor, objects: list[Tensor], centers: Tensor, strides: Tensor) -> Tensor:
    """Loss of a batch: boxes (b, n, 4), logits (b, n, classes); per image objects (k, 5): class id and box."""
    found = [
        targets_of(box.detach(), logit.detach(), object_, centers, strides)
        for box, logit, object_ in zip(boxes, logits, objects, strict=True)
    ]
    scores, wanted = torch.stack([one.scores for one in found]), torch.stack([one.boxes for one in found])
    total = scores.sum().clamp(min=1.0)
    class_loss = functional.binary_cross_entropy_with_logits(logits, scores, reduction="sum") / total
    weight = scores.amax(dim=2)
    chosen = weight > 0
    apart = 1 - generalized_iou(boxes[chosen], wanted[chosen])
    return class_loss + _BOX_WEIGHT * (apart * weight[chosen]).sum() / total


def targets_of(boxes: Tensor, logits: Tensor, objects: Tensor, centers: Tensor, strides: Tensor) -> Targets:
    """Assign to each object the best points near its center; a point is assigned to at most one object."""
    scores = torch.zeros_like(logits)
    if not len(objects):
        return Targets(scores, torch.zeros_like(boxes))
    classes, wanted = objects[:, 0].long(), objects[:, 1:]
    overlap = iou(wanted[:, None], boxes[None])
    alignment = logits.sigmoid().t()[classes] ** _SCORE_POWER * overlap**_IOU_POWER
    alignment = (alignment + 1e-9) * _near(wanted, centers, strides)
    best = alignment.topk(min(PLACES_OF_OBJECT, alignment.shape[1]), dim=1)
    kept = torch.zeros_like(alignment).scatter_(1, best.indices, best.values)
    owner = kept.argmax(dim=0)
    places = torch.nonzero(kept.amax(dim=0) > 0).squeeze(1)
    mine = owner[places]
    peak, reach = kept.amax(dim=1).clamp(min=1e-9), (overlap * (kept > 0)).amax(dim=1)
    scores[places, classes[mine]] = (kept[mine, places] / peak[mine] * reach[mine]).clamp(0.02, 1.0)
    return Targets(scores, wanted[owner])


def _near(wanted: Tensor, centers: Tensor, strides: Tensor) -> Tensor:
    """(k, n): 1 for points inside the box and near its center, otherwise 0."""
    middle = (wanted[:, None, :2] + wanted[:, None, 2:]) / 2
    close = (centers - middle).abs().amax(dim=2) < _REACH_STRIDES * strides[:, 0]
    inside = ((centers > wanted[:, None, :2]) & (centers < wanted[:, None, 2:])).all(dim=2)
    return (close & inside).float()


def iou(one: Tensor, other: Tensor) -> Tensor:
    """Intersection over union of (…, 4) boxes, broadcast against each other."""
    shared, joint, _ = _areas(one, other)
    return shared / joint


def generalized_iou(one: Tensor, other: Tensor) -> Tensor:
    """Generalized IoU, -1 to 1: IoU minus the empty share of the enclosing box."""
    shared, joint, around = _areas(one, other)
    return shared / joint - (around - joint) / around


def _areas(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    size = (torch.minimum(one[..., 2:], other[..., 2:]) - torch.maximum(one[..., :2], other[..., :2])).clamp(min=0)
    hull = torch.maximum(one[..., 2:], other[..., 2:]) - torch.minimum(one[..., :2], other[..., :2])
    area, other_area = (one[..., 2:] - one[..., :2]).prod(dim=-1), (other[..., 2:] - other[..., :2]).prod(dim=-1)
    shared = size.prod(dim=-1)
    return shared, area + other_area - shared + 1e-7, hull.prod(dim=-1) + 1e-7
