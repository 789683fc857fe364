"""Which points are inside a polygon, by the even-odd rule.

A point on an outline that two polygons share is inside exactly one of them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from frametally.regions.paths import Floats, Rows

_SORT_FROM: Final = 12
"""From this many edges on, it is faster to sort the points once than to compare each with each edge."""


def inside(x: Floats, y: Floats, polygon: Floats) -> npt.NDArray[np.bool_]:
    """(n,) whether each point is inside the (k, 2) polygon."""
    (left, top), (right, bottom) = polygon.min(axis=0), polygon.max(axis=0)
    near = np.flatnonzero((y >= top) & (y < bottom) & (x >= left) & (x <= right))
    found = np.zeros(len(x), dtype=np.bool_)
    edges = _edges(polygon)
    if len(edges) < _SORT_FROM:
        found[near] = _odd(x[near], y[near], edges)
    else:
        near = near[np.argsort(y[near])]
        found[near] = _odd_sorted(x[near], y[near], edges)
    return found


def _edges(polygon: Floats) -> Floats:
    """(e, 4) x, y of the upper and the lower end of each edge that is not horizontal.

    Both polygons that share an edge compute with the same numbers.
    """
    edges = np.hstack([polygon, np.roll(polygon, -1, axis=0)])
    edges = edges[edges[:, 1] != edges[:, 3]]
    return np.asarray(np.where(edges[:, 1:2] < edges[:, 3:4], edges, edges[:, [2, 3, 0, 1]]))


def _odd(x: Floats, y: Floats, edges: Floats) -> npt.NDArray[np.bool_]:
    odd = np.zeros(len(x), dtype=np.bool_)
    for edge in edges:
        odd ^= (y >= edge[1]) & (y < edge[3]) & (x < _x_at(edge, y))
    return odd


def _odd_sorted(x: Floats, y: Floats, edges: Floats) -> npt.NDArray[np.bool_]:
    """The same for points in ascending order of y: each edge looks only at those of its height."""
    odd = np.zeros(len(x), dtype=np.bool_)
    firsts, lasts = np.searchsorted(y, edges[:, 1]), np.searchsorted(y, edges[:, 3])
    for edge, first, last in zip(edges, firsts.tolist(), lasts.tolist(), strict=True):
        odd[first:last] ^= x[first:last] < _x_at(edge, y[first:last])
    return odd


def _x_at(edge: Floats, y: Floats) -> Floats:
    x_upper, y_upper, x_lower, y_lower = edge
    return np.asarray(x_upper + (y - y_upper) * ((x_lower - x_upper) / (y_lower - y_upper)))


def rows_inside(x: Floats, y: Floats, polygon: Floats) -> Rows:
    """(m,) ascending indices of the points inside."""
    return np.flatnonzero(inside(x, y, polygon))
