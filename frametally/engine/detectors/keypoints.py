"""Keypoints of boxes, from the columns of a model's output."""

from __future__ import annotations

import numpy as np

from frametally.engine.detectors.postprocessing import Candidates, Detail, Details, Floats, Outputs
from frametally.engine.detectors.preprocessing import Fit
from frametally.engine.picture import Picture
from frametally.engine.result_entries import Keypoint


def from_columns(names: list[str], values_each: int) -> Detail:
    """Keypoints in the extra columns of their box.

    Args:
        names: names of the keypoints, in the order of the columns.
        values_each: 2 for x and y in pixels of the model's input, 3 if a confidence follows.
    """

    def detail(_: Outputs, found: Candidates, fit: Fit, picture: Picture) -> list[Details]:
        rows = found.extra.reshape(-1, len(names), values_each)
        edges = (picture.width_px, picture.height_px)
        xy = np.clip(fit.to_picture(rows[:, :, :2].reshape(-1, 2)), 0, edges).reshape(len(rows), -1, 2)
        return [Details(keypoints=_named(names, place, row[:, 2:])) for place, row in zip(xy, rows, strict=True)]

    return detail


def _named(names: list[str], xy: Floats, confidence: Floats) -> list[Keypoint]:
    return [
        Keypoint(round(x, 2), round(y, 2), name, at, round(sure[0], 4) if sure else None)
        for at, (name, (x, y), sure) in enumerate(zip(names, xy.tolist(), confidence.tolist(), strict=True))
    ]
