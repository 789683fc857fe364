"""Jobs: their status, their progress, and what can be done with them."""

import streamlit as st

from components.access import is_ever_allowed
from components.errors import show_errors
from components.jobs.job_commands import JobCommand, execute, request_dialog
from components.jobs.job_dialogs import job_dialog
from components.jobs.job_list import csv_button, job_list, refresh_s
from components.session import current_connection, get_deployment
from frametally.access.permissions import Action

deployment, connection = get_deployment(), current_connection()
may_import = connection.is_ready and is_ever_allowed(Action.IMPORT)
with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Jobs", width="stretch")
    csv_button(deployment.ledger)
    if st.button("Import job", icon=":material/add_link:", disabled=not may_import):
        request_dialog(JobCommand("import", ()))
every_s = refresh_s(deployment.ledger)


@st.fragment(run_every=every_s)
@show_errors()
def live_jobs() -> None:
    """Reads the ledger only; the watcher polls the services, whether or not a page is open."""
    with st.container(key="live_jobs"):
        command = job_list(deployment)
    if command:
        execute(deployment, command)
    if refresh_s(deployment.ledger) != every_s:
        st.rerun()


live_jobs()
job_dialog(deployment, connection)
