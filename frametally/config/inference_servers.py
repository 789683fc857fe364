"""Models that run on Roboflow Inference servers of the deployment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, get_args

from frametally.contract import InferenceType, ModelInfo
from frametally.errors import SettingsError
from frametally.network.urls import parse_service_url

SERVERS_SETTING: Final = "FRAMETALLY_INFERENCE_SERVERS"
KEY_SETTING: Final = "FRAMETALLY_INFERENCE_KEY"
_NAME = r"[A-Za-z0-9*][A-Za-z0-9*._-]{0,99}"
_MODELS: Final = re.compile(rf"(?P<pattern>{_NAME}/{_NAME})(?::(?P<type>[A-Za-z-]*))?")
_FORM: Final = "entries such as my-model/3=http://127.0.0.1:9001, separated by commas"
_TYPE_BY_ID: Final = {"gaze": "gaze-detection", "clip": "clip-embed-image"}
"""Inference types of the model ids that the contract reserves; their version is 1."""


@dataclass(frozen=True, kw_only=True)
class ServedModels:
    """One entry of the setting: a model or a pattern of models, and the server that runs them."""

    pattern: str
    """`<model_id>/<version>`; `*` matches any text."""
    inference_type: str | None = None
    url: str

    def __str__(self) -> str:
        """The entry as the setting contains it."""
        return f"{self.pattern}{f':{self.inference_type}' if self.inference_type else ''}={self.url}"

    def info(self) -> ModelInfo | None:
        """The model that the entry names; None if it is a pattern."""
        model_id, _, version = self.pattern.partition("/")
        if model_id in _TYPE_BY_ID and version == "*":
            version = "1"
        kind = self.type_of(model_id) or "object-detection"
        return None if "*" in model_id + version else ModelInfo(model_id, version, kind, [])

    def type_of(self, model_id: str) -> str | None:
        """The inference type of a matching model; None if a job may request any type."""
        return self.inference_type or _TYPE_BY_ID.get(model_id)


@dataclass(frozen=True)
class InferenceServers:
    """All entries, in the order of the setting, with the API key with which the servers load models."""

    entries: tuple[ServedModels, ...] = ()
    api_key: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> InferenceServers:
        """The inverse of `to_environment`."""
        return cls(parse_served_models(environment.get(SERVERS_SETTING, "")), environment.get(KEY_SETTING) or None)

    def to_environment(self) -> dict[str, str]:
        """Environment variables for a child process; its command line would be visible to other users."""
        return {SERVERS_SETTING: ",".join(map(str, self.entries)), KEY_SETTING: self.api_key or ""}

    def find(self, model_id: str, version: str) -> ServedModels | None:
        """The entry for a model: the one that names it, else the first pattern that matches, else None."""
        matching = [entry for entry in self.entries if fnmatchcase(f"{model_id}/{version}", entry.pattern)]
        return min(matching, key=lambda entry: "*" in entry.pattern, default=None)

    def models(self) -> list[ModelInfo]:
        """The models that entries name. Models that only match a pattern cannot be listed."""
        named = [(entry, entry.info()) for entry in self.entries]
        return [info for entry, info in named if info and self.find(info.model_id, info.model_version) is entry]


NO_SERVERS: Final = InferenceServers()


def parse_served_models(text: str) -> tuple[ServedModels, ...]:
    """The entries of the setting.

    Raises:
        ValueError: an entry is invalid; the message numbers it and does not repeat it, as it may contain a key.
    """
    entries = filter(None, (entry.strip() for entry in re.split(r"[,\n]", text)))
    return tuple(_parse_entry(entry, number) for number, entry in enumerate(entries, 1))


def _parse_entry(text: str, number: int) -> ServedModels:
    models, _, url = (side.strip() for side in text.partition("="))
    found = _MODELS.fullmatch(models)
    if found is None:
        raise ValueError(f"{_FORM}: entry {number} does not name a model")
    if found["type"] not in (None, *get_args(InferenceType)):
        raise ValueError(f"a known type for {found['pattern']}: {', '.join(get_args(InferenceType))}")
    try:
        return ServedModels(pattern=found["pattern"], inference_type=found["type"], url=parse_service_url(url))
    except SettingsError:
        raise ValueError(f"{_FORM}: {found['pattern']} has no valid URL") from None
