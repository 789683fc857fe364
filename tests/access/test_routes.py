"""Every route of the app as each kind of client, over a socket: expected and seen."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from frametally.access.access import cookie_secret
from frametally.access.direct_client import Client
from frametally.access.guard import ROUTE_ACTIONS
from frametally.access.identity import Identity
from frametally.access.people import known_person
from frametally.access.permissions import Action
from frametally.access.sign_in_cookie import NAME, SignInCookie
from frametally.ledger.people import end_all_sessions, end_session, see_person, set_role
from frametally.library.holder import Holder
from frametally.library.routes import FILES_PREFIX, UPLOADS_PREFIX
from frametally.library.tickets import Tickets, ViewTicket
from frametally.notifications.end_stream import ENDS_PREFIX
from frametally.rendering.playback.routes import VIEWS_PREFIX
from tests.support.ledgers import START, open_ledger
from tests.support.polling import until
from tests.support.served_routes import Row, ServedRoutes, serving_routes
from tests.support.sign_ins import ISSUER, OIDC_SETTINGS, cookie

FORWARDED = {"X-Forwarded-For": "192.0.2.7"}
REFUSED_FOR_GUESTS = {
    "Begin an upload",
    "Get the offset of an upload",
    "Append to an upload",
    "Cancel an upload",
    "Run the method in X-HTTP-Method-Override",
    "Draw frames to check",
    "Keep what is in a frame",
    "Choose labels",
    "Remove labels",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoutes]:
    with serving_routes(tmp_path_factory.mktemp("data"), {}) as served:
        yield served


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoutes]:
    """The routes with a sign-in; vic is a viewer, ann an analyst, ada an admin, and sam has no role."""
    data_dir = tmp_path_factory.mktemp("signed-in")
    with serving_routes(data_dir, OIDC_SETTINGS) as served:
        with open_ledger(f"sqlite:///{data_dir}/frametally.db") as ledger:
            for subject, role in (("vic", "viewer"), ("ann", "analyst")):
                identity = Identity(issuer=ISSUER, subject=subject, name=subject.title())
                see_person(ledger, known_person(identity, START))
                set_role(ledger, identity.person_id, role)
        yield served


def secret_of(served: ServedRoutes) -> str:
    return cookie_secret((served.data_dir / "secret").read_text().strip())


def as_person(served: ServedRoutes, subject: str, **how: Any) -> dict[str, str]:
    return {"Cookie": f"{NAME}={cookie(secret_of(served), subject, **how)}"}


def tickets_of(served: ServedRoutes, headers: dict[str, str]) -> Tickets:
    """The tickets of a page that a browser with these headers has open."""
    identity = SignInCookie(secret_of(served)).identity(Client.of(None, headers.items()))
    holder = Holder(person=identity.person_id, session=identity.session) if identity else Holder(person="guest")
    return Tickets((served.data_dir / "secret").read_text().strip()).held_by(holder)


def is_refused(served: ServedRoutes, row: Row, method: str, headers: dict[str, str]) -> bool:
    path = re.sub(r"\{\w+(:int)?\}", lambda found: "1" if found[1] else "x", row.path.replace(":path", ""))
    answer = requests.request(method, served.url + path, headers=headers, timeout=10, allow_redirects=False)
    return "You cannot" in answer.text or (not answer.content and answer.status_code in (401, 403))


def test_every_check_of_a_route_is_in_the_table(served: ServedRoutes) -> None:
    assert {row.check for row in served.rows} == set(ROUTE_ACTIONS)
    assert set(ROUTE_ACTIONS.values()) == {None, Action.LOOK, Action.ADD_VIDEO, Action.CHECK_FRAME, Action.SET_TRUTH}


PEOPLES_CHECKS = {name for name, action in ROUTE_ACTIONS.items() if action is not None}


@pytest.mark.parametrize("who", ["anonymous", "sam", "vic", "ann", "ada"])
def test_each_role_reaches_what_the_table_allows(signed_in: ServedRoutes, who: str) -> None:
    headers = {} if who == "anonymous" else as_person(signed_in, who)
    asked = [(row, method) for row in signed_in.rows for method in row.methods]
    seen = {(row.purpose, method): is_refused(signed_in, row, method, headers) for row, method in asked}
    expected = {
        (row.purpose, method): row.check in PEOPLES_CHECKS
        and (who in ("anonymous", "sam") or (who == "vic" and row.purpose in REFUSED_FOR_GUESTS))
        for row, method in asked
    }
    assert seen == expected


def test_a_cookie_that_is_expired_swapped_forged_or_of_another_deployment_is_refused(signed_in: ServedRoutes) -> None:
    begin, secret = row_of(signed_in, "Begin an upload"), secret_of(signed_in)
    assert not is_refused(signed_in, begin, "POST", as_person(signed_in, "ann"))
    assert not is_refused(signed_in, begin, "POST", as_person(signed_in, "ann", age_s=29 * 86400))
    assert is_refused(signed_in, begin, "POST", as_person(signed_in, "ann", age_s=31 * 86400))
    assert is_refused(signed_in, begin, "POST", as_person(signed_in, "ann", iss="https://other.example.com"))
    assert is_refused(signed_in, begin, "POST", as_person(signed_in, "ann", is_logged_in=False))
    tokens = cookie(secret, "ann", name="_streamlit_user_tokens")
    for value in (tokens, cookie("another secret", "ann"), cookie(secret, "ann")[:-2], "chunks-2", ""):
        assert is_refused(signed_in, begin, "POST", {"Cookie": f"{NAME}={value}"})
    forged = {"X-Forwarded-User": "ada", "X-Frametally-Proxy-Secret": "secret", "X-Streamlit-User": "ada"}
    assert is_refused(signed_in, begin, "POST", forged)


def test_an_upload_ticket_serves_the_person_whose_page_has_it(signed_in: ServedRoutes) -> None:
    ticket = tickets_of(signed_in, as_person(signed_in, "ann")).for_upload()
    url = f"{signed_in.url}{UPLOADS_PREFIX}"
    upload = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": "10",
        "Upload-Metadata": "filename YS5tcDQ=",
        "Authorization": f"Bearer {ticket}",
    }
    begun = {
        who: requests.post(url, headers={**as_person(signed_in, who), **upload}, timeout=10).status_code
        for who in ("ann", "ada", "vic")
    }
    assert begun == {"ann": 201, "ada": 401, "vic": 403}


def test_a_sign_out_ends_the_copied_cookie_and_the_open_stream_within_two_seconds(signed_in: ServedRoutes) -> None:
    files, headers = row_of(signed_in, "Download a file of the data folder"), as_person(signed_in, "ann", age_s=60)
    other = as_person(signed_in, "ann", age_s=30)
    ticket = tickets_of(signed_in, headers).for_ends()
    url = f"{signed_in.url}{ENDS_PREFIX}{ticket}"
    with requests.get(url, headers=headers, stream=True, timeout=10) as stream:
        assert stream.status_code == 200
        client = Client.of(None, [(name, value) for name, value in headers.items()])
        identity = SignInCookie(secret_of(signed_in)).identity(client)
        assert identity is not None
        with open_ledger(f"sqlite:///{signed_in.data_dir}/frametally.db") as ledger:
            end_session(ledger, identity.session, START)
            assert b"data:" not in stream.content  # ends
            assert is_refused(signed_in, files, "GET", headers)
            assert requests.get(url, headers=headers, stream=True, timeout=10).status_code == 401
            assert not is_refused(signed_in, files, "GET", other)
            end_all_sessions(ledger, identity.person_id, datetime.now(UTC) - timedelta(seconds=5))
            until(lambda: is_refused(signed_in, files, "GET", other))
    assert not is_refused(signed_in, files, "GET", as_person(signed_in, "ann"))


def test_a_ticket_in_an_address_serves_one_person_in_one_browser(signed_in: ServedRoutes) -> None:
    own = as_person(signed_in, "ann", age_s=5)
    tickets = tickets_of(signed_in, own)
    (signed_in.data_dir / "results" / "job").mkdir(parents=True, exist_ok=True)
    (signed_in.data_dir / "results" / "job" / "a.csv").write_text("a")
    addresses = {
        f"{FILES_PREFIX}{tickets.for_file(Path('results/job/a.csv'))}": 200,
        f"{VIEWS_PREFIX}{tickets.for_view(ViewTicket('job', 'm'))}/times": 422,  # these are no results
        f"{ENDS_PREFIX}{tickets.for_ends()}": 200,
    }
    others = {
        "same person, other browser": as_person(signed_in, "ann", age_s=99),
        "admin": as_person(signed_in, "ada"),
        "viewer": as_person(signed_in, "vic"),
        "anonymous": {},
    }
    seen = {address: status(signed_in, address, own) for address in addresses}
    assert seen == addresses
    for headers in others.values():
        assert {status(signed_in, address, headers) for address in addresses} == {401}


def status(served: ServedRoutes, address: str, headers: dict[str, str]) -> int:
    with requests.get(served.url + address, headers=headers, stream=True, timeout=10) as answer:
        return answer.status_code


def slowly(pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        time.sleep(0.02)
        yield piece


def test_a_sign_out_cuts_a_running_download_within_two_seconds(signed_in: ServedRoutes) -> None:
    headers = as_person(signed_in, "vic", age_s=40)
    folder = signed_in.data_dir / "results" / "large"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "a.bin").open("wb") as file:
        file.truncate(1 << 30)
    address = f"{FILES_PREFIX}{tickets_of(signed_in, headers).for_file(Path('results/large/a.bin'))}"
    identity = SignInCookie(secret_of(signed_in)).identity(Client.of(None, headers.items()))
    assert identity is not None
    with requests.get(signed_in.url + address, headers=headers, stream=True, timeout=20) as answer:
        pieces = answer.iter_content(1 << 20)
        assert len(next(pieces)) == 1 << 20
        with open_ledger(f"sqlite:///{signed_in.data_dir}/frametally.db") as ledger:
            end_session(ledger, identity.session, START)
        received: list[int] = []
        with pytest.raises(requests.exceptions.RequestException):
            received.extend(map(len, slowly(pieces)))
        assert len(received) < 200  # of 1024: within four seconds at this rate


def row_of(served: ServedRoutes, purpose: str) -> Row:
    return next(row for row in served.rows if row.purpose == purpose)


def test_guests_look_and_upload_nothing(served: ServedRoutes) -> None:
    seen = {
        (row.purpose, method): is_refused(served, row, method, FORWARDED)
        for row in served.rows
        for method in row.methods
    }
    assert seen == {key: key[0] in REFUSED_FOR_GUESTS for key in seen}
    assert len(seen) > 25


def test_a_client_on_this_machine_reaches_every_route(served: ServedRoutes) -> None:
    assert [row for row in served.rows for method in row.methods if is_refused(served, row, method, {})] == []


def test_a_page_elsewhere_that_names_this_machine_is_a_guest(served: ServedRoutes) -> None:
    begin = row_of(served, "Begin an upload")
    assert is_refused(served, begin, "POST", {"Origin": "https://attack.example.com"})
    assert is_refused(served, begin, "POST", {"Host": "attack.example.com"})
