"""A service that implements the contract: the fake of the hosted one, or our engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from frametally.client.client import VideoInferenceClient


@dataclass(frozen=True)
class Service:
    """Its URL, its key, and how to let time pass."""

    url: str
    key: str
    wait: Callable[[float], None]

    def client(self, key: str | None = None) -> VideoInferenceClient:
        return VideoInferenceClient(self.url, self.key if key is None else key)
