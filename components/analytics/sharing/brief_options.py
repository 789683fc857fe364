"""What a brief of the view shows: title, question, evidence, and what is blurred."""

from __future__ import annotations

from typing import Final

import msgspec
import streamlit as st

from components.analytics.sections.compare.compared import other_models, picked_other
from frametally.analysis.view import View
from frametally.analysis.view_spec import ViewSpec
from frametally.job import Job
from frametally.library.video_store import StoredVideo
from frametally.reports.request import MAX_QUESTION_CHARS, MAX_TITLE_CHARS, MIN_EVERY_S, BriefRequest, Evidence

_EVIDENCE: Final = {
    Evidence.PEAKS: "Peaks",
    Evidence.ENDS: "First and last appearance",
    Evidence.DISAGREEMENTS: "Disagreements of the models",
    Evidence.CROSSINGS: "Line crossings",
    Evidence.NOTES: "Pinned notes",
}


def brief_request(view: View, job: Job, video: StoredVideo | None) -> BriefRequest:
    """Draw the options; returns what was chosen."""
    title = st.text_input("Title (optional)", key="brief_title", placeholder=job.video_name, max_chars=MAX_TITLE_CHARS)
    question = st.text_input(
        "Question (optional)",
        key="brief_question",
        placeholder="What should this view answer?",
        max_chars=MAX_QUESTION_CHARS,
    )
    other = _other_model(view)
    with st.expander("Frames and privacy", icon=":material/tune:"):
        evidence, every_s = _evidence(has_other=other is not None)
        blurred, whole_persons = _blur(view) if video and view.table.kind.has_boxes else ([], False)
        has_clips = bool(video) and st.toggle("Short clips instead of single frames", key="brief_clips")
    spec = ViewSpec.of(view)
    return BriefRequest(
        view=msgspec.structs.replace(spec, compare_with=other) if other else spec,
        title=title.strip(),
        question=question.strip(),
        evidence=tuple(evidence),
        every_s=every_s,
        blurred=tuple(blurred),
        blurs_whole_persons=whole_persons,
        has_clips=has_clips,
    )


def _other_model(view: View) -> str | None:
    other = picked_other(view) if other_models(view) else None
    return other if other and st.toggle(f"Compare with {other}", key="brief_compare") else None


def _evidence(*, has_other: bool) -> tuple[list[Evidence], float | None]:
    offered = [kind for kind in Evidence if has_other or kind is not Evidence.DISAGREEMENTS]
    chosen = st.multiselect("Frames", offered, default=offered, format_func=_EVIDENCE.__getitem__, key="brief_evidence")
    every_s = st.number_input(
        "Also a frame every N seconds (optional)",
        min_value=MIN_EVERY_S,
        value=None,
        step=1.0,
        format="%.1f",
        key="brief_every_s",
    )
    return chosen, every_s


def _blur(view: View) -> tuple[list[str], bool]:
    """Names are those that are displayed: two classes that are displayed as one are blurred together."""
    names = view.classes.names(view.table.classes)
    blurred = st.multiselect(
        "Blur classes in every picture",
        names,
        key="brief_blurred",
        placeholder="None",
        help="Blurred before encoding. The brief names the frames in which the model may have missed one.",
    )
    whole = st.toggle(
        "Blur whole persons", key="brief_whole_persons", help="Not only faces or plates that the model finds."
    )
    return blurred, whole
