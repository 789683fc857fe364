"""The dialog *Share* and the page of shared links."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components.session import announce_routes
from frametally.clock import utc_now
from frametally.deployment import Deployment
from frametally.ledger.shares import Share, SharedJob, add_share, all_shares, count_views
from frametally.reports.request import BriefRequest
from tests.support.ledgers import START
from tests.support.pages import button, open_link, open_tab, texts
from tests.support.people import admin
from tests.support.results_files import finished_job


@pytest.fixture
def dialog(deployment: Deployment, small_video: Path) -> AppTest:
    """The dialog, opened on the analytics of a job."""
    announce_routes()
    finished_job(deployment, small_video)
    app = open_link(job="job-1", model="kitchen")
    button(app, "Share").click().run()
    assert not app.exception
    return app


def test_a_link_is_made_of_the_view_and_listed_until_it_is_ended(dialog: AppTest, deployment: Deployment) -> None:
    dialog.text_input(key="brief_title").set_value("Cups *today*")
    dialog.multiselect(key="brief_blurred").set_value(["person"])
    dialog.multiselect(key="brief_evidence").set_value([])
    dialog.text_input(key="share_password").set_value("open sesame")
    dialog.run()
    assert dialog.toggle(key="share_video").disabled
    assert dialog.toggle(key="share_preview").disabled
    dialog.button(key="share_create").click().run()
    assert not dialog.exception
    assert "Cups \\*today\\*** can be opened until" in dialog.success[0].value
    (share,) = all_shares(deployment.ledger)
    request = BriefRequest.from_json(share.request)
    assert (request.view.job_ids, request.view.model) == (("job-1",), "kitchen")
    assert (request.title, request.blurred) == ("Cups *today*", ("person",))
    assert (share.has_video, share.shows_preview, bool(share.password_hash)) == (False, False, True)
    assert round((share.expires_at - share.created_at).total_seconds() / 86400, 3) == 30

    count_views(deployment.ledger, {share.id: 2}, START)
    page = open_tab("shares")
    assert "**Cups \\*today\\***" in texts(page)
    assert "**2 views**" in texts(page)
    page.button(key=f"end-{share.id}").click().run()
    page.button(key="share_end").click().run()
    assert not page.exception
    assert "No shared links" in page.info[-1].value
    assert all_shares(deployment.ledger)[0].revoked_at is not None


def test_a_job_that_is_gone_is_named_as_the_reason_why_a_link_is_not_served(
    dialog: AppTest, deployment: Deployment
) -> None:
    dialog.multiselect(key="brief_evidence").set_value([])
    dialog.button(key="share_create").click().run()
    with deployment.ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE job SET deleted_at = 1")
    assert "Not served: its job" in texts(open_tab("shares"))


def test_a_brief_is_one_file(dialog: AppTest, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("components.analytics.sharing.brief_file")  # the package has a function of this name
    monkeypatch.setattr(module, "find_browser", lambda _: "browser")
    monkeypatch.setattr(module, "make_pdf", lambda *_: b"%PDF-")
    dialog.multiselect(key="brief_evidence").set_value([])
    dialog.segmented_control(key="share_way").set_value("Download a brief").run()
    dialog.button(key="brief_html").click().run()
    assert not dialog.exception
    (file,) = (deployment.settings.results_dir / "job-1" / "derived").glob("brief-*.html")
    assert file.read_bytes().startswith(b"<!doctype html>")
    dialog.button(key="brief_pdf").click().run()
    assert not dialog.exception
    (printed,) = file.parent.glob("brief-*.pdf")
    assert printed.read_bytes() == b"%PDF-"
    dialog.button(key="brief_html").click().run()
    assert len(list(file.parent.glob("brief-*.html"))) == 2, "what is delivered never changes under its name"


def test_each_person_has_a_file_of_their_own(
    dialog: AppTest, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("components.analytics.sharing.brief_file")
    dialog.multiselect(key="brief_evidence").set_value([])
    dialog.segmented_control(key="share_way").set_value("Download a brief").run()
    for name in ("ada", "ann"):  # what each of them sees may differ
        monkeypatch.setattr(module, "current_person", partial(admin, name))
        dialog.button(key="brief_html").click().run()
    folder = deployment.settings.results_dir / "job-1" / "derived"
    written = [path.read_text() for path in folder.glob("brief-*.html")]
    assert [sum(f"by {name}" in text for text in written) for name in ("ada", "ann")] == [1, 1]


def test_many_links_are_found_by_their_name(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.shares.share_list._MAX_SHOWN", 2)
    for number, name in enumerate(("Dock", "Yard", "Gate")):
        created_at = utc_now() + timedelta(seconds=number)
        add_share(
            deployment.ledger,
            Share(
                id=f"share-{number}",
                token_sha256=name,
                name=name,
                request="{}",
                maker=None,
                maker_role="none",
                created_at=created_at,
                expires_at=created_at + timedelta(days=1),
            ),
            [SharedJob(job_id="job-1")],
        )
    page = open_tab("shares")
    assert "The newest 2 of 3 links." in texts(page)
    assert [name in texts(page) for name in ("Dock", "Yard", "Gate")] == [False, True, True]
    page.text_input(key="share_search").set_value("dOC").run()
    assert [name in texts(page) for name in ("Dock", "Yard", "Gate")] == [True, False, False]


def test_who_may_not_share_can_download(
    deployment: Deployment, small_video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce_routes()
    finished_job(deployment, small_video)
    monkeypatch.setattr("components.analytics.sharing.is_allowed", lambda *_: False)
    app = open_link(job="job-1", model="kitchen")
    button(app, "Share").click().run()
    assert "You cannot share views by link." in app.info[-1].value
