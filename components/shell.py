"""The UI script: navigation and what every page shares."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:  # Streamlit adds the script's folder, not the project
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from streamlit.runtime.scriptrunner import get_script_run_ctx  # noqa: E402

from components.ended_jobs import ended_jobs  # noqa: E402
from components.errors import show_errors  # noqa: E402
from components.formatting import escape_markdown  # noqa: E402
from components.session import begin_visit, get_deployment  # noqa: E402
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
    if unknown := _unknown_path():
        st.title("Page not found")
        st.error(f"There is no page `/{unknown.replace('`', '')}`.", icon=":material/link_off:")
        for page in PAGES.values():
            st.page_link(page)
        return
    finished = get_deployment().ledger.jobs(statuses=[JobStatus.SUCCEEDED], limit=1)
    st.switch_page(PAGES["analytics" if finished else "upload"])


def _unknown_path() -> str:
    """The path of the address if it is not one of a page: Streamlit then runs the default page."""
    context = get_script_run_ctx()
    name = context.pages_manager.intended_page_name if context else None
    return name if name and name not in PAGES else ""


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
    begin_visit(page.url_path)
    page.run()
