"""The UI script: navigation and what every page shares."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:  # Streamlit adds the script's folder, not the project
    sys.path.insert(0, str(ROOT))

import streamlit as st  # noqa: E402
from streamlit.runtime.scriptrunner import get_script_run_ctx  # noqa: E402

from components.access import access_notice, has_people  # noqa: E402
from components.ended_jobs import ended_jobs  # noqa: E402
from components.errors import show_errors  # noqa: E402
from components.formatting import escape_markdown  # noqa: E402
from components.header.header_bar import header_bar  # noqa: E402
from components.header.left_pages import drop_runs_of_left_pages  # noqa: E402
from components.header.page_title import set_page_title, start_page_title  # noqa: E402
from components.hidden_tabs import pause_hidden_tabs  # noqa: E402
from components.session import begin_visit, get_deployment, serves_routes  # noqa: E402
from frametally.health.checks import health_warnings  # noqa: E402
from frametally.health.engine_key import key_warnings  # noqa: E402
from frametally.health.link_secret import secret_warnings  # noqa: E402
from frametally.job import JobStatus  # noqa: E402

drop_runs_of_left_pages()
start_page_title()  # before the navigation, which would load its icon for the tab from another server
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
    return name if name and name not in (*PAGES, "help", "people", "shares") else ""


pause_hidden_tabs()  # first, as browsers then load what all components need while the rest of the page is made
if not serves_routes():  # otherwise the document has them
    st.html(ROOT / "components/assets/shell.css")
HELP = st.Page(ROOT / "pages/help.py", title="Help", url_path="help", visibility="hidden")
START = st.Page(start, title="Start", default=True, visibility="hidden")
PEOPLE = st.Page(
    ROOT / "pages/people.py",
    title="People",
    icon=":material/group:",
    url_path="people",
    visibility="visible" if has_people() else "hidden",
)
SHARES = st.Page(ROOT / "pages/shares.py", title="Shared links", url_path="shares", visibility="hidden")
page = st.navigation([START, *PAGES.values(), PEOPLE, SHARES, HELP], position="top")
with show_errors():
    deployment = get_deployment()
    name = "" if page == START else page.title
    title = set_page_title(name, deployment.ledger)
    header_bar(deployment)
    if faults := deployment.settings.engine_faults:
        st.warning(
            f"Fault mode: the built-in engine simulates {escape_markdown(faults)}.", icon=":material/bug_report:"
        )
    ended_jobs(deployment.ledger)
    with st.container():  # so that a warning that comes or goes does not move the page, whose parts would begin again
        for warning in [
            *health_warnings(deployment.settings),
            *secret_warnings(deployment.ledger, deployment.link_secret),
            *key_warnings(deployment.engine_records, deployment.settings.engine_key),
        ]:
            st.warning(
                f"**{escape_markdown(warning.what)}** {escape_markdown(warning.next_step)}", icon=":material/warning:"
            )
        access_notice()
    begin_visit(page.url_path)
    page.run()
    set_page_title(name, deployment.ledger, title)  # the page may have chosen a job
