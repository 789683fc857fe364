"""The settings of the sign-in in the form that Streamlit reads."""

from __future__ import annotations

from typing import Any

from components.session import own_url
from frametally.access.access import cookie_secret
from frametally.config.access_mode import AccessMode
from frametally.deployment import Deployment

_CALLBACK = "/oauth2callback"


def sign_in_secrets(deployment: Deployment) -> dict[str, Any] | None:
    """The section `auth` of Streamlit's secrets; None without a sign-in, so that Streamlit offers none."""
    settings = deployment.settings
    if settings.access is not AccessMode.OIDC:
        return None
    return {
        "auth": {
            "redirect_uri": (settings.public_url or own_url()).rstrip("/") + _CALLBACK,
            "cookie_secret": cookie_secret(deployment.link_secret),
            "client_id": settings.oidc_client_id or "",
            "client_secret": settings.oidc_client_secret or "",
            "server_metadata_url": settings.oidc_url or "",
        }
    }
