"""Place a scene on the frame that it belongs to: in its size, and turned where the service did not turn the picture."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from frametally.analysis.unturned import is_unturned
from frametally.rendering.scene import Scene
from frametally.video.orientation import Orientation


class Placed(NamedTuple):
    """A scene whose coordinates refer to the upright frame."""

    scene: Scene
    is_turned: bool
    """Whether it was turned here, because the service analyzed the stored picture."""


def placed(scene: Scene, upright_wh: tuple[int, int], orientation: Orientation) -> Placed:
    """The scene of a frame with this upright size and orientation."""
    reported_wh = scene.wh if scene.mask is None else (float(scene.mask.shape[1]), float(scene.mask.shape[0]))
    if is_unturned(reported_wh, upright_wh, orientation):
        return Placed(turned(scene, orientation, reported_wh or upright_wh), True)
    return Placed(scene if scene.wh else replace(scene, wh=upright_wh), False)


def turned(scene: Scene, orientation: Orientation, stored_wh: tuple[float, float]) -> Scene:
    """The scene of a stored picture of this size, on the upright one."""
    width, height = (stored_wh[1], stored_wh[0]) if orientation.is_transposed else stored_wh

    def points(xy: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return orientation.applied_to_points(xy, *stored_wh).astype(np.float32)

    corners = points(scene.xyxy.reshape(-1, 2, 2))
    keypoints = scene.keypoints
    if keypoints is not None:
        keypoints = np.concatenate([points(keypoints[..., :2]), keypoints[..., 2:]], axis=-1)
    return replace(
        scene,
        wh=(width, height),
        xyxy=np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1),
        polygons=[points(outline) for outline in scene.polygons],
        keypoints=keypoints,
        gaze=None if scene.gaze is None else _turned_gaze(scene.gaze, orientation),
        mask=None if scene.mask is None else orientation.applied_to(scene.mask),
    )


def _turned_gaze(gaze: npt.NDArray[np.float64], orientation: Orientation) -> npt.NDArray[np.float64]:
    """(n, 2) yaw and pitch whose arrows (`annotate`) point in the same direction of the scene."""
    yaw, pitch = gaze.T
    arrows = -np.column_stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch)])
    x, y = orientation.applied_to_points(arrows, 0.0, 0.0).T
    new_pitch = np.arcsin(np.clip(-y, -1, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        new_yaw = np.arcsin(np.clip(np.nan_to_num(-x / np.cos(new_pitch)), -1, 1))
    return np.column_stack([np.where(np.isfinite(yaw), new_yaw, np.nan), new_pitch])
