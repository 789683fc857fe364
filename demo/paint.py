"""Paint flat faces in perspective, with lamp light and sunlight in separate channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from demo.camera import HEIGHT_PX, WIDTH_PX, Camera, fit_quad
from demo.light import Windows, shade

Floats = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]

FINE: Final = 2
"""Supersampling factor of patches, for smooth edges."""
_MIN_INCIDENCE: Final = 0.03
"""Cosine of the angle of incidence at or below which a face receives no sunlight."""
_SOFT_PX: Final = 5
"""Shadows whose blur has a larger sigma are painted at a quarter of the resolution."""


class Canvas:
    """The painted scene, to which the camera model (`demo.film`) is applied later."""

    def __init__(self) -> None:
        self.color = np.zeros((HEIGHT_PX, WIDTH_PX, 3), dtype=np.uint8)
        """(720, 1280, 3) BGR, lit by the lamps at full brightness."""
        self.sun = np.zeros((HEIGHT_PX, WIDTH_PX), dtype=np.uint8)
        """(720, 1280) sunlight on each pixel, 0 to 255; 255 is full sunlight at perpendicular incidence."""

    def copy(self) -> Canvas:
        copied = Canvas()
        copied.color, copied.sun = self.color.copy(), self.sun.copy()
        return copied


@dataclass(frozen=True)
class Stage:
    """The camera and the windows, constant for a scene."""

    camera: Camera
    windows: Windows


class Patch:
    """A region of the canvas at `FINE` times its resolution, with a mask of the painted pixels."""

    def __init__(self, hull_px: Floats, margin_px: int = 3) -> None:
        within = (-margin_px, -margin_px), (WIDTH_PX + margin_px, HEIGHT_PX + margin_px)
        low = (np.floor(hull_px.min(axis=0)).astype(int) - margin_px).clip(*within)
        size = (np.ceil(hull_px.max(axis=0)).astype(int) + margin_px).clip(*within) - low
        size = np.maximum(size, 1)
        self.left_px, self.top_px = int(low[0]), int(low[1])
        self.size = (int(size[0]) * FINE, int(size[1]) * FINE)
        shape = self.size[::-1]
        self.color = np.zeros((*shape, 3), dtype=np.uint8)
        self.sun = np.zeros(shape, dtype=np.uint8)
        self.mask = np.zeros(shape, dtype=np.uint8)

    def to_patch(self, points_px: Floats) -> Floats:
        """Convert image pixels to patch pixels, (n, 2)."""
        return np.asarray((points_px - (self.left_px, self.top_px)) * FINE, dtype=np.float64)

    def pixels(self) -> Floats:
        """(height, width, 3) homogeneous image pixels at the centers of the patch's pixels."""
        columns = self.left_px + (np.arange(self.size[0]) + 0.5) / FINE
        rows = self.top_px + (np.arange(self.size[1]) + 0.5) / FINE
        return np.dstack([*np.meshgrid(columns, rows), np.ones(self.size[::-1])])

    def face(
        self, stage: Stage, texture: Image, corners: Floats, *, gain: float | None = None, alpha: Image | None = None
    ) -> None:
        """Paint a texture onto a flat face.

        `corners`: (4, 3) in meters: top left, top right, bottom right, bottom left. `gain`: brightness under the lamps,
        by default computed from the orientation of the face. `alpha`: mask of the texture.
        """
        seen = self.to_patch(stage.camera.project(corners))
        low = np.floor(seen.min(axis=0)).astype(int).clip(0, self.size)
        high = (np.ceil(seen.max(axis=0)).astype(int) + 1).clip(0, self.size)
        if (high <= low).any():
            return
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        shape, shown = _warp(texture, seen - low, size, alpha)
        bright = cv2.convertScaleAbs(shown, alpha=shade(_normal(corners)) if gain is None else gain)
        there = np.s_[low[1] : high[1], low[0] : high[0]]
        cv2.copyTo(bright, shape, self.color[there])
        cv2.copyTo(_sunlight(stage, corners, seen - low, size), shape, self.sun[there])
        self.mask[there] = np.where(shape > 0, 255, self.mask[there])

    def blend(self, color: Image, shape: Image, sun: Image) -> None:
        """Copy color and sunlight into the patch where the mask `shape` is set."""
        cv2.copyTo(color, shape, self.color)
        cv2.copyTo(sun, shape, self.sun)
        self.mask |= shape

    def sunlight(self, stage: Stage, corners: Floats) -> Image:
        """Sunlight on a flat face with corners (4, 3), scaled by the cosine of the angle of incidence."""
        return _sunlight(stage, corners, self.to_patch(stage.camera.project(corners)), self.size)

    def layer(self, blur: Image | None = None) -> Layer:
        """The patch, downsampled to image resolution; `blur`: motion blur kernel, in patch pixels."""
        parts = [self.color, self.sun, self.mask]
        if blur is not None:
            parts = [np.asarray(cv2.filter2D(part, -1, blur), dtype=np.uint8) for part in parts]
        size = (self.size[0] // FINE, self.size[1] // FINE)
        small = (np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), dtype=np.uint8) for part in parts)
        return Layer(self.left_px, self.top_px, *small)


