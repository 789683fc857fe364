"""The health server of this dashboard, with the figures that it reports."""

from __future__ import annotations

import streamlit as st
from sqlalchemy.exc import SQLAlchemyError

from components.server.run_slots import RunSlots
from frametally.deployment import Deployment
from frametally.health.beacon import Beacon
from frametally.health.figures import Figures, jobs_by_status, memory_bytes
from frametally.network.doors.full_house import House

_EVERYWHERE = "0.0.0.0"  # noqa: S104 (as Streamlit without server.address)


def make_beacon(deployment: Deployment, house: House, slots: RunSlots) -> Beacon | None:
    """The beacon of `FRAMETALLY_HEALTH_PORT`; None without it."""
    port = deployment.settings.health_port
    if port is None:
        return None

    def figures() -> Figures:
        try:
            jobs = jobs_by_status(deployment.ledger)
        except SQLAlchemyError:  # a temporary outage
            jobs = {}
        return Figures(
            sessions=house.open,
            starting_sessions=house.starting,
            runs=slots.running,
            waiting_runs=slots.waiting,
            memory_bytes=memory_bytes(),
            jobs=jobs,
        )

    return Beacon(st.get_option("server.address") or _EVERYWHERE, port, deployment.engine_key, figures)
