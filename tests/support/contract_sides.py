"""One side of the contract: the hosted service as its reference describes it, or our engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from frametally.client.client import VideoInferenceClient


@dataclass(frozen=True)
class Service:
    """One side: where it is, what opens it, and how time passes there."""

    url: str
    key: str
    wait: Callable[[float], None]

    def client(self, key: str | None = None) -> VideoInferenceClient:
        return VideoInferenceClient(self.url, self.key if key is None else key)
