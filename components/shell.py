"""The UI script: navigation and the frame around every page."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:  # Streamlit puts the folder of the script there, not the project
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from components.error_notice import error_notice  # noqa: E402
from components.session import current_connection  # noqa: E402
from video_inference.errors import FrametallyError  # noqa: E402

st.set_page_config(page_title="Frametally", page_icon=str(ROOT / "components/assets/mark.svg"), layout="wide")
st.logo(str(ROOT / "components/assets/logo.svg"), icon_image=str(ROOT / "components/assets/mark.svg"), size="large")
page = st.navigation(
    [
        st.Page(ROOT / "pages/analytics.py", title="Analytics", icon=":material/monitoring:", url_path="analytics"),
        st.Page(ROOT / "pages/jobs.py", title="Jobs", icon=":material/list_alt:", url_path="jobs"),
        st.Page(ROOT / "pages/upload.py", title="Upload", icon=":material/upload:", url_path="upload", default=True),
        st.Page(
            ROOT / "pages/configuration.py", title="Configuration", icon=":material/tune:", url_path="configuration"
        ),
    ],
    position="top",
)
try:
    connection = current_connection()
    page.run()
except FrametallyError as error:
    error_notice(error)
