"""Corrected counts over time, for the chart of a view."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from frametally.analysis.timeline.points import points_of
from frametally.audit.estimates import Estimate, mean_count, mean_count_at_any_time
from frametally.audit.parts import part_edges, part_of
from frametally.rendering.audits.counted_sample import CountedSample

Flags = npt.NDArray[np.bool_]


class Part(Struct, frozen=True):
    """A part of the time range of a view."""

    start_s: float
    end_s: float
    frames: list[int]
    """Checked ones that say something of each class of the view."""
    means: list[Estimate | None]
    """Objects per frame, of each of these classes; None: too few checked frames to say."""


@lru_cache(maxsize=8)
def over_time(sample: CountedSample) -> list[Part]:
    """Equal parts of the time range, as many as the checked frames allow; mostly one. Empty: nothing was checked."""
    view, clear = sample.view, sample.clear
    ends_s = points_of(view.view).edges_s
    if not clear or not len(ends_s):
        return []
    time_s = view.view.results.time_s[view.entries]
    checked, is_known = np.array([place for place, _ in clear]), sample.compared.is_known
    speaks = is_known[:, is_known.any(axis=0)].all(axis=1)  # of every class that was asked about
    edges = part_edges(time_s[checked[speaks]], time_s, float(ends_s[0]), float(ends_s[-1]))
    part_of_checked, part_of_all = part_of(time_s[checked], edges), part_of(time_s, edges)
    planned = [place for place, _ in sample.order[: sample.planned]]
    planned_in = np.bincount(part_of(time_s[planned], edges), minlength=len(edges) - 1)
    return [
        Part(
            start_s=float(edges[at]),
            end_s=float(edges[at + 1]),
            frames=is_known[part_of_checked == at].sum(axis=0).tolist(),
            means=_means(sample, part_of_checked == at, part_of_all == at, int(planned_in[at])),
        )
        for at in range(len(edges) - 1)
    ]


def _means(sample: CountedSample, of_checked: Flags, of_all: Flags, planned: int) -> list[Estimate | None]:
    compared, all_found = sample.compared.of(of_checked), sample.view.found[of_all]
    checks = [compared.checks(all_found, column) for column in range(all_found.shape[1])]
    if sample.exceeded is None:
        return [mean_count(one) for one in checks]
    return [mean_count_at_any_time(one, max(planned, 1)) for one in checks]
