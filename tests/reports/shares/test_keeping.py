"""What is kept of links: views are counted together, briefs keep up with jobs, and no token is anywhere."""

from __future__ import annotations

import logging
import threading
import weakref
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from frametally.access.person import Person
from frametally.analysis.view_spec import ViewSpec
from frametally.backup.create import back_up
from frametally.config.settings import Settings
from frametally.errors import ViewError
from frametally.ledger.people.audit import audit_entries
from frametally.ledger.shares import Share, share_with_id
from frametally.reports.request import BriefRequest
from frametally.reports.shares.kept_brief import BRIEF_NAME
from frametally.reports.shares.open_shares import FRESH_S, KEEP_UP_EVERY_S, OpenShare, OpenShares
from frametally.reports.shares.shares import Shares
from frametally.reports.shares.views import ViewCounter
from frametally.reports.shares.webhook_links import WebhookLinks
from tests.reports.shares.conftest import Shared
from tests.support.event_loops import run_coroutine
from tests.support.ledgers import START
from tests.support.people import admin, viewer
from tests.support.polling import until


def test_views_are_counted_in_one_write(shared: Shared) -> None:
    new = shared.share()
    for _ in range(3):
        shared.get(new.path)
    shared.get(new.path, "HEAD")
    kept = share_with_id(shared.shares.validity.ledger, new.share.id)
    assert kept
    assert kept.views == 0
    listed = {share.id: share for share in shared.shares.seen_by(shared.ann)}[new.share.id]
    assert listed.views == 3
    assert listed.last_viewed_at is not None


def test_views_are_not_lost_while_the_ledger_is_away() -> None:
    written: list[dict[str, int]] = []
    fails = [True]

    def write(views: object) -> None:
        if fails.pop() if fails else False:
            raise OSError
        written.append(dict(views))  # type: ignore[call-overload]

    counter = ViewCounter(write, every_s=60)
    for _ in range(2):
        counter.add("a")
    counter.flush()
    counter.add("a")
    counter.flush()
    assert written == [{"a": 3}]


def test_a_link_that_keeps_up_shows_the_new_results(shared: Shared) -> None:
    frozen, following = shared.share(), shared.share(follows=True)
    shared.briefs.text = "second"
    shared.opened._kept_up_s.clear()
    made = shared.briefs.made
    shared.until_asked_again()
    until(lambda: "second" in shared.get(following.path).text)
    shared.opened._kept_up_s.clear()
    shared.until_asked_again()
    shared.get(following.path)
    assert "first" in shared.get(frozen.path).text
    assert shared.briefs.made == made + 1


def test_a_brief_is_made_again_only_once_at_a_time(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    following, may_end, now_s = shared.share(follows=True), threading.Event(), [0.0]
    asked = list[str]()

    def wait(share: Share) -> bool:
        asked.append(share.id)
        return may_end.wait(10)

    monkeypatch.setattr(Shares, "keep_up", lambda _, share: wait(share))
    opened = OpenShares(shared.shares, plotly_url="", clock=lambda: now_s[0])
    for _ in range(3):
        now_s[0] += KEEP_UP_EVERY_S + 1
        opened._open(following.token)
    may_end.set()
    opened._builder.shutdown()
    assert asked == [following.share.id]


def test_documents_that_no_reader_asks_for_are_let_go(shared: Shared) -> None:
    first, second, now_s = shared.share(), shared.share(), [0.0]
    opened = OpenShares(shared.shares, plotly_url="", clock=lambda: now_s[0])

    async def read() -> weakref.ref[OpenShare]:
        found = await opened.find(first.token)
        assert found
        return weakref.ref(found)

    async def read_both() -> bool:
        known = await read()
        now_s[0] += FRESH_S + 0.1
        await opened.find(second.token)
        return known() is None

    assert run_coroutine(read_both())
    opened.close()


def test_a_brief_that_cannot_be_read_is_made_again(shared: Shared) -> None:
    new = shared.share()
    (shared.shares.folder / new.share.id / BRIEF_NAME).write_bytes(b"of another version")
    assert "This view is being prepared." in shared.get(new.path).text
    until(lambda: shared.status(new) == 200)


def test_each_sees_and_ends_own_links_and_an_admin_all(shared: Shared) -> None:
    new = shared.share(name="Ann's")
    seen = {who.name: new.share.id in {each.id for each in shared.shares.seen_by(who)} for who in people(shared)}
    assert seen == {"Ann": True, "ada": True, "vic": False}


def people(shared: Shared) -> list[Person]:
    return [shared.ann, admin("ada"), viewer("vic")]


def test_who_made_and_ended_a_link_is_in_the_activity(shared: Shared) -> None:
    new = shared.share(name="Dock, week 9")
    shared.shares.end(new.share.id, actor=shared.ann)
    entries = audit_entries(shared.deployment.ledger, 1000)
    said = [entry.what for entry in entries if entry.actor == shared.ann.id and "Dock, week 9" in entry.what]
    assert sorted(said) == ["Link created: Dock, week 9, until 31 Mar 2026.", "Link ended: Dock, week 9."]


def test_no_token_is_in_the_data_folder_a_backup_or_a_log(
    shared: Shared, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        new = shared.share(password="open sesame")
        shared.get(new.path)
        shared.get(f"{new.path}/password", "POST", data={"password": "wrong one"})
        shared.get(f"{new.path}/files/none")
    settings: Settings = shared.deployment.settings
    back_up(settings, tmp_path / "backup.zip", parts=[], made_at=START)
    files = [path for path in (*settings.data_dir.rglob("*"), tmp_path / "backup.zip") if path.is_file()]
    assert len(files) > 5
    secrets = (new.token, "open sesame")
    assert [path.name for path in files if any(secret.encode() in path.read_bytes() for secret in secrets)] == []
    own = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("urllib3"))
    assert not any(secret in own for secret in secrets)


def test_the_message_of_a_job_has_one_link_with_the_rights_of_its_owner(shared: Shared) -> None:
    links = WebhookLinks(shared.shares, "https://tally.example.com/tools/")
    first, second = links(shared.job), links(shared.job)
    assert first is not None
    assert first.startswith("https://tally.example.com/tools/frametally/shared/")
    assert first == second
    assert shared.get(first.removeprefix("https://tally.example.com/tools")).status_code == 200
    assert WebhookLinks(shared.shares, "https://x")(replace(shared.job, owner="person-gone")) is None


@pytest.mark.parametrize("error", [ViewError("It failed."), OSError("It failed."), ValueError("It failed.")])
def test_the_message_of_a_job_goes_without_a_link_whose_brief_fails(
    shared: Shared, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(shared.briefs, "make", fail)
    assert WebhookLinks(shared.shares, "https://x")(shared.job) is None


def test_a_link_is_kept_as_the_request_of_its_brief(shared: Shared) -> None:
    request = BriefRequest(view=ViewSpec(job_ids=(shared.job.id,), confidence=0.4), title="Cups")
    new = shared.share(request=request, expires_at=START + timedelta(days=7))
    kept = share_with_id(shared.shares.validity.ledger, new.share.id)
    assert kept
    assert BriefRequest.from_json(kept.request) == request
    assert kept.name == "Dock"
