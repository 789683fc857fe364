"""The identity in the headers of a reverse proxy that proves itself with a shared secret."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

from frametally.access.direct_client import Client
from frametally.access.identity import Identity

SECRET_HEADER: Final = "x-frametally-proxy-secret"  # noqa: S105 (its name)
ISSUER: Final = "proxy"


@dataclass(frozen=True)
class ProxyHeaders:
    """How the proxy names people."""

    secret: str = field(repr=False)
    user_header: str
    """In lower case."""

    def identity(self, client: Client) -> Identity | None:
        """The person whom the proxy names; None without the secret, or if a header is missing or sent twice."""
        secrets, users = client.header(SECRET_HEADER), client.header(self.user_header)
        if len(secrets) != 1 or len(users) != 1 or not users[0].strip():
            return None
        if not hmac.compare_digest(secrets[0].encode(), self.secret.encode()):
            return None
        subject = users[0].strip()
        return Identity(issuer=ISSUER, subject=subject, name=subject)
