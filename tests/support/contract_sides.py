"""A service that implements the contract: the fake hosted service or our engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from frametally.client.client import VideoInferenceClient


@dataclass(frozen=True)
class Service:
    """URL and key of the service; `wait` lets a number of seconds pass, in real time or on the clock of the fake."""

    url: str
    key: str
    wait: Callable[[float], None]

    def client(self, key: str | None = None) -> VideoInferenceClient:
        return VideoInferenceClient(self.url, self.key if key is None else key)
