"""Configuration: which service runs the jobs, and the models that the team has saved."""

import streamlit as st

from components.configuration.notifications_panel import notifications_panel
from components.configuration.preset_editor import preset_form, preset_list
from components.configuration.service_form import service_form
from components.errors import escape_markdown
from components.model_picker import installed_models
from components.session import current_connection, get_deployment, use_connection
from frametally.job import EMBEDDED

st.title("Configuration")
deployment = get_deployment()
service, models = st.columns(2, gap="large")

with service:
    st.subheader("Service")
    chosen = service_form(deployment)
    if chosen:
        use_connection(chosen)
    connection = current_connection()
    opened = f" · workspace **{escape_markdown(connection.workspace)}**" if connection.workspace else ""
    if connection.is_ready:
        st.info(f"Jobs of this session run on **{escape_markdown(connection.label)}**{opened}.", icon=":material/dns:")
    else:
        st.warning(f"**{escape_markdown(connection.label)}** needs an API key.", icon=":material/key:")
    if connection.service == EMBEDDED:
        st.dataframe(
            [
                {"Model": f"{info.model_id}/{info.model_version}", "Classes": ", ".join(info.classes)}
                for info in installed_models(connection)
            ],
            hide_index=True,
        )
        st.caption("To add one, put its ONNX file at `<models folder>/<model id>/<version>/model.onnx`.")

with service:
    st.subheader("When a job ends")
    notifications_panel(deployment.notifier)

with models:
    st.subheader("Saved models")
    undo = st.session_state.get("preset_removed")
    removed = preset_list(deployment.ledger.presets())
    if removed:
        deployment.ledger.remove_preset(removed.name)
        st.session_state["preset_removed"] = removed
        st.rerun()
    if undo and st.button(f"Undo: bring back {escape_markdown(undo.name)}", icon=":material/undo:"):
        deployment.ledger.save_preset(st.session_state.pop("preset_removed"))
        st.rerun()
    added = preset_form()
    if added:
        deployment.ledger.save_preset(added)
        st.rerun()
