"""The audits of this deployment, and what they say about the view of a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import streamlit as st

from components.analytics.charts.corrected import Corrected, Step
from frametally.access.names import names_by_id
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.ledger.audits.planned import audits_of
from frametally.library.video_store import StoredVideo
from frametally.rendering.audits.audited_view import AuditedView
from frametally.rendering.audits.audits import Audits
from frametally.rendering.audits.counted_sample import CountedSample
from frametally.rendering.audits.models import Candidate, OtherModel, other_models
from frametally.rendering.audits.over_time import Part, over_time
from frametally.rendering.audits.report import Report, report
from frametally.rendering.playback.sources import Source
from frametally.video.frame_index import load_index

T = TypeVar("T")


@st.cache_resource(show_spinner=False)
def audits() -> Audits:
    """The one of this deployment, which routes and pages share."""
    return Audits()


def audited(deployment: Deployment, view: View, video: StoredVideo | None) -> Report | None:
    """What checked frames say about the view; None if none were checked, or if it cannot be found out now."""
    return _known(deployment, view, video, lambda sample: report(sample, names_by_id(deployment.ledger)))


def corrected(deployment: Deployment, view: View, video: StoredVideo | None) -> tuple[Corrected, ...]:
    """The corrected counts of each class over time, for the chart; empty without checked frames."""
    return _known(deployment, view, video, _corrected) or ()


def nearer_model(deployment: Deployment, view: View, other: str, video: StoredVideo | None) -> OtherModel | None:
    """The model of the view and another one of its results in the checked frames; None without any."""

    def compared(sample: CountedSample) -> OtherModel | None:
        same = AuditedView(sample.view.source, replace(view, model=other))
        found = other_models(sample, [Candidate(view.results.folder.name, None, same)])
        return found[0] if found else None

    return _known(deployment, view, video, compared)


def _known(
    deployment: Deployment, view: View, video: StoredVideo | None, tell: Callable[[CountedSample], T]
) -> T | None:
    if video is None or not view.table.kind.has_boxes or not audits_of(deployment.ledger, video.sha256):
        return None
    try:
        source = Source(view=view, video=video, index=load_index(video.place))
        sample = audits().sample(deployment.ledger, source, view)
        return tell(sample) if sample and sample.clear else None
    except FrametallyError:  # the numbers of the model stay
        return None


def _corrected(sample: CountedSample) -> tuple[Corrected, ...]:
    parts, names = over_time(sample), sample.view.view.names
    is_preliminary = sample.seen < sample.planned
    found = (Corrected(name, _steps(parts, column), is_preliminary) for column, name in enumerate(names))
    return tuple(one for one in found if one.steps)


def _steps(parts: list[Part], column: int) -> tuple[Step, ...]:
    means = ((part, part.means[column]) for part in parts)
    return tuple(Step(part.start_s, part.end_s, part.frames[column], mean) for part, mean in means if mean)
