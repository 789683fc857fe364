"""The flags of cookies: each that a cookie can have and lacks is added on its way out."""

from __future__ import annotations

from typing import Final

_READ_BY_SCRIPTS: Final = frozenset({"_streamlit_xsrf"})
"""Streamlit's page reads it, and sends it back in another way than a cookie."""


def with_flags(cookie: str, *, is_https: bool) -> str:
    """The value of a `Set-Cookie` header with `HttpOnly`, `SameSite` and, over TLS, `Secure`."""
    flags = {part.partition("=")[0].strip().lower() for part in cookie.split(";")[1:]}
    wanted = {"SameSite": "SameSite=Lax"}
    if cookie.partition("=")[0].strip() not in _READ_BY_SCRIPTS:
        wanted["HttpOnly"] = "HttpOnly"
    if is_https:
        wanted["Secure"] = "Secure"
    return "; ".join([cookie, *(text for name, text in wanted.items() if name.lower() not in flags)])