@dataclass(frozen=True)
class Layer:
    """Pixels to blend into a canvas; color and sun are premultiplied by the mask."""

    left_px: int
    top_px: int
    color: Image
    sun: Image
    mask: Image

    def blend_into(self, canvas: Canvas) -> None:
        """Blend into the canvas; parts outside of it are cropped."""
        height, width = self.mask.shape
        left, top = max(self.left_px, 0), max(self.top_px, 0)
        right, bottom = min(self.left_px + width, WIDTH_PX), min(self.top_px + height, HEIGHT_PX)
        if right <= left or bottom <= top:
            return
        here = np.s_[top - self.top_px : bottom - self.top_px, left - self.left_px : right - self.left_px]
        there = np.s_[top:bottom, left:right]
        through = np.asarray(255 - self.mask[here])
        canvas.color[there] = cv2.add(self.color[here], times(canvas.color[there], through))
        canvas.sun[there] = cv2.add(self.sun[here], times(canvas.sun[there], through))


def _warp(texture: Image, seen: Floats, size: tuple[int, int], alpha: Image | None) -> tuple[Image, Image]:
    """Warp a texture so that its corners are at `seen`, (4, 2) in pixels; return its mask and its color."""
    transform = fit_quad((texture.shape[1], texture.shape[0]), seen)
    shown = cv2.warpPerspective(texture, transform, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    shape = np.zeros(size[::-1], dtype=np.uint8)
    if alpha is None:
        cv2.fillConvexPoly(shape, np.round(seen * 16).astype(np.int32), 255, cv2.LINE_8, 4)
    else:
        cv2.warpPerspective(alpha, transform, size, shape)
    return shape, np.asarray(shown, dtype=np.uint8)


def _sunlight(stage: Stage, corners: Floats, seen: Floats, size: tuple[int, int]) -> Image:
    incidence = float(_normal(corners) @ stage.windows.sun_from)
    if incidence <= _MIN_INCIDENCE:
        return np.zeros(size[::-1], dtype=np.uint8)
    onto = cv2.getPerspectiveTransform(stage.windows.on_map(corners), seen.astype(np.float32))
    light = cv2.warpPerspective(stage.windows.map, onto, size, flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.convertScaleAbs(light, alpha=incidence), dtype=np.uint8)


def _normal(corners: Floats) -> Floats:
    """Outward unit normal."""
    normal = np.cross(corners[3] - corners[0], corners[1] - corners[0])
    return np.asarray(normal / np.linalg.norm(normal), dtype=np.float64)


def cast(canvas: Canvas, stage: Stage, points: Floats, height_m: float, *, strength: float = 1.0) -> None:
    """Cast the shadows of an object with outline points (n, 3), in meters, onto a horizontal surface at `height_m`."""
    base = stage.camera.project(_flattened(points, height_m))
    fall = np.column_stack([points[:, :2] + (points[:, 2:] - height_m) * (0.16, 0.24), np.full(len(points), height_m)])
    wide = stage.camera.project(fall)
    _darken(canvas.color, np.concatenate([base, wide]), soft_px=9, strength=0.42 * strength)
    _darken(canvas.color, base, soft_px=3, strength=0.45 * strength)
    sunny = stage.camera.project(stage.windows.landing(points, height_m))
    _darken(canvas.sun, np.concatenate([base, sunny]), soft_px=1.2, strength=1.0)


def cast_far(canvas: Canvas, stage: Stage, points: Floats, height_m: float) -> None:
    """Cast the shadow of an object high above the surface: sharp in sunlight, faint under the lamps."""
    fallen = stage.camera.project(stage.windows.landing(points, height_m))
    _darken(canvas.sun, fallen, soft_px=2.5, strength=1.0)
    _darken(canvas.color, fallen, soft_px=24, strength=0.12)


def _darken(surface: Image, points_px: Floats, *, soft_px: float, strength: float) -> None:
    """Darken a surface by `strength`, 0 to 1, within the convex hull of points; `soft_px` is the sigma of the edges."""
    margin = int(soft_px * 2.5) + 2
    low = np.maximum(np.floor(points_px.min(axis=0)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(points_px.max(axis=0)).astype(int) + margin, (WIDTH_PX, HEIGHT_PX))
    if (high <= low).any():
        return
    width, height = (int(size) for size in high - low)
    coarse = 4 if soft_px > _SOFT_PX else 1
    hull = cv2.convexHull(((points_px - low) * (16 / coarse)).round().astype(np.int32))
    mask = np.zeros((-(-height // coarse), -(-width // coarse)), dtype=np.uint8)
    cv2.fillConvexPoly(mask, hull, round(255 * strength), cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(mask, (0, 0), soft_px / coarse)
    through = 255 - np.asarray(soft if coarse == 1 else cv2.resize(soft, (width, height)), dtype=np.uint8)
    there = np.s_[low[1] : high[1], low[0] : high[0]]
    surface[there] = times(surface[there], through)


def _flattened(points: Floats, height_m: float) -> Floats:
    return np.column_stack([points[:, :2], np.full(len(points), height_m)])


def times(surface: Image, share: Image) -> Image:
    """Multiply a surface of one or three channels by `share`, a factor for each pixel: 0 to 255 for 0 to 1."""
    shares = cv2.merge([share] * 3) if surface.ndim == 3 else share
    return np.asarray(cv2.multiply(surface, shares, scale=1 / 255), dtype=np.uint8)
