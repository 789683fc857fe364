"""Editing the saved models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import streamlit as st

from components.access import current_person, is_allowed
from components.errors import show_error
from components.formatting import escape_markdown
from components.session import Connection, service_label
from frametally.access.permissions import Action
from frametally.contract import InferenceType
from frametally.errors import AccessDenied, SettingsError
from frametally.job import ModelChoice
from frametally.jobs.model_reference import parse_model_reference
from frametally.ledger.ledger import Ledger
from frametally.ledger.presets import Preset
from frametally.team.saved_models import remove_model, save_model

_REMOVED, _PROBLEM = "preset_removed", "preset_problem"


def preset_editor(ledger: Ledger, connection: Connection) -> None:
    """Let the user remove saved models, undo the last removal, and save new ones for the service in use."""
    undo: Preset | None = st.session_state.get(_REMOVED)
    removed = _preset_list(ledger.presets.all())
    if removed:
        remove_model(ledger, removed, actor=current_person())
        st.session_state[_REMOVED] = removed
        st.rerun()
    if undo and st.button(f"Undo: restore {escape_markdown(undo.name)}", icon=":material/undo:"):
        save_model(ledger, st.session_state.pop(_REMOVED), actor=current_person())
        st.rerun()
    added = _preset_form(connection) if is_allowed(Action.SAVE_MODEL) else None
    if added:
        _save(ledger, added)


def _save(ledger: Ledger, preset: Preset) -> None:
    try:
        save_model(ledger, preset, actor=current_person())
    except AccessDenied as error:
        show_error(error)
    else:
        st.rerun()


def _preset_list(presets: Sequence[Preset]) -> Preset | None:
    """Draw the saved models; returns the one to remove, if any."""
    if not presets:
        st.caption("No saved models. Built-in models don't need to be saved.")
    removed = [preset for preset in presets if _preset_row(preset)]
    return removed[0] if removed else None


def _preset_row(preset: Preset) -> bool:
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        model = preset.model
        confidence = "" if model.confidence is None else f" · min. confidence {model.confidence:.2f}"
        service = f" · {escape_markdown(service_label(preset.service))}" if preset.service else ""
        what = f"{escape_markdown(model.label)} · {escape_markdown(model.inference_type)}{confidence}{service}"
        st.markdown(f"**{escape_markdown(preset.name)}**  \n{what}", width="stretch")
        return st.button(
            "Remove",
            key=f"remove-{preset.service}-{preset.name}",
            icon=":material/delete:",
            type="tertiary",
            disabled=not is_allowed(Action.REMOVE_MODEL),
        )


def _preset_form(connection: Connection) -> Preset | None:
    """A form for a new model, filled in from a pasted ID or URL; returns the model to save, if any."""
    st.text_input(
        "Paste a model ID or URL",
        key="preset_paste",
        placeholder="project/3, or a Universe or API URL",
        on_change=_fill_in,
    )
    if problem := st.session_state.pop(_PROBLEM, None):
        show_error(problem)
    with st.form("preset", border=True):
        left, right = st.columns(2)
        model_id = left.text_input("Model ID", key="preset_model_id", max_chars=100).strip()
        version = right.text_input("Version", key="preset_version", max_chars=100).strip()
        left, right = st.columns(2)  # a second row: a narrow screen stacks column by column
        kind = left.selectbox("Inference type", get_args(InferenceType), key="preset_type")
        name = right.text_input("Display name", key="preset_name", max_chars=80).strip()
        confidence = st.slider("Minimum confidence", 0.0, 1.0, 0.25, 0.01, key="preset_confidence")
        st.caption(f"Saved for: **{escape_markdown(connection.label)}**")
        if not st.form_submit_button("Save model", icon=":material/save:"):
            return None
    if not model_id or not version:
        show_error(SettingsError("Enter a model ID and a version.", "Or paste the model's URL above."))
        return None
    model = ModelChoice(model_id=model_id, version=version, inference_type=kind or "", confidence=confidence)
    return Preset(name=name or model_id, model=model, service=connection.service)


def _fill_in() -> None:
    state = st.session_state
    if not state["preset_paste"].strip():
        return
    try:
        model = parse_model_reference(state["preset_paste"])
    except SettingsError as error:
        state[_PROBLEM] = error
        return
    state["preset_model_id"], state["preset_version"] = model.model_id, model.version
    state["preset_type"], state["preset_name"] = model.inference_type, model.model_id
    state["preset_paste"] = ""  # a URL may contain a key, which must not stay on the page
