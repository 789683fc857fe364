"""The UI script: navigation and what every page shares."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:  # Streamlit adds the script's folder, not the project
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402

from components.ended_jobs import ended_jobs  # noqa: E402
from components.errors import show_errors  # noqa: E402
from components.formatting import escape_markdown  # noqa: E402
from components.session import get_deployment  # noqa: E402
from frametally.health.checks import health_warnings  # noqa: E402
from frametally.health.link_secret import secret_warnings  # noqa: E402
from frametally.job import JobStatus  # noqa: E402

st.set_page_config(page_title="Frametally", page_icon=str(ROOT / "components/assets/mark.svg"), layout="wide")
st.logo(ROOT / "components/assets/logo.svg", size="large")
PAGES = {
    name: st.Page(ROOT / f"pages/{name}.py", title=name.capitalize(), icon=icon, url_path=name)
    for name, icon in (
        ("analytics", ":material/monitoring:"),
        ("jobs", ":material/list_alt:"),
        ("upload", ":material/upload:"),
        ("configuration", ":material/tune:"),
    )
}


def start() -> None:
    """Redirect to Analytics or Upload. A separate page, because the default page has no URL to link to."""
    finished = get_deployment().ledger.jobs(statuses=[JobStatus.SUCCEEDED], limit=1)
    st.switch_page(PAGES["analytics" if finished else "upload"])


st.html(Path(__file__).parent / "assets/shell.css")
page = st.navigation(
    [st.Page(start, title="Start", default=True, visibility="hidden"), *PAGES.values()], position="top"
)
with show_errors():
    deployment = get_deployment()
    if faults := deployment.settings.engine_faults:
        st.warning(
            f"Fault mode: the built-in engine simulates {escape_markdown(faults)}.", icon=":material/bug_report:"
        )
    ended_jobs(deployment.ledger)
    for warning in [
        *health_warnings(deployment.settings),
        *secret_warnings(deployment.ledger, deployment.link_secret),
    ]:
        st.warning(
            f"**{escape_markdown(warning.what)}** {escape_markdown(warning.next_step)}", icon=":material/warning:"
        )
    page.run()
