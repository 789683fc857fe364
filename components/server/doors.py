"""The middleware around every route of this server, from the settings and Streamlit's options."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import streamlit as st
from starlette.middleware import Middleware
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from components.server.start_document import INDEX, start_document
from frametally.deployment import Deployment
from frametally.network.base_path import AddBasePath
from frametally.network.doors.connections import SlowBodies
from frametally.network.doors.content_policy import page_policy
from frametally.network.doors.full_house import FullHouse, House
from frametally.network.doors.headers import SecurityHeaders
from frametally.network.doors.hosts import HostDoor, Hosts, host_name
from frametally.network.doors.own_document import OwnDocument
from frametally.network.doors.rate_limits import RateLimits
from frametally.network.doors.streamlit_routes import StreamlitRoutes

_HEALTH = "/_stcore/health"
_MAX_END_BYTES = 200


def server_doors(
    deployment: Deployment, own_url: str, base_path: str, house: House, preloads: Sequence[Middleware]
) -> list[Middleware]:
    """The doors, the outermost first; `preloads` are those of what the pages need."""
    settings = deployment.settings
    document = start_document()
    policy = page_policy(document, settings.frame_ancestors)
    hosts = _hosts(settings.allowed_hosts, own_url, settings.public_url)
    return [
        Middleware(SecurityHeaders, page_policy=policy),
        *preloads,
        Middleware(OwnDocument, theirs=INDEX.read_bytes(), ours=document.encode()),
        *([Middleware(AddBasePath, base_path=base_path)] if base_path else []),
        Middleware(HostDoor, hosts=hosts, exempt=[base_path + _HEALTH]),
        Middleware(SlowBodies),
        Middleware(RateLimits, base_path=base_path),
        Middleware(StreamlitRoutes, key=deployment.engine_key, base_path=base_path),
        Middleware(FullHouse, house=house, ends_run=ends_run, base_path=base_path),
    ]


def ends_run(message: bytes) -> bool:
    """Whether a message to a page says that a run has ended; such a message is short."""
    if len(message) > _MAX_END_BYTES:
        return False
    return bool(ForwardMsg.FromString(message).WhichOneof("type") == "script_finished")


def _hosts(allowed: tuple[str, ...], own_url: str, public_url: str | None) -> Hosts:
    """Streamlit checks origins as well, but asks a server in the internet for its own address before it refuses one."""
    address = st.get_option("browser.serverAddress")
    named = [urlsplit(public_url).hostname or ""] if public_url else []
    named += [address] if address not in (None, "localhost") else []
    trusted = [urlsplit(each).hostname or host_name(each) for each in st.get_option("server.corsAllowedOrigins") or []]
    return Hosts(
        allowed=allowed,
        own=(*named, urlsplit(own_url).hostname or ""),
        origins=(*allowed, *named, *trusted) if st.get_option("server.enableCORS") else None,
    )
