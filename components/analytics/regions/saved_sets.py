"""The lines and zones that are saved under names of cameras; the page's address says which are in use."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

import msgspec
import streamlit as st
from msgspec import Struct

from components.access import current_person, is_allowed
from components.analytics.regions.tracking import tracking_runs
from components.analytics.view_picker import set_link
from frametally.access.permissions import Action
from frametally.analysis.class_mapping import ClassMapping
from frametally.analysis.view import View
from frametally.deployment import Deployment
from frametally.errors import FrametallyError, RegionsError
from frametally.ledger import region_sets
from frametally.library.video_store import StoredVideo
from frametally.notifications.rule_reports import report_intervals
from frametally.notifications.rules.checks import RuleChecks
from frametally.regions.rules import rule_intervals
from frametally.regions.shapes import RegionSet
from frametally.rendering.regions.tracking_runs import Tracking
from frametally.team.regions import choose_camera, remove_regions, save_regions
from frametally.tracking.tracks import filtered

KEY: Final = "regions"
_CAMERA: Final = "camera"
_DRAWN, _JOB = "regions_drawn", "regions_job"


class _Act(Struct, frozen=True):
    """What the user has asked for in the browser."""

    name: str
    camera: str
    set: msgspec.Raw = msgspec.Raw(b"null")
    based_on: int = region_sets.NEW


class _Drawn(Struct, frozen=True):
    """What is drawn now, saved or not."""

    job_id: str
    camera: str
    content: str


def saved_sets(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """All sets with their revisions, by camera."""
    stored = region_sets.sets(deployment.ledger)
    return {one.camera: {"set": json.loads(one.content), "revision": one.revision} for one in stored}


def current_camera(deployment: Deployment, job_id: str) -> str:
    """The camera in the address, by default that of the job; empty for none.

    Another job keeps the set that is in use, unless it is known to be from another camera.
    """
    linked = st.query_params.get(_CAMERA)
    is_other_job = st.session_state.get(_JOB, job_id) != job_id
    st.session_state[_JOB] = job_id
    if linked is not None and not is_other_job:
        return linked
    camera = region_sets.camera_of(deployment.ledger, job_id) or linked or ""
    if camera and camera != linked:
        set_link(camera=camera)
    return camera


def act(deployment: Deployment, view: View, video: StoredVideo) -> str:
    """Do what the user has asked for; returns why it has failed, empty if it has not."""
    sent: Any = st.session_state.get(KEY) or {}
    job_id = view.results.folder.name
    try:
        wanted = msgspec.json.decode(str(sent.get("act")), type=_Act)
        camera = _done(deployment, wanted)
        if is_allowed(Action.EDIT_REGIONS):
            choose_camera(deployment.ledger, job_id, camera or None, actor=current_person())
        if wanted.name == "save":
            _report_rules(deployment, view, video, RegionSet.from_json(bytes(wanted.set)))
    except msgspec.DecodeError as error:
        return f"This could not be read: {error}."
    except FrametallyError as error:
        return str(error)
    st.session_state.pop(_DRAWN, None)
    set_link(camera=camera)
    return ""


def keep_drawn(job_id: str, camera: str) -> None:
    """Remember what the browser has sent, for exports and for the next time that the tab is opened."""
    sent: Any = st.session_state.get(KEY) or {}
    st.session_state[_DRAWN] = _Drawn(job_id, camera, str(sent.get("drawn")))


def drawn(job_id: str, camera: str) -> Any:
    """What is drawn on the video of this job with this set, as JSON; None if nothing was changed."""
    known: _Drawn | None = st.session_state.get(_DRAWN)
    return json.loads(known.content) if known and (known.job_id, known.camera) == (job_id, camera) else None


def regions_in_use(deployment: Deployment, job_id: str) -> RegionSet | None:
    """The lines and zones that exports of this job use; None if there are none.

    Raises:
        RegionsError: they are not valid.
    """
    known: _Drawn | None = st.session_state.get(_DRAWN)
    if known and known.job_id == job_id:
        return RegionSet.from_json(known.content)
    camera = st.query_params.get(_CAMERA)
    if camera is None:
        camera = region_sets.camera_of(deployment.ledger, job_id)
    stored = region_sets.set_of(deployment.ledger, camera) if camera else None
    return RegionSet.from_json(stored.content) if stored else None


def _report_rules(deployment: Deployment, view: View, video: StoredVideo, regions: RegionSet) -> None:
    """Report when rules held in the whole video, once for each interval; later if the objects are not tracked yet."""
    if not regions.rules:
        return
    tracks = tracking_runs().get(view.results, view.model, video)
    if isinstance(tracks, Tracking):
        RuleChecks(deployment.ledger).order(view.results.folder.name, deployment.workflow.clock())
    else:
        whole = replace(view, classes=ClassMapping(view.classes.renames), time_range_s=None)
        intervals = rule_intervals(filtered(tracks, whole), regions)
        report_intervals(deployment.ledger, view.results.folder.name, intervals, actor=current_person())


def _done(deployment: Deployment, wanted: _Act) -> str:
    """Returns the camera whose set is in use then."""
    if wanted.name == "save":
        given = RegionSet.from_json(bytes(wanted.set))
        save_regions(deployment.ledger, given, based_on=wanted.based_on, actor=current_person())
        return given.camera
    if wanted.name == "delete":
        remove_regions(deployment.ledger, wanted.camera, actor=current_person())
        return ""
    if wanted.name == "open":
        return wanted.camera
    raise RegionsError("This is not known here.", "Reload the page.")
