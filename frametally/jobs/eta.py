"""Estimate the duration of a run from earlier runs in the ledger. Pure: no clock, no database.

The time per frame depends on the models, and for short jobs on fixed costs (loading, queueing, polling once a minute).
So an estimate is based on the jobs with the same models whose number of frames is closest.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from frametally.job import Job, ModelChoice

MIN_JOBS: Final = 3
MAX_JOBS: Final = 10
LOW, HIGH = 0.2, 0.8
"""The quantiles of the seconds per frame that give the range of an estimate; they limit the effect of outliers."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The likely duration of a run, in seconds."""

    low_s: float
    high_s: float
    jobs: int
    """Number of earlier jobs it is based on."""

    def after(self, passed_s: float) -> Estimate:
        """The remaining duration, `passed_s` seconds after the start; at least 0."""
        return Estimate(low_s=max(self.low_s - passed_s, 0.0), high_s=max(self.high_s - passed_s, 0.0), jobs=self.jobs)


def estimate(earlier: Sequence[Job], models: Collection[ModelChoice], frames: int) -> Estimate | None:
    """Estimate the run of these models over `frames` frames from `earlier` jobs of the same service, newest first.

    If fewer than `MIN_JOBS` of them ran these models together, the estimates of the single models are added up. None
    if there are fewer than `MIN_JOBS` jobs of a model.
    """
    together = _of_models(earlier, models, frames)
    if together is not None or len(models) < 2:
        return together
    alone = [_of_models(earlier, [model], frames) for model in models]
    known = [part for part in alone if part is not None]
    if len(known) < len(models):
        return None
    return Estimate(
        low_s=sum(part.low_s for part in known),
        high_s=sum(part.high_s for part in known),
        jobs=sum(part.jobs for part in known),
    )


def _of_models(earlier: Sequence[Job], models: Collection[ModelChoice], frames: int) -> Estimate | None:
    wanted = _labels(models)
    runs = [
        (job.frames, job.run_s)
        for job in earlier
        if _labels(job.models) == wanted and job.frames and job.run_s is not None
    ]
    if len(runs) < MIN_JOBS or frames < 1:
        return None
    alike = sorted(runs, key=lambda run: abs(math.log(run[0] / frames)))[:MAX_JOBS]
    low, high = np.quantile([run_s / count for count, run_s in alike], [LOW, HIGH])
    return Estimate(low_s=float(low) * frames, high_s=float(high) * frames, jobs=len(alike))


def _labels(models: Collection[ModelChoice]) -> frozenset[str]:
    """The models without their confidence, which does not affect the duration."""
    return frozenset(model.label for model in models)
