"""Who makes an HTTP request."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request

from frametally.access.access import Access
from frametally.access.direct_client import Client
from frametally.access.person import Person


def person_of(access: Access) -> Callable[[Request], Person]:
    """A function that returns the person who makes a request."""

    def find(request: Request) -> Person:
        return access.person(Client.of(request.client.host if request.client else None, request.headers.items()))

    return find
