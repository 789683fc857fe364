"""A small anchor-free detector: convolutional backbone, three strides, one box and class scores per point."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDES: Final = (8, 16, 32)
WIDTHS: Final = (16, 32, 64, 96, 128)
"""Channels at strides 2, 4, 8, 16 and 32."""
NECK: Final = 64
_RARE: Final = -4.6
"""Logit of 0.01, the initial score of every class."""


class Block(nn.Sequential):
    """Convolution, batch normalization, ReLU."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Residual(nn.Module):
    """Two convolutions with half the channels in between, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(Block(channels, channels // 2), Block(channels // 2, channels))

    def forward(self, features: Tensor) -> Tensor:
        added: Tensor = features + self.inner(features)
        return added


class Trunk(nn.Module):
    """Backbone: image to features at strides 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        two, four, eight, sixteen, deep = WIDTHS
        self.early = nn.Sequential(Block(3, two, stride=2), Block(two, four, stride=2), Residual(four))
        self.stages = nn.ModuleList(
            [
                nn.Sequential(Block(four, eight, stride=2), Residual(eight), Residual(eight)),
                nn.Sequential(Block(eight, sixteen, stride=2), Residual(sixteen), Residual(sixteen)),
                nn.Sequential(Block(sixteen, deep, stride=2), Residual(deep)),
            ]
        )

    def forward(self, pictures: Tensor) -> list[Tensor]:
        features, levels = self.early(pictures), []
        for stage in self.stages:
            features = stage(features)
            levels.append(features)
        return levels


class Neck(nn.Module):
    """Top-down feature fusion from coarse to fine levels."""

    def __init__(self) -> None:
        super().__init__()
        self.sides = nn.ModuleList([Block(channels, NECK, 1) for channels in WIDTHS[2:]])
        self.smooth = nn.ModuleList([Residual(NECK), Residual(NECK)])

    def forward(self, levels: list[Tensor]) -> list[Tensor]:
        fine, middle, coarse = (side(level) for side, level in zip(self.sides, levels, strict=True))
        middle = self.smooth[1](middle + functional.interpolate(coarse, scale_factor=2.0, mode="nearest"))
        fine = self.smooth[0](fine + functional.interpolate(middle, scale_factor=2.0, mode="nearest"))
        return [fine, middle, coarse]


class Head(nn.Module):
    """For each of n points of one level its distances to the four sides, in strides, and its class logits.

    The output is (b, 4 + classes, n). Levels do not share a head, because their statistics differ.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.kind, self.reach = Block(NECK, NECK), Block(NECK, NECK)
        self.scores, self.sides = nn.Conv2d(NECK, classes, 1), nn.Conv2d(NECK, 4, 1)
        with torch.no_grad():
            self.scores.bias.fill_(_RARE)

    def forward(self, level: Tensor) -> Tensor:
        sides = functional.softplus(self.sides(self.reach(level))) * 2
        return torch.cat([sides, self.scores(self.kind(level))], dim=1).flatten(2)


class Detector(nn.Module):
    """Backbone, neck and heads."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.trunk, self.neck = Trunk(), Neck()
        self.heads = nn.ModuleList([Head(classes) for _ in STRIDES])

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """For RGB images (b, 3, height, width), 0 to 1: boxes (b, n, 4) as left, top, right, bottom in pixels, and
        class logits (b, n, classes).
        """
        levels = self.neck(self.trunk(pictures))
        found = [head(level) for head, level in zip(self.heads, levels, strict=True)]
        raw = torch.cat(found, dim=2).transpose(1, 2)
        centers, strides = places(pictures.shape[3], pictures.shape[2])
        near, far = raw[..., :2] * strides, raw[..., 2:4] * strides
        return torch.cat([centers - near, centers + far], dim=2), raw[..., 4:]


class Export(nn.Module):
    """The detector in the layout of common exports: [1, 4 + classes, n], center and size in pixels, scores 0 to 1."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, pictures: Tensor) -> Tensor:
        xyxy, logits = self.detector(pictures)
        low, high = xyxy[..., :2], xyxy[..., 2:]
        rows = torch.cat([(low + high) / 2, high - low, logits.sigmoid()], dim=2)
        return rows.transpose(1, 2)


def places(width_px: int, height_px: int) -> tuple[Tensor, Tensor]:
    """Centers (n, 2) and strides (n, 1) of all points, in pixels: from the finest level on, each in row-major order."""
    centers, strides = [], []
    for stride in STRIDES:
        rows, columns = height_px // stride, width_px // stride
        y, x = torch.meshgrid(torch.arange(rows) + 0.5, torch.arange(columns) + 0.5, indexing="ij")
        centers.append(torch.stack([x.flatten(), y.flatten()], dim=1) * stride)
        strides.append(torch.full((rows * columns, 1), float(stride)))
    return torch.cat(centers), torch.cat(strides)
