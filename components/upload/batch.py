"""Starting a batch: one job for each URL of a list and each chosen file, previewed before any job is created."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from components.errors import show_error
from components.formatting import distinct_labels, escape_markdown, plural
from components.installed_models import installed_models
from components.model_picker import model_picker
from components.preflight import known_preflight, may_start
from components.rate_picker import common_rate_picker
from components.session import Connection, current_actor
from components.upload.mp4_conversion import conversion_of_files, converted
from components.upload.run_button import run_button
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.job import Job, RunRequest
from frametally.jobs.batch import (
    BatchLine,
    batch_jobs,
    check_lines,
    convertible_files,
    read_batch,
    refused_files,
    start_batch,
)
from frametally.library.video_store import StoredVideo

_EXAMPLE = "https://example.com/monday.mp4\nhttps://example.com/tuesday.mp4"
_STARTED = "batch_started"
_REASON, _WARNING = "Reason skipped", "Warning"
_WIDTHS: dict[str, Literal["small", "medium", "large"]] = {"Line": "small", _REASON: "large", _WARNING: "medium"}


@dataclass(frozen=True, kw_only=True)
class _Started:
    """The batches that this session has started."""

    count: int = 0
    last_jobs: int = 0
    """Number of jobs of the last batch."""
    last_tag: str = ""
    files: frozenset[str] = frozenset()
    """The sha256 of every file of these batches."""


def batch(deployment: Deployment, connection: Connection, files: Sequence[StoredVideo]) -> None:
    """Let the user list URLs, choose from the uploaded files, and start a job for each."""
    with st.expander("Batch", icon=":material/library_add:", key="batch", on_change="rerun") as box:
        if not box.open:
            return
        _show_started()
        files = _chosen(deployment, files)
        text = _list_of_urls()
        try:
            lines = read_batch(text)
        except FrametallyError as error:
            show_error(error)
            return
        if not lines and not files:
            st.caption("One URL per line, or a CSV with the column `url` and optional columns `name` and `note`.")
            return
        _run(deployment, connection, lines, files)


def _chosen(deployment: Deployment, files: Sequence[StoredVideo]) -> list[StoredVideo]:
    """The files to run. If there are several, those that this session has not run in a batch are preselected."""
    if not files:
        st.caption("Files uploaded above can be added to the batch.")
        return []
    known = {kept.sha256: kept for kept in files}
    key = f"batch_files_{_number()}_{len(known)}"
    ran = _started().files
    default = [sha256 for sha256, kept in known.items() if converted(deployment, kept).sha256 not in ran]
    names = distinct_labels({sha256: kept.file_name for sha256, kept in known.items()})
    picked = st.multiselect(
        "Files",
        list(known),
        default if len(known) > 1 else [],
        key=key,
        format_func=names.__getitem__,
        placeholder="Choose files",
    )
    return [converted(deployment, known[sha256]) for sha256 in picked]


def _list_of_urls() -> str:
    left, right = st.columns([2, 1])
    pasted = left.text_area("URLs", key=f"batch_text_{_number()}", placeholder=_EXAMPLE, height=140)
    file = right.file_uploader("or upload a CSV", ["csv", "txt"], key=f"batch_file_{_number()}", max_upload_size=5)
    return file.getvalue().decode("utf-8", errors="replace") if file else pasted


def _run(
    deployment: Deployment, connection: Connection, lines: Sequence[BatchLine], files: Sequence[StoredVideo]
) -> None:
    left, right = st.columns(2)
    with left:
        installed = installed_models(connection)
        models = model_picker(deployment.ledger, connection.service, installed, key="batch_models")
        tag = st.text_input("Tag for this batch", f"batch {deployment.workflow.clock():%Y-%m-%d}", key="batch_tag")
    with right:
        infos = [] if any(not line.error for line in lines) else [kept.info for kept in files]
        infer_fps = common_rate_picker(infos, connection.service, key="batch_rate")
    service, key_id = connection.service, connection.key_id or ""
    request = RunRequest(service=service, key_id=key_id, models=tuple(models), infer_fps=infer_fps)
    preflight = known_preflight(deployment, request, installed)
    lines, refused = check_lines(lines, preflight), refused_files(files, preflight)
    failed = conversion_of_files(deployment, convertible_files(files, preflight))
    refused |= {sha256: failed[sha256] for sha256 in refused if sha256 in failed}
    accepted = [kept for kept in files if kept.sha256 not in refused]
    ready = may_start(preflight) and bool(models) and infer_fps is not None
    _preview(lines, files, refused)
    count = sum(not line.error for line in lines) + len(accepted)
    # The key contains the number of the batch: the second click of a double click is on a button that is gone.
    disabled = not (count and ready)
    if run_button(connection, f"Run {plural(count, 'job')}", key=f"batch_run_{_number()}", disabled=disabled):
        try:
            jobs = batch_jobs(lines, accepted, request, deployment.workflow.clock(), actor=current_actor())
            start_batch(deployment.ledger, jobs, tag)
        except FrametallyError as error:
            show_error(error)
            return
        _next_batch(jobs, tag)


def _preview(lines: Sequence[BatchLine], files: Sequence[StoredVideo], refused: Mapping[str, str]) -> None:
    rows = [_row(line.number, line.name or line.url.partition("?")[0], line.error, line.warning) for line in lines]
    rows += [_row(None, kept.file_name, refused.get(kept.sha256, "")) for kept in files]
    skipped, warned = (sum(bool(row[column]) for row in rows) for column in (_REASON, _WARNING))
    if skipped:
        st.warning(f"{skipped:,} of {len(rows):,} will be skipped.", icon=":material/warning:")
    unused = {name for name, count in ((_REASON, skipped), (_WARNING, warned)) if not count}
    rows.sort(key=lambda row: (not row[_REASON], not row[_WARNING]))
    rows = [{name: cell for name, cell in row.items() if name not in unused} for row in rows]
    widths = {name: st.column_config.Column(width=width) for name, width in _WIDTHS.items() if name in rows[0]}
    st.dataframe(rows, hide_index=True, height="content" if len(rows) < 8 else 300, column_config=widths)


def _row(line: int | None, video: str, reason: str, warning: str = "") -> dict[str, int | str | None]:
    return {"Line": line, "Video": video, _REASON: reason, _WARNING: warning}


def _started() -> _Started:
    started: _Started = st.session_state.get(_STARTED, _Started())
    return started


def _number() -> int:
    """Number of the current batch, part of the keys of its widgets so that the next batch starts with empty ones."""
    return _started().count


def _next_batch(jobs: Sequence[Job], tag: str) -> None:
    files = _started().files | {job.video_sha256 for job in jobs if job.video_sha256}
    st.session_state[_STARTED] = _Started(count=_number() + 1, last_jobs=len(jobs), last_tag=tag, files=files)
    st.rerun()


def _show_started() -> None:
    started = _started()
    if started.count:
        jobs = plural(started.last_jobs, "job")
        st.success(f"{jobs} started, tagged {escape_markdown(started.last_tag)}.", icon=":material/check_circle:")
        tag = {"tag": started.last_tag}
        st.page_link("../pages/jobs.py", label="View batch", icon=":material/list_alt:", query_params=tag)
