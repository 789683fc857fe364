"""Choosing models: the saved ones and those of the built-in engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from frametally.contract import ModelInfo
from frametally.job import ModelChoice
from frametally.ledger.ledger import Ledger
from frametally.ledger.presets import Preset
from frametally.sample import is_sample

_MAX_JOBS = 10


def model_picker(ledger: Ledger, service: str, installed: Sequence[ModelInfo], *, key: str) -> list[ModelChoice]:
    """Let the user choose one or more models of a service; returns them in the order in which they were chosen.

    The models of the last job on this service are preselected. `installed`: the models that the service lists.
    """
    choices = _choices(ledger.presets.all(), service, installed)
    if not choices:
        st.info("No models yet. Save one on **Configuration**.", icon=":material/info:")
        return []
    default = _last_used(ledger, service, choices) or list(choices)[:1]
    picked = st.multiselect("Models", list(choices), default=default, key=key, placeholder="Choose one or more")
    return [choices[name] for name in picked]


def _choices(presets: Sequence[Preset], service: str, installed: Sequence[ModelInfo]) -> dict[str, ModelChoice]:
    """The models by label: those saved for this service, those that it lists, those saved for an unknown service."""
    own, unassigned = (
        {f"{preset.name} · {preset.model.label}": preset.model for preset in presets if preset.service == of}
        for of in (service, "")
    )
    return own | {_label(info): _choice(info) for info in installed if not info.refusal} | unassigned


def _last_used(ledger: Ledger, service: str, choices: Mapping[str, ModelChoice]) -> list[str]:
    """The labels of the models of the last job on this service; the sample is not a choice of the user."""
    jobs = (job for job in ledger.jobs(service=service, limit=_MAX_JOBS) if not is_sample(job))
    models = next((job.models for job in jobs), ())
    found = [_name_of(model, choices) for model in models]
    return list(dict.fromkeys(name for name in found if name is not None))


def _name_of(model: ModelChoice, choices: Mapping[str, ModelChoice]) -> str | None:
    """The label of this choice, or of another one of the same model and version."""
    same = [name for name, choice in choices.items() if choice.label == model.label]
    return next((name for name in same if choices[name] == model), next(iter(same), None))


def _label(info: ModelInfo) -> str:
    """Name and classes; a model on another server reports only its type."""
    classes = info.classes[0] if len(info.classes) == 1 else f"{len(info.classes)} classes"
    return f"{info.model_id}/{info.model_version} · {classes if info.classes else info.inference_type}"


def _choice(info: ModelInfo) -> ModelChoice:
    return ModelChoice(model_id=info.model_id, version=info.model_version, inference_type=info.inference_type)
