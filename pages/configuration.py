"""Configuration: the service that runs the jobs, notifications, and the saved models."""

import streamlit as st

from components.access import is_ever_allowed
from components.configuration.account_panel import account_panel
from components.configuration.notifications_panel import notifications_panel
from components.configuration.preset_editor import preset_editor
from components.configuration.service_panel import service_panel
from components.configuration.storage_panel import storage_panel
from components.session import current_connection, get_deployment
from frametally.access.permissions import Action

st.title("Configuration")
deployment = get_deployment()
left, right = st.columns(2, gap="large")

with left:
    st.header("Service")
    service_panel(deployment)
    st.header("Notifications")
    notifications_panel(deployment.notifier)

with right:
    st.header("Saved models")
    preset_editor(deployment.ledger, current_connection())
    st.header("Storage")
    storage_panel(deployment)
    account_panel()
    if is_ever_allowed(Action.SHARE):
        st.page_link("../pages/shares.py", label="Shared links", icon=":material/link:", width="content")
