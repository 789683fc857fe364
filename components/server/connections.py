"""Puts the bounds of connections into the server that Streamlit starts, which has no option for them."""

from __future__ import annotations

from importlib import import_module

from frametally.network.doors.connections import allow_connections, bounded

_MODULE, _PROTOCOL = "uvicorn.protocols.http.auto", "AutoHTTPProtocol"
"""Where uvicorn finds its protocol."""


def bound_connections() -> None:
    """Bound them in this process; without the class of uvicorn, nothing is bounded.

    uvicorn has chosen the class when it loads this app, and makes an object of it for each connection: that object
    becomes one of the subclass.
    """
    try:
        protocol = getattr(import_module(_MODULE), _PROTOCOL)
    except (ImportError, AttributeError):
        return
    subclass = bounded(protocol, max_connections=allow_connections())

    def make(_: type[object], *_args: object, **_options: object) -> object:
        return object.__new__(subclass)

    protocol.__new__ = make
