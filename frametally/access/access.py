"""Who asks: the person behind a page or a request, by the way that this deployment identifies people."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace

from frametally.access.direct_client import Client
from frametally.access.identity import Identity
from frametally.access.people import People
from frametally.access.person import ANONYMOUS, GUEST, OPERATOR, Person, Role
from frametally.access.proxy_headers import ProxyHeaders
from frametally.access.sign_in_cookie import SignInCookie
from frametally.config.access_mode import AccessMode, JobsVisible
from frametally.config.settings import Settings
from frametally.errors import SettingsError
from frametally.ledger.ledger import Ledger

_MIN_SECRET_CHARS = 16


@dataclass(frozen=True, kw_only=True)
class Access:
    """How one deployment identifies people."""

    mode: AccessMode
    sign_in: SignInCookie | ProxyHeaders | None = None
    """None without a sign-in."""
    people: People | None = None

    def person(self, client: Client) -> Person:
        """The person behind this client."""
        return replace(self._person(client), origin=self.origin(client))

    def origin(self, client: Client) -> str:
        """The address of the client: of the socket, or as a proxy that has proved itself states it."""
        proven = self.sign_in.origin(client) if isinstance(self.sign_in, ProxyHeaders) else None
        return proven or client.ip or ""

    def _person(self, client: Client) -> Person:
        if self.people is not None:
            identity = self.identity(client)
            return self.people.person(identity) if identity else ANONYMOUS
        return OPERATOR if self.mode is AccessMode.OPEN or client.is_direct else GUEST

    def identity(self, client: Client) -> Identity | None:
        """The sign-in of this client, also one that has ended; None without one."""
        return self.sign_in.identity(client) if self.sign_in else None

    def is_ended(self, identity: Identity) -> bool:
        """Whether this sign-in has been ended."""
        return self.people is not None and self.people.is_ended(identity)


def open_access(settings: Settings, ledger: Ledger, link_secret: str) -> Access:
    """The access of a deployment.

    Raises:
        SettingsError: a setting of the sign-in is missing.
    """
    if settings.access is AccessMode.OIDC:
        _require(settings.oidc_url, "FRAMETALLY_OIDC_URL")
        _require(settings.oidc_client_id, "FRAMETALLY_OIDC_CLIENT_ID")
        _require(settings.oidc_client_secret, "FRAMETALLY_OIDC_CLIENT_SECRET")
        sign_in: SignInCookie | ProxyHeaders = SignInCookie(cookie_secret(link_secret))
    elif settings.access is AccessMode.PROXY:
        secret = _require(settings.proxy_secret, "FRAMETALLY_PROXY_SECRET")
        if len(secret) < _MIN_SECRET_CHARS:
            what = f"FRAMETALLY_PROXY_SECRET has fewer than {_MIN_SECRET_CHARS} characters."
            raise SettingsError(what, "Use a longer, random one.")
        sign_in = ProxyHeaders(secret, settings.proxy_user_header)
    else:
        return Access(mode=settings.access)
    people = People(
        ledger,
        admins=settings.access_admins,
        default_role=Role(settings.access_role),
        groups={group: Role(role) for group, role in settings.oidc_groups},
        sees_own_only=settings.jobs_visible is JobsVisible.OWN,
    )
    return Access(mode=settings.access, sign_in=sign_in, people=people)


def cookie_secret(link_secret: str) -> str:
    """The secret that signs the cookies of sign-ins, derived from that of the deployment."""
    return hmac.new(link_secret.encode(), b"frametally sign-in cookie", hashlib.sha256).hexdigest()


def _require(value: str | None, name: str) -> str:
    if not value:
        raise SettingsError(f"The sign-in needs the setting {name}.", "Add it, or remove FRAMETALLY_ACCESS.")
    return value
