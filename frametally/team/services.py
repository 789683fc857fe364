"""Services that people connect to."""

from __future__ import annotations

from frametally.access.permissions import Action, require
from frametally.access.person import Person
from frametally.client.registry import ClientRegistry
from frametally.errors import SettingsError
from frametally.network.urls import parse_service_url


def ask_workspace(clients: ClientRegistry, url: str, api_key: str, *, actor: Person | None) -> tuple[str, str]:
    """Request the workspace of the key from the service; returns the service's URL and the workspace's name.

    Raises:
        AccessDenied: the person may not connect services.
        SettingsError: the URL is invalid, or the key is missing.
        ServiceError: the service refused the key, or did not respond.
    """
    require(actor, Action.CONNECT)
    api_url = parse_service_url(url)
    if not api_key:
        raise SettingsError("Enter an API key.")
    return api_url, clients.open(api_url, api_key).open_workspace(retry=False)
