"""Signing in at a real provider, and out again, with two browsers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from frametally.access.access import cookie_secret
from frametally.access.direct_client import Client
from frametally.access.sign_in_cookie import NAME, SignInCookie
from frametally.library.holder import Holder
from frametally.library.tickets import Tickets
from frametally.notifications.end_stream import ENDS_PREFIX
from tests.support.browser import FIRST_PAINT_MS, PATIENCE_MS
from tests.support.dashboards import Dashboard, starting_dashboards
from tests.support.oidc_provider import running_provider

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    with running_provider(["ada", "vic"]) as provider, starting_dashboards(tmp_path_factory.mktemp("sign-in")) as start:
        yield start(
            FRAMETALLY_ACCESS="oidc",
            FRAMETALLY_ACCESS_ADMINS="ada",
            FRAMETALLY_OIDC_URL=provider,
            FRAMETALLY_OIDC_CLIENT_ID="client",
            FRAMETALLY_OIDC_CLIENT_SECRET="secret",
        )


def sign_in(page: Page, dashboard: Dashboard, who: str) -> None:
    page.goto(f"{dashboard.url}/jobs")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=FIRST_PAINT_MS)
    expect(page.get_by_text("No jobs yet")).to_have_count(0)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=who).click()
    page.wait_for_url(f"{dashboard.url}/**")


@pytest.fixture(params=["one tab", pytest.param("two tabs", marks=pytest.mark.soak)])
def second(request: pytest.FixtureRequest, page: Page) -> Iterator[Page]:
    """Another tab of the same person; in `make test` the same one, as tests/access signs out with an open session."""
    if request.param == "one tab":
        yield page
        return
    tab = page.context.new_page()
    tab.set_default_timeout(PATIENCE_MS)
    yield tab
    tab.close()


def test_an_admin_signs_in_works_and_signs_out(dashboard: Dashboard, page: Page, second: Page) -> None:
    context = page.context
    sign_in(page, dashboard, "ada")
    expect(page.get_by_role("heading", name="Run a video")).to_be_visible(timeout=FIRST_PAINT_MS)
    second.goto(f"{dashboard.url}/configuration")
    expect(second.get_by_text("Signed in as Ada, admin.")).to_be_visible(timeout=FIRST_PAINT_MS)
    assert [cookie["name"] for cookie in context.cookies() if not cookie["httpOnly"]] in ([], ["_streamlit_xsrf"])

    copied = {"Cookie": "; ".join(f"{each['name']}={each['value']}" for each in context.cookies())}
    secret = (dashboard.data_dir / "secret").read_text().strip()
    identity = SignInCookie(cookie_secret(secret)).identity(Client.of(None, list(copied.items())))
    assert identity is not None
    assert (identity.subject, identity.name, NAME in copied["Cookie"]) == ("ada", "Ada", True)
    holder = Holder(person=identity.person_id, session=identity.session)
    stream = f"{dashboard.url}{ENDS_PREFIX}{Tickets(secret).held_by(holder).for_ends()}"
    with requests.get(stream, headers=copied, stream=True, timeout=20) as open_stream:
        assert open_stream.status_code == 200
        second.get_by_role("button", name="Sign out").click()
        second.get_by_role("button", name="End session").click()  # at the provider
        expect(second.get_by_role("heading", name="Sign in")).to_be_visible(timeout=FIRST_PAINT_MS)
        assert b"data:" not in open_stream.content  # the server ends it
    assert requests.get(stream, headers=copied, stream=True, timeout=20).status_code == 401
    if page is not second:
        page.get_by_role("link", name="Jobs", exact=True).click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    context.add_cookies(
        [{"name": NAME, "value": copied["Cookie"].split(f"{NAME}=")[1].split(";")[0], "url": dashboard.url}]
    )
    page.goto(f"{dashboard.url}/jobs")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=FIRST_PAINT_MS)


@pytest.mark.soak
def test_a_person_without_a_role_sees_their_id_and_no_jobs(dashboard: Dashboard, page: Page) -> None:
    sign_in(page, dashboard, "vic")
    expect(page.get_by_text("without a role in this dashboard")).to_be_visible(timeout=FIRST_PAINT_MS)
    expect(page.get_by_text("vic", exact=True)).to_be_visible()
    assert Path(dashboard.log).read_text().count("Traceback") == 0
