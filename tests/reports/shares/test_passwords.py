"""Links with a password: the form, the cookie of a browser that has given it, and guessing."""

from __future__ import annotations

import asyncio
import re
import threading

import pytest
import requests
from starlette.applications import Starlette

from frametally.ledger.shares import share_with_id
from frametally.network.routes import starlette_routes
from frametally.reports.shares import routes
from frametally.reports.shares.passwords import hash_password, is_password
from frametally.reports.shares.routes import share_routes
from tests.reports.shares.conftest import Shared
from tests.support.asgi import ask
from tests.support.event_loops import run_coroutine

PASSWORD = "open sésame"


def unlock(shared: Shared, path: str, password: str, **headers: str) -> requests.Response:
    return shared.get(f"{path}/password", "POST", data={"password": password}, headers=headers)


def test_the_password_opens_one_link_in_one_browser(shared: Shared) -> None:
    new, other = shared.share(password=PASSWORD), shared.share(password=PASSWORD)
    assert "kitchen" not in shared.get(new.path).text
    answer = unlock(shared, new.path, PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, f"../{new.token}")
    cookie = answer.headers["set-cookie"]
    assert re.search("; HttpOnly", cookie)
    assert re.search("; SameSite=lax", cookie, re.IGNORECASE)
    assert "path=" not in cookie.lower()  # that of the form, below which everything of this link is
    given = {"Cookie": cookie.partition(";")[0]}
    assert shared.get(new.path, headers=given).status_code == 200
    assert shared.get(other.path, headers=given).status_code == 401
    with requests.Session() as browser:
        browser.post(f"{shared.url}{new.path}/password", data={"password": PASSWORD}, timeout=10)
        assert browser.get(f"{shared.url}{new.path}", timeout=10).status_code == 200
        assert browser.get(f"{shared.url}{other.path}", timeout=10).status_code == 401


@pytest.mark.parametrize("password", ["", "open", "open sésame ", "OPEN SÉSAME", "x" * 5000])
def test_another_password_is_refused(shared: Shared, password: str) -> None:
    answer = unlock(shared, shared.share(password=PASSWORD).path, password)
    assert answer.status_code in (403, 413)
    assert "set-cookie" not in answer.headers


def test_a_view_that_another_site_embeds_asks_in_a_tab_of_its_own(shared: Shared) -> None:
    path = shared.share(password=PASSWORD).path
    pages = {kind: shared.get(path, headers={"Sec-Fetch-Dest": kind}).text for kind in ("document", "iframe")}
    assert {kind: 'target="_blank"' in page for kind, page in pages.items()} == {"document": False, "iframe": True}


def test_guessing_is_slowed_down_for_each_client_and_link(shared: Shared) -> None:
    new, other = shared.share(password=PASSWORD), shared.share(password=PASSWORD)
    seen = [unlock(shared, new.path, f"guess {number}").status_code for number in range(12)]
    assert seen[:10] == [403] * 10
    assert seen[10:] == [429] * 2
    late = unlock(shared, new.path, PASSWORD)
    assert (late.status_code, "set-cookie" in late.headers) == (429, False)
    assert unlock(shared, other.path, PASSWORD).status_code == 303


def test_passwords_that_wait_to_be_compared_keep_no_reader_waiting(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, open_, may_end = shared.share(password=PASSWORD), shared.share(), threading.Event()
    monkeypatch.setattr(routes, "is_password", lambda *_: may_end.wait(10))
    app = Starlette(routes=starlette_routes(share_routes(shared.opened, secret="s")))

    async def read_beside_many() -> int:
        form = {"path": f"{locked.path}/password", "method": "POST", "body": (b"password=x",)}
        clients = [f"203.0.113.{number}" for number in range(50)]
        asking = [asyncio.create_task(ask(app, client=client, **form)) for client in clients]  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        status_code = (await asyncio.wait_for(ask(app, open_.path), 5)).status_code
        may_end.set()
        await asyncio.gather(*asking)
        return status_code

    try:
        assert run_coroutine(read_beside_many()) == 200
    finally:
        may_end.set()


def test_a_form_of_another_site_and_a_forged_cookie_are_refused(shared: Shared) -> None:
    new = shared.share(password=PASSWORD)
    forged = unlock(shared, new.path, PASSWORD, **{"Sec-Fetch-Site": "cross-site"})
    assert (forged.status_code, "set-cookie" in forged.headers) == (403, False)
    for value in ("", "x", "eyJ4Ijoi.x.y"):
        assert shared.get(new.path, headers={"Cookie": f"frametally_share={value}"}).status_code == 401


def test_only_a_salted_hash_is_kept(shared: Shared) -> None:
    kept = share_with_id(shared.shares.validity.ledger, shared.share(password=PASSWORD).share.id)
    assert kept
    assert PASSWORD not in kept.password_hash
    assert hash_password(PASSWORD) != kept.password_hash
    assert is_password(PASSWORD, kept.password_hash)
    assert not is_password("another", kept.password_hash)
