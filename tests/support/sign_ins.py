"""Cookies of sign-ins as Streamlit writes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from frametally.access.access import cookie_secret
from frametally.access.direct_client import Client
from frametally.access.sign_in_cookie import NAME, SignInCookie

ISSUER = "http://127.0.0.1:9400"
OIDC_SETTINGS = {
    "FRAMETALLY_ACCESS": "oidc",
    "FRAMETALLY_ACCESS_ADMINS": "ada",
    "FRAMETALLY_OIDC_URL": "http://127.0.0.1:9/",
    "FRAMETALLY_OIDC_CLIENT_ID": "client",
    "FRAMETALLY_OIDC_CLIENT_SECRET": "secret",
}
"""Settings of a sign-in whose provider is not asked; the subject "ada" is an admin."""


def cookie(secret: str, subject: str, *, age_s: float = 0, name: str = NAME, **claims: object) -> str:
    """The value of the cookie of a sign-in that long ago."""

    class Signer(TimestampSigner):
        def get_timestamp(self) -> int:
            return int((datetime.now(UTC) - timedelta(seconds=age_s)).timestamp())

    content = {"iss": ISSUER, "sub": subject, "name": subject.title(), "is_logged_in": True, **claims}
    serializer = URLSafeTimedSerializer(secret, salt=name, signer=Signer)
    value = serializer.dumps(json.dumps(content))
    return value if isinstance(value, str) else value.decode()


def browser_of(link_secret: str, subject: str, **how: Any) -> tuple[dict[str, str], str]:
    """The headers of a browser in which this person has signed in, and the id of that sign-in."""
    secret = cookie_secret(link_secret)
    headers = {"Cookie": f"{NAME}={cookie(secret, subject, **how)}"}
    identity = SignInCookie(secret).identity(Client.of(None, headers.items()))
    assert identity is not None
    return headers, identity.session
