"""The team's saved models: a list to prune and a form to add one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import streamlit as st

from components.errors import escape_markdown, show_error
from frametally.contract import InferenceType
from frametally.errors import SettingsError
from frametally.job import ModelChoice
from frametally.jobs.model_reference import parse_model_reference
from frametally.ledger.ledger import Preset


def preset_list(presets: Sequence[Preset]) -> Preset | None:
    """Show the saved models; returns the one that the person removes."""
    if not presets:
        st.caption("None saved yet. The models of the built-in engine need no preset.")
    removed = [preset for preset in presets if _preset_row(preset)]
    return removed[0] if removed else None


def preset_form() -> Preset | None:
    """A form for a new one; a pasted address fills it in. Returns what is to be saved."""
    st.text_input(
        "Paste an id or an address",
        key="preset_paste",
        placeholder="project/3, or a Universe or API address",
        on_change=_fill_in,
    )
    if problem := st.session_state.pop("preset_problem", None):
        show_error(problem)
    with st.form("preset", border=True):
        left, right = st.columns(2)
        model_id = left.text_input("Model id", key="preset_model_id", max_chars=100).strip()
        version = right.text_input("Version", key="preset_version", max_chars=100).strip()
        left, right = st.columns(2)  # a second row: a narrow screen stacks column by column
        kind = left.selectbox("Inference type", get_args(InferenceType), key="preset_type")
        name = right.text_input("Name for the team", key="preset_name", max_chars=80).strip()
        confidence = st.slider("Least confidence to send back", 0.0, 1.0, 0.25, 0.01, key="preset_confidence")
        if not st.form_submit_button("Save model", icon=":material/save:"):
            return None
    if not model_id or not version:
        show_error(SettingsError("A model needs an id and a version.", "Paste its address above, or type both."))
        return None
    model = ModelChoice(model_id=model_id, version=version, inference_type=kind or "", confidence=confidence)
    return Preset(name=name or model_id, model=model)


def _preset_row(preset: Preset) -> bool:
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        model = preset.model
        sure = "" if model.confidence is None else f" · confidence ≥ {model.confidence:.2f}"
        what = f"{escape_markdown(model.label)} · {escape_markdown(model.inference_type)}{sure}"
        st.markdown(f"**{escape_markdown(preset.name)}**  \n{what}", width="stretch")
        return st.button("Remove", key=f"remove-{preset.name}", icon=":material/delete:", type="tertiary")


def _fill_in() -> None:
    state = st.session_state
    if not state["preset_paste"].strip():
        return
    try:
        model = parse_model_reference(state["preset_paste"])
    except SettingsError as error:
        state["preset_problem"] = error
        return
    state["preset_model_id"], state["preset_version"] = model.model_id, model.version
    state["preset_type"], state["preset_name"] = model.inference_type, model.model_id
    state["preset_paste"] = ""  # an address may hold a key: it does not stay on the page
