"""The identity in the headers of a reverse proxy that proves itself with a shared secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from frametally.access.direct_client import Client
from frametally.access.identity import Identity
from frametally.network.doors.secrets import same_secret

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
        users = client.header(self.user_header)
        if len(users) != 1 or not users[0].strip() or not self._is_proven(client):
            return None
        subject = users[0].strip()
        return Identity(issuer=ISSUER, subject=subject, name=subject)

    def origin(self, client: Client) -> str | None:
        """The address that the proxy adds to `X-Forwarded-For`, the last one there; None without the secret."""
        hops = ",".join(client.header("x-forwarded-for")).split(",")
        try:
            return str(ip_address(hops[-1].strip())) if self._is_proven(client) else None
        except ValueError:
            return None

    def _is_proven(self, client: Client) -> bool:
        secrets = client.header(SECRET_HEADER)
        return len(secrets) == 1 and same_secret(secrets[0], self.secret)
