"""The service that a browser has chosen, remembered in a cookie.

The cookie has a signed ticket: it names the fingerprint of the API key, never the key, and cannot be forged.
"""

from __future__ import annotations

import streamlit as st

from frametally.errors import MediaError
from frametally.library.tickets import SERVICE_LIFETIME_S, ServiceTicket, Tickets

_COOKIE = "frametally_service"

# The path is that of the dashboard, without the page: other apps may be on the same host.
_WRITE = """
export default function ({ data }) {
  const path = new URL(".", document.baseURI).pathname;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${data.name}=${data.ticket}; Path=${path}; Max-Age=${data.lifetime_s}; SameSite=Lax${secure}`;
}
"""
_write = st.components.v2.component("frametally.remember_service", js=_WRITE)


def remember_service(ticket: str) -> None:
    """Write the cookie."""
    _write(key="remember_service", data={"name": _COOKIE, "ticket": ticket, "lifetime_s": SERVICE_LIFETIME_S})


def remembered_service(tickets: Tickets) -> ServiceTicket | None:
    """The service of the cookie as the browser sent it when this session began; None without a valid one."""
    try:
        return tickets.check_service(st.context.cookies.get(_COOKIE, ""))
    except MediaError:
        return None
