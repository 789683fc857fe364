"""The clients of this process, one for each service and key. Keys are kept in memory only."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from frametally.client.client import VideoInferenceClient
from frametally.job import EMBEDDED, RunRequest

OpenClient = Callable[[str, str], VideoInferenceClient]
PERSONAL: Final = "p-"
"""Starts the fingerprint of a key that serves one person."""


class ClientRegistry:
    """Clients by service and key id. The ledger stores the key id, a fingerprint, and never the key."""

    def __init__(
        self,
        secret: str,
        embedded: Callable[[], VideoInferenceClient],
        open_client: OpenClient = VideoInferenceClient,
        *,
        engine_id: str = "",
    ) -> None:
        """`embedded` returns the client of the embedded engine, `open_client` one for a URL and a key.

        `secret` is the key of the fingerprints (HMAC-SHA256): without it, a guessed API key cannot be checked against
        the ledger. `engine_id` is the key id of the embedded engine's jobs: empty where all dashboards have one engine.
        """
        self._open_client = open_client
        self._secret = secret.encode()
        self._embedded = embedded
        self._engine_ids = [""] if not engine_id else ["", engine_id]
        self._clients: dict[tuple[str, str], VideoInferenceClient] = {}
        self._owners: dict[tuple[str, str], str] = {}

    def open(self, api_url: str, api_key: str) -> VideoInferenceClient:
        """A client that is not kept, to test a service."""
        return self._open_client(api_url, api_key)

    def remember(self, api_url: str, api_key: str, *, owner: str | None = None) -> str:
        """Keep the key for the life of this process and return its fingerprint.

        `owner`: the person who typed it, whose jobs alone it serves; the same key of another person has another
        fingerprint. None: a key of the deployment.
        """
        text = f"{api_url}\n{api_key}" + (f"\n{owner}" if owner else "")
        digest = hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()[:16]
        key_id = f"{PERSONAL}{digest}" if owner else digest
        self._clients[api_url, key_id] = self.open(api_url, api_key)
        if owner:
            self._owners[api_url, key_id] = owner
        return key_id

    def serves(self, service: str, key_id: str, person: str | None) -> bool:
        """Whether the jobs of this person may run with the key: it is theirs, or one of the deployment."""
        return self._owners.get((service, key_id)) in (None, person)

    def client(self, service: str, key_id: str) -> VideoInferenceClient | None:
        """The client for jobs of this service and key; None if this process does not have the key."""
        if service == EMBEDDED:
            return self._embedded() if key_id in self._engine_ids else None
        return self._clients.get((service, key_id))

    def canceller(self, service: str, key_id: str) -> VideoInferenceClient | None:
        """The client that can cancel jobs of this service and key: the engine of each dashboard those of the others."""
        is_shared = service == EMBEDDED and len(self._engine_ids) > 1
        return self._embedded() if is_shared else self.client(service, key_id)

    def placed(self, request: RunRequest) -> RunRequest:
        """The request, for the embedded engine of this dashboard if for any."""
        return replace(request, key_id=self._engine_ids[-1]) if request.service == EMBEDDED else request

    def known(self) -> list[tuple[str, str]]:
        """Every (service, key_id) that jobs can run with."""
        return [*((EMBEDDED, engine_id) for engine_id in self._engine_ids), *self._clients]
