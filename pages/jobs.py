"""Jobs: what runs where, how far it is, and what came of it."""

import streamlit as st

from components.errors import told
from components.jobs.job_commands import Wish, carry_out, want_dialog
from components.jobs.job_dialogs import job_dialog
from components.jobs.job_list import job_list, refresh_s
from components.session import current_connection, workbench

bench, connection = workbench(), current_connection()
with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Jobs", width="stretch")
    if st.button("Adopt a job", icon=":material/add_link:", disabled=not connection.is_ready):
        want_dialog(Wish("adopt", ()))
every_s = refresh_s(bench.store)


@st.fragment(run_every=every_s)
@told()
def live_jobs() -> None:
    """Only reads the ledger; the watcher does the asking, tab or no tab."""
    wish = job_list(bench)
    if wish:
        carry_out(bench, wish)
    if refresh_s(bench.store) != every_s:
        st.rerun()


live_jobs()
job_dialog(bench, connection)
