"""Secrets that a request presents."""

from __future__ import annotations

import hmac
from typing import Final

from starlette.requests import Request

_BEARER: Final = "Bearer "


def same_secret(given: str, expected: str) -> bool:
    """Whether both are equal, in a time that does not depend on how much of them is; nothing equals an empty one."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def has_key(request: Request, key: str) -> bool:
    """Whether the request has this key, as a bearer token or as the parameter `api_key`."""
    authorization = request.headers.get("authorization", "")
    bearer = authorization.removeprefix(_BEARER) if authorization.startswith(_BEARER) else ""
    return same_secret(bearer or request.query_params.get("api_key", ""), key)
