"""Many videos at once: what becomes a job and what does not, before any is started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from components.errors import escape_markdown, show_error
from components.model_picker import installed_models, model_picker
from components.preflight_notes import known_preflight, may_start
from components.rate_picker import rate_picker
from components.session import Connection, current_actor
from frametally.deployment import Deployment
from frametally.errors import FrametallyError
from frametally.job import Job, RunRequest
from frametally.jobs.batch import BatchLine, batch_jobs, check_lines, read_batch, refused_files, start_batch
from frametally.library.video_store import StoredVideo

_EXAMPLE = "https://example.com/monday.mp4\nhttps://example.com/tuesday.mp4"
_DONE = "batch_started"
_LEFT_OUT, _WARNING = "Left out because", "Warning"
_WIDTHS: dict[str, Literal["small", "medium", "large"]] = {"Line": "small", _LEFT_OUT: "large", _WARNING: "medium"}


def batch(deployment: Deployment, connection: Connection, files: Sequence[StoredVideo]) -> None:
    """Let the person give a list of addresses, and files if there are some, and start a job for each."""
    with st.expander("Many videos at once", icon=":material/library_add:", key="batch", on_change="rerun") as box:
        if not box.open:
            return
        _say_what_started()
        files = _picked(files)
        text = _given()
        try:
            lines = read_batch(text)
        except FrametallyError as error:
            show_error(error)
            return
        if not lines and not files:
            st.caption("One address a line, or a CSV with the columns `url`, and `name` and `note` if you like.")
            return
        _settings(deployment, connection, lines, files)


def _picked(files: Sequence[StoredVideo]) -> list[StoredVideo]:
    """Those that the person wants run: where there are several, all that no batch has run yet are picked."""
    if not files:
        st.caption("Files dropped above, as many as you like, can be run together here.")
        return []
    known = {kept.sha256: kept for kept in files}
    key = f"batch_files_{_round()}_{len(known)}"
    default = [sha256 for sha256 in known if sha256 not in _done().files] if len(known) > 1 else []
    picked = st.multiselect("Files", list(known), default, key=key, format_func=lambda sha256: known[sha256].file_name)
    return [known[sha256] for sha256 in picked]


def _given() -> str:
    left, right = st.columns([2, 1])
    pasted = left.text_area("Addresses", key=f"batch_text_{_round()}", placeholder=_EXAMPLE, height=140)
    file = right.file_uploader("or a file", ["csv", "txt"], key=f"batch_file_{_round()}", max_upload_size=5)
    return file.getvalue().decode("utf-8", errors="replace") if file else pasted


def _settings(
    deployment: Deployment, connection: Connection, lines: Sequence[BatchLine], files: Sequence[StoredVideo]
) -> None:
    left, right = st.columns(2)
    with left:
        installed = installed_models(connection)
        models = model_picker(deployment.ledger.presets(), installed, key="batch_models")
        tag = st.text_input("Tag of all of them", f"batch {deployment.workflow.clock():%Y-%m-%d}", key="batch_tag")
    with right:
        infer_fps = rate_picker(None, key="batch_rate")
    service, key_id = connection.service, connection.key_id or ""
    request = RunRequest(service=service, key_id=key_id, models=tuple(models), infer_fps=infer_fps)
    preflight = known_preflight(deployment, request, installed)
    lines, refused = check_lines(lines, preflight), refused_files(files, preflight)
    good = [kept for kept in files if kept.sha256 not in refused]
    ready = may_start(preflight) and bool(models) and infer_fps is not None
    _preview(lines, files, refused)
    count = sum(not line.error for line in lines) + len(good)
    label = f"Run {count:,} {'job' if count == 1 else 'jobs'} on {escape_markdown(connection.label)}"
    if st.button(
        label, type="primary", icon=":material/play_arrow:", key=f"batch_run_{_round()}", disabled=not (count and ready)
    ):
        try:
            jobs = batch_jobs(lines, good, request, deployment.workflow.clock(), actor=current_actor())
            start_batch(deployment.ledger, jobs, tag)
        except FrametallyError as error:
            show_error(error)
            return
        _start_over(jobs, tag)


def _preview(lines: Sequence[BatchLine], files: Sequence[StoredVideo], refused: Mapping[str, str]) -> None:
    rows = [_row(line.number, line.name or line.url.partition("?")[0], line.error, line.warning) for line in lines]
    rows += [_row(None, kept.file_name, refused.get(kept.sha256, "")) for kept in files]
    left_out, warned = (sum(bool(row[column]) for row in rows) for column in (_LEFT_OUT, _WARNING))
    if left_out:
        st.warning(f"{left_out:,} of {len(rows):,} are left out; the table says why.", icon=":material/warning:")
    if not warned:
        rows = [{name: cell for name, cell in row.items() if name != _WARNING} for row in rows]
    rows.sort(key=lambda row: (not row[_LEFT_OUT], not row.get(_WARNING)))
    widths = {name: st.column_config.Column(width=width) for name, width in _WIDTHS.items() if name in rows[0]}
    st.dataframe(rows, hide_index=True, height="content" if len(rows) < 8 else 300, column_config=widths)


def _row(line: int | None, video: str, left_out: str, warning: str = "") -> dict[str, int | str | None]:
    return {"Line": line, "Video": video, _LEFT_OUT: left_out, _WARNING: warning}


@dataclass(frozen=True, kw_only=True)
class _Done:
    """The batches that this session has started."""

    rounds: int = 0
    count: int = 0
    """Of the jobs of the last one."""
    tag: str = ""
    """Of the last one."""
    files: frozenset[str] = frozenset()
    """The sha256 of every file that ran."""


def _done() -> _Done:
    done: _Done = st.session_state.get(_DONE, _Done())
    return done


def _round() -> int:
    """A new number after every batch: what was given before, or clicked twice, means none of the new widgets."""
    return _done().rounds


def _start_over(jobs: Sequence[Job], tag: str) -> None:
    ran = {job.video_sha256 for job in jobs if job.video_sha256}
    st.session_state[_DONE] = _Done(rounds=_round() + 1, count=len(jobs), tag=tag, files=_done().files | ran)
    st.rerun()


def _say_what_started() -> None:
    done = _done()
    if done.rounds:
        started = "1 job" if done.count == 1 else f"{done.count:,} jobs"
        st.success(f"{started} started, tagged {escape_markdown(done.tag)}.", icon=":material/check_circle:")
        st.page_link(
            "../pages/jobs.py", label="Follow them", icon=":material/list_alt:", query_params={"tag": done.tag}
        )
