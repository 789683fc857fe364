"""Other models that were run on a video, beside that of a view, in the frames that people have checked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import numpy as np
from msgspec import Struct

from frametally.audit.checks import Ints
from frametally.audit.nearer import Nearer, nearer
from frametally.audit.seen import Seen, columns, numbers_seen
from frametally.errors import ResultsError
from frametally.rendering.audits.audited_view import AuditedView
from frametally.rendering.audits.counted_sample import CountedSample


class OtherModel(Struct, frozen=True):
    """Another model, on the same video."""

    job_id: str
    model: str
    run_at: datetime | None
    """When the job was created; None: the same job."""
    classes: list[str]
    """Those that both models know and that were checked."""
    result: Nearer


class Candidate(Struct, frozen=True):
    """A model that the sample may say something about."""

    job_id: str
    run_at: datetime | None
    view: AuditedView


def other_models(sample: CountedSample, candidates: Iterable[Candidate]) -> list[OtherModel]:
    """Those that know a class of the view, analyzed some of the checked frames, and whose results can be read."""
    found = ((one, _readable(sample, one.view)) for one in candidates)
    return [OtherModel(one.job_id, one.view.view.model, one.run_at, both[0], both[1]) for one, both in found if both]


def _readable(sample: CountedSample, other: AuditedView) -> tuple[list[str], Nearer] | None:
    try:
        return _compared(sample, other)
    except ResultsError:  # damaged, or deleted just now
        return None


def _compared(sample: CountedSample, other: AuditedView) -> tuple[list[str], Nearer] | None:
    own = sample.view
    at_other = {frozenset(group): column for column, group in enumerate(other.groups)}
    shared = [column for column, group in enumerate(own.groups) if frozenset(group) in at_other]
    is_at_both = np.isin(own.times, other.times)
    clear = [(place, one.seen) for place, one in sample.clear if is_at_both[place] and _knows(one.seen, own, shared)]
    if not shared or not clear:
        return None
    entries = other.entries[other.places(own.times[[place for place, _ in clear]])].tolist()
    others = np.array([other.counts(entry) for entry in entries])
    result = nearer(
        true=np.array([_numbers(seen, own) for _, seen in clear])[:, shared],
        one=np.array([own.counts(int(own.entries[place])) for place, _ in clear])[:, shared],
        other=others[:, [at_other[frozenset(own.groups[column])] for column in shared]],
        frames=int(is_at_both.sum()),
        exceeded=sample.exceeded,
    )
    return ([own.view.names[column] for column in shared], result) if result else None


def _knows(seen: Seen, view: AuditedView, shared: list[int]) -> bool:
    return bool(columns(seen.groups, view.groups).is_known[shared].all())


def _numbers(seen: Seen, view: AuditedView) -> Ints:
    return numbers_seen(seen, columns(seen.groups, view.groups).of_group, len(view.groups))
