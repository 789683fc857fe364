"""Models that run on Roboflow Inference servers of the team's own: which ones, where, and with which key."""

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
_FORM: Final = "Write it as my-model/3=http://127.0.0.1:9001, with commas between several."
_TYPE_BY_ID: Final = {"gaze": "gaze-detection", "clip": "clip-embed-image"}
"""The contract knows each of these two by one id, and calls its version 1."""


@dataclass(frozen=True, kw_only=True)
class ServedModels:
    """One part of the setting: a model or several, and the server that runs them."""

    pattern: str
    """`<model_id>/<version>`; `*` stands for any text."""
    inference_type: str | None = None
    url: str

    def __str__(self) -> str:
        """As it stands in the setting."""
        return f"{self.pattern}{f':{self.inference_type}' if self.inference_type else ''}={self.url}"

    def info(self) -> ModelInfo | None:
        """The one model that it names; None where it stands for any number of them."""
        model_id, _, version = self.pattern.partition("/")
        if model_id in _TYPE_BY_ID and version == "*":
            version = "1"
        kind = self.type_of(model_id) or "object-detection"
        return None if "*" in model_id + version else ModelInfo(model_id, version, kind, [])

    def type_of(self, model_id: str) -> str | None:
        """What a model of these is for; None: whatever a job asks for."""
        return self.inference_type or _TYPE_BY_ID.get(model_id)


@dataclass(frozen=True)
class ModelServers:
    """All of them, in the order of the setting."""

    parts: tuple[ServedModels, ...] = ()
    api_key: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, settings: Mapping[str, str]) -> ModelServers:
        """From the texts of the two settings.

        Raises:
            SettingsError: a part cannot be read; the message says which one.
        """
        texts = [text.strip() for text in re.split(r"[,\n]", settings.get(SERVERS_SETTING, ""))]
        parts = tuple(_parse(text, number) for number, text in enumerate(filter(None, texts), 1))
        return cls(parts, settings.get(KEY_SETTING, "").strip() or None)

    def settings(self) -> dict[str, str]:
        """The texts of the two settings, for the environment of another process: a command line is seen by all."""
        return {SERVERS_SETTING: ",".join(map(str, self.parts)), KEY_SETTING: self.api_key or ""}

    def find(self, model_id: str, version: str) -> ServedModels | None:
        """Who runs this model: the part that names it, else the first that fits; None: no server does."""
        fitting = [part for part in self.parts if fnmatchcase(f"{model_id}/{version}", part.pattern)]
        return min(fitting, key=lambda part: "*" in part.pattern, default=None)

    def models(self) -> list[ModelInfo]:
        """The models that are named one by one; nobody here knows which others their servers have."""
        named = [(part, part.info()) for part in self.parts]
        return [info for part, info in named if info and self.find(info.model_id, info.model_version) is part]


NO_SERVERS: Final = ModelServers()


def _parse(text: str, number: int) -> ServedModels:
    """One part. What may be a secret in the wrong place is not repeated."""
    models, _, url = (side.strip() for side in text.partition("="))
    found = _MODELS.fullmatch(models)
    if found is None:
        raise SettingsError(f"{SERVERS_SETTING} cannot be read at its part {number}.", _FORM)
    if found["type"] not in (None, *get_args(InferenceType)):
        known = ", ".join(get_args(InferenceType))
        raise SettingsError(f"{SERVERS_SETTING} gives {found['pattern']} an unknown type.", f"It is one of {known}.")
    try:
        return ServedModels(pattern=found["pattern"], inference_type=found["type"], url=parse_service_url(url))
    except SettingsError as error:
        raise SettingsError(f"{SERVERS_SETTING}: {found['pattern']} has no address that is one.", _FORM) from error
