"""Addresses of a view in the routes of the player."""

from __future__ import annotations

from urllib.parse import urlencode

from components.access import own_tickets
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.library.tickets import ViewTicket
from frametally.library.video_store import StoredVideo
from frametally.rendering.playback.routes import VIEWS_PREFIX

_FORMAT = 1
"""Part of every address; with a new number, browsers load everything again."""


def view_ticket(deployment: Deployment, view: View, video: StoredVideo | None) -> ViewTicket:
    """The ticket for the results of the view's model with all classes, boxes and frames."""
    is_checked = video is not None and deployment.library.damage_scanner.is_known(video)
    return ViewTicket(
        job_id=view.results.folder.name,
        model=view.model,
        merge=view.classes.format(),
        video_sha256=video.sha256 if video else "",
        revision=f"{_FORMAT}-{view.results.written_ns}-{int(is_checked)}",
    )


def view_url(deployment: Deployment, view: View, video: StoredVideo | None) -> str:
    """The address below which the routes of the view are, relative because there may be a base path."""
    return f".{VIEWS_PREFIX}{own_tickets().for_view(view_ticket(deployment, view, video))}/"


def filter_query(view: View, *, with_window: bool = True, **more: str) -> str:
    """Threshold, classes and time range of a view as query parameters of the routes."""
    query = [("confidence", str(view.confidence)), *(("class", name) for name in view.classes.shown or ())]
    if with_window:
        query += [("window", str(edge_s)) for edge_s in view.time_range_s or ()]
    return urlencode([*query, *more.items()])
