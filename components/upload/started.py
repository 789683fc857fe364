"""What this session has started on the Upload page: the files that have run, and the last batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import streamlit as st

from components.formatting import escape_markdown, plural
from components.upload.in_view import bring_into_view

_STARTED = "started_runs"


@dataclass(frozen=True, kw_only=True)
class Started:
    """The runs of this session."""

    batches: int = 0
    """Number of batches; part of the keys of widgets that are empty again after a batch."""
    last_jobs: int = 0
    """Number of jobs of the last batch."""
    last_tag: str = ""
    files: frozenset[str] = frozenset()
    """The sha256 of every file that has run."""


def started() -> Started:
    """The runs of this session until now."""
    runs: Started = st.session_state.get(_STARTED, Started())
    return runs


def remember_files(sha256s: Iterable[str | None]) -> None:
    """Note that these files have run: they are not preselected again."""
    st.session_state[_STARTED] = replace(started(), files=started().files | {each for each in sha256s if each})


def remember_batch(jobs: int, tag: str) -> None:
    """Note that a batch has started."""
    st.session_state[_STARTED] = replace(started(), batches=started().batches + 1, last_jobs=jobs, last_tag=tag)


def batch_note() -> None:
    """Draw a link to the jobs of the last batch, if there is one."""
    runs = started()
    if not runs.batches:
        return
    with st.container(key="last_batch"):
        jobs = plural(runs.last_jobs, "job")
        st.success(f"{jobs} started, tagged {escape_markdown(runs.last_tag)}.", icon=":material/check_circle:")
        tag = {"tag": runs.last_tag}
        st.page_link("../pages/jobs.py", label="View batch", icon=":material/list_alt:", query_params=tag)
        bring_into_view("last_batch", f"batch {runs.batches}")
