"""Make a brief: count, choose the frames that show it, draw them."""

from __future__ import annotations

from datetime import datetime

from frametally.analysis.totals import DEFINITIONS
from frametally.analysis.view import Progress
from frametally.reports.brief import Brief
from frametally.reports.facts import Facts
from frametally.reports.request import BriefRequest
from frametally.reports.sources import BriefSources


def make_brief(
    sources: BriefSources,
    request: BriefRequest,
    *,
    made_by: str,
    made_at: datetime,
    progress: Progress | None = None,
) -> Brief:
    """The brief of a view.

    Args:
        sources: the results, and what is known of them.
        request: what is shown.
        made_by: name of the person; empty: not stated.
        made_at: an aware time.
        progress: receives the share done; may raise to stop.

    Raises:
        ViewError: the results have no such model or class.
        ResultsError: the results are damaged.
        VideoError: the video cannot be read.
    """
    view = request.view.open(sources.results)
    if progress:
        progress(1.0)
    title = request.title or sources.video_name or view.model
    facts = Facts(
        title=title,
        question=request.question,
        video_name=sources.video_name,
        summary=(view.model,),
        confidence=view.confidence,
        sides=(),
        made=f"{made_at:%d %B %Y}, {made_by}",
        definitions=DEFINITIONS,
    )
    return Brief(title=title, description="", facts=facts)
