"""Choosing models: the saved ones and those of the built-in engine."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from frametally.contract import ModelInfo
from frametally.job import ModelChoice
from frametally.ledger.presets import Preset


def model_picker(presets: Sequence[Preset], installed: Sequence[ModelInfo], *, key: str) -> list[ModelChoice]:
    """Let the user choose one or more models; returns them in the order in which they were chosen."""
    choices = {f"{preset.name} · {preset.model.label}": preset.model for preset in presets}
    choices |= {_label(info): _choice(info) for info in installed if not info.refusal}
    first = next(iter(choices), None)
    if first is None:
        st.info("No models yet. Save one on **Configuration**.", icon=":material/info:")
        return []
    picked = st.multiselect("Models", list(choices), default=[first], key=key, placeholder="Choose one or more")
    return [choices[name] for name in picked]


def _label(info: ModelInfo) -> str:
    """Name and classes; a model on another server reports only its type."""
    classes = info.classes[0] if len(info.classes) == 1 else f"{len(info.classes)} classes"
    return f"{info.model_id}/{info.model_version} · {classes if info.classes else info.inference_type}"


def _choice(info: ModelInfo) -> ModelChoice:
    return ModelChoice(model_id=info.model_id, version=info.model_version, inference_type=info.inference_type)
