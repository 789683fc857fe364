"""The fixed camera above the line: projects points of the hall, in meters, to pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

WIDTH_PX, HEIGHT_PX = 1280, 720


@dataclass(frozen=True)
class Camera:
    """A pinhole camera. World axes: x along the belts, y away from the camera, z up from the floor; in meters."""

    position: tuple[float, float, float]
    target: tuple[float, float, float]
    """The point at the image center."""
    focal_px: float

    @cached_property
    def matrix(self) -> Floats:
        """(3, 4) projection of homogeneous points of the hall to homogeneous pixels."""
        position = np.array(self.position)
        forward = _unit(np.array(self.target) - position)
        right = _unit(np.cross(forward, (0.0, 0.0, 1.0)))
        turned = np.stack([right, np.cross(forward, right), forward])
        lens = np.array([[self.focal_px, 0, WIDTH_PX / 2], [0, self.focal_px, HEIGHT_PX / 2], [0, 0, 1]])
        return np.asarray(lens @ np.column_stack([turned, -turned @ position]), dtype=np.float64)

    def project(self, points: Floats) -> Floats:
        """(n, 2) pixels of (n, 3) points."""
        seen = points @ self.matrix[:, :3].T + self.matrix[:, 3]
        return np.asarray(seen[:, :2] / seen[:, 2:], dtype=np.float64)

    def facing(self, corners: Floats) -> bool:
        """Whether a flat face with corners (4, 3), clockwise as seen from outside, faces the camera."""
        normal = np.cross(corners[3] - corners[0], corners[1] - corners[0])
        return bool(normal @ (np.array(self.position) - corners[0]) > 0)

    def plane(self, height_m: float) -> Floats:
        """(3, 3) homography from (x, y) at a constant height to pixels."""
        matrix = self.matrix
        return np.column_stack([matrix[:, 0], matrix[:, 1], matrix[:, 2] * height_m + matrix[:, 3]])


@dataclass(frozen=True)
class Mount:
    """The camera mount: small vibration of the image."""

    seed: int
    shake_px: float

    def shift_px(self, time_s: float) -> Floats:
        """(x, y) offset of the image at `time_s`, in pixels."""
        phases = np.random.default_rng([self.seed, 5]).uniform(0, 2 * math.pi, 6)
        waves = np.sin(np.array((2.1, 13.7, 31.0, 1.7, 16.3, 37.0)) * time_s + phases).reshape(2, 3)
        return np.asarray(self.shake_px * waves @ (0.5, 0.35, 0.25), dtype=np.float64)


def fit_quad(size_px: tuple[int, int], corners_px: Floats) -> Floats:
    """(3, 3) homography that maps an image of (width, height) to (4, 2) corners: top left first, clockwise."""
    width_px, height_px = size_px
    whole = np.array([[0, 0], [width_px, 0], [width_px, height_px], [0, height_px]], dtype=np.float32)
    return np.asarray(cv2.getPerspectiveTransform(whole, corners_px.astype(np.float32)), dtype=np.float64)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)
