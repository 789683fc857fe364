"""The cookie that Streamlit writes after a sign-in, read for pages and routes alike.

Streamlit 1.67 signs it with `itsdangerous.URLSafeTimedSerializer`, salted with the cookie's name, and splits a long one
into `<name>_1` to `<name>_<n>`, with `chunks-<n>` in the cookie itself. The time of the signature is that of the
sign-in by the clock of this server. Sign-outs are not in it: see `people.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import cookie_parser

from frametally.access.direct_client import Client
from frametally.access.identity import Identity

NAME: Final = "_streamlit_user"
LIFETIME_S: Final = 30 * 24 * 3600
_MAX_CHUNKS: Final = 20


@dataclass(frozen=True)
class SignInCookie:
    """Reads the cookie with the secret that signs it."""

    secret: str = field(repr=False)
    lifetime_s: int = LIFETIME_S

    def identity(self, client: Client) -> Identity | None:
        """The person who signed in; None if there is no valid cookie."""
        cookies: dict[str, str] = {}
        for header in client.header("cookie"):
            cookies |= cookie_parser(header)
        signed = self._signed(cookies)
        if signed is None:
            return None
        text, signed_at = signed
        try:
            claims = json.loads(text)
        except ValueError:
            return None
        return _identity(claims, text, signed_at)

    def _signed(self, cookies: dict[str, str]) -> tuple[str, datetime] | None:
        first = self._load(cookies, NAME)
        count = re.fullmatch(r"chunks-(\d{1,3})", first[0]) if first else None
        if first is None or count is None:
            return first
        parts = [self._load(cookies, f"{NAME}_{number}") for number in range(1, min(int(count[1]), _MAX_CHUNKS) + 1)]
        known = [part for part in parts if part is not None]
        # The parts of one sign-in are signed together; those of two sign-ins do not make a third.
        is_whole = len(known) == len(parts) and all(abs(part[1] - first[1]).total_seconds() <= 1 for part in known)
        return ("".join(part[0] for part in known), first[1]) if is_whole else None

    def _load(self, cookies: dict[str, str], name: str) -> tuple[str, datetime] | None:
        try:
            serializer = URLSafeTimedSerializer(self.secret, salt=name)
            text, signed_at = serializer.loads(cookies.get(name, ""), max_age=self.lifetime_s, return_timestamp=True)
        except BadData:
            return None
        return (text, signed_at) if isinstance(text, str) else None


def _identity(claims: Any, text: str, signed_at: datetime) -> Identity | None:
    if not isinstance(claims, dict) or claims.get("is_logged_in") is not True:
        return None
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not (isinstance(issuer, str) and isinstance(subject, str) and issuer and subject):
        return None
    return Identity(
        issuer=issuer,
        subject=subject,
        name=str(claims.get("name") or claims.get("preferred_username") or claims.get("email") or subject)[:200],
        email=str(claims.get("email") or "")[:200],
        groups=_groups(claims.get("groups")),
        session=hashlib.sha256(f"{signed_at.timestamp()}\n{text}".encode()).hexdigest(),
        signed_in_at=signed_at,
    )


def _groups(claim: Any) -> tuple[str, ...]:
    return tuple(group for group in claim if isinstance(group, str)) if isinstance(claim, list) else ()
