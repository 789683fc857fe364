"""The stored videos: what they take, and removing one after a confirmation that says what uses it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence

import streamlit as st

from components.access import current_person, is_ever_allowed
from components.errors import show_error, show_errors
from components.formatting import distinct_labels, escape_markdown, plural
from frametally.access.permissions import Action
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.job import Job
from frametally.jobs.deletion import delete
from frametally.library.removal import VideoUse, use_of
from frametally.library.video_store import StoredEntry
from frametally.storage.space import format_size
from frametally.team.videos import remove_video

_DIALOG = "storage_removal"
_MAX_NAMED_JOBS = 5
_MAX_JOBS = 10_000


def storage_panel(deployment: Deployment) -> None:
    """Draw what the stored videos take, and the dialog that removes one."""
    entries = sorted(_seen_videos(deployment), key=lambda entry: -entry.size_bytes)
    total_bytes = sum(entry.size_bytes for entry in entries)
    free_bytes = shutil.disk_usage(deployment.library.videos.folder).free
    stored = f"{plural(len(entries), 'stored video')}, {format_size(total_bytes)}" if entries else "No stored videos"
    st.caption(f"{stored} · {format_size(free_bytes)} free on the disk{_retention_note(deployment)}")
    if not entries:
        return
    names = distinct_labels({entry.sha256: entry.file_name for entry in entries})
    labels = {entry.sha256: f"{names[entry.sha256]} · {format_size(entry.size_bytes)}" for entry in entries}
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    chosen = left.selectbox("Stored video", list(labels), key="storage_video", format_func=labels.__getitem__)
    locked = not is_ever_allowed(Action.REMOVE_VIDEO)
    if right.button("Remove", icon=":material/delete:", key="storage_remove", width="stretch", disabled=locked):
        st.session_state[_DIALOG] = chosen
    if st.session_state.get(_DIALOG) in names:
        _confirm(deployment, st.session_state[_DIALOG])


def _seen_videos(deployment: Deployment) -> list[StoredEntry]:
    """All stored videos; those of own jobs where the person sees no others."""
    entries = deployment.library.videos.entries()
    if deployment.ledger.only_owner is None:
        return entries
    own = {job.video_sha256 for job in deployment.ledger.jobs(limit=_MAX_JOBS)}
    return [entry for entry in entries if entry.sha256 in own]


def _retention_note(deployment: Deployment) -> str:
    settings, notes = deployment.settings, []
    if settings.keep_videos_days:
        notes.append(f"unused videos are removed after {plural(settings.keep_videos_days, 'day')}")
    if settings.keep_videos_bytes:
        notes.append(f"the oldest above {format_size(settings.keep_videos_bytes)} are removed")
    return "".join(f" · {note}" for note in notes)


def _close() -> None:
    st.session_state.pop(_DIALOG, None)


@st.dialog("Remove video", icon=":material/delete:", on_dismiss=_close)
@show_errors()
def _confirm(deployment: Deployment, sha256: str) -> None:
    use = use_of(deployment.library, deployment.ledger, sha256)
    st.markdown(f"**{escape_markdown(use.file_name)}** · {format_size(use.size_bytes)}")
    seen = [job for job in use.jobs if deployment.ledger.only_owner in (None, job.owner)]
    st.markdown(_uses(seen))
    if len(seen) < len(use.jobs):
        st.info("Jobs of other people use it, too. An admin can remove it.", icon=":material/group:")
    if use.needed_by:
        st.warning("A job on this video has not ended. Wait for it, or cancel it first.", icon=":material/hourglass:")
    also_jobs = bool(seen) and st.checkbox(
        f"Also delete {plural(len(seen), 'job')} with results",
        key="storage_also_jobs",
        help="Deleted jobs can be restored for one hour.",
    )
    with st.container(horizontal=True):
        locked = bool(use.needed_by) or len(seen) < len(use.jobs)
        is_confirmed = st.button("Remove video", type="primary", key="storage_confirm", disabled=locked)
        is_canceled = st.button("Cancel", key="storage_cancel")
    if is_confirmed:
        _remove(deployment, use, also_jobs=also_jobs)
    if is_canceled:
        _close()
        st.rerun()


def _remove(deployment: Deployment, use: VideoUse, *, also_jobs: bool) -> None:
    actor = current_person()
    try:
        remove_video(deployment.library, deployment.ledger, use.sha256, actor=actor)
        if also_jobs:
            delete(deployment.ledger, [job.id for job in use.jobs], deployment.workflow.clock(), actor=actor)
    except FrametallyError as error:
        show_error(error)
        return
    _close()
    st.rerun()


def _uses(jobs: Sequence[Job]) -> str:
    """What uses the video, and what removing it means for that."""
    if not jobs:
        return "No job uses it. The video cannot be restored."
    runs = Counter(", ".join(f"{model.model_id}/{model.version}" for model in job.models) for job in jobs)
    named = [f"{escape_markdown(models)} × {count}" for models, count in runs.most_common(_MAX_NAMED_JOBS)]
    more = " and others" if len(runs) > _MAX_NAMED_JOBS else ""
    return (
        f"{plural(len(jobs), 'job')} on it: {', '.join(named)}{more}. Counts and charts stay; frames cannot be "
        "shown any more. The video cannot be restored; notes on frames apply again if it is uploaded again."
    )
