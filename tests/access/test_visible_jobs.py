"""With FRAMETALLY_JOBS_VISIBLE = "own", viewers and analysts find, list, count and open their own jobs only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from frametally.access.identity import Identity
from frametally.access.people import known_person
from frametally.analysis.view import View
from frametally.errors import JobError
from frametally.job import JobStatus
from frametally.ledger.events import Actor
from frametally.ledger.ledger import Ledger
from frametally.ledger.moment_notes import notes_of, pin_note
from frametally.ledger.people import see_person, set_role
from frametally.ledger.region_sets import jobs_of, set_camera
from frametally.ledger.search import JobQuery, count_by_status, count_jobs, find, known
from frametally.ledger.tags import add_tags, all_tags
from frametally.library.holder import Holder
from frametally.library.routes import FILES_PREFIX
from frametally.library.tickets import Tickets, ViewTicket
from frametally.notifications.end_stream import ENDS_PREFIX
from frametally.notifications.outbox import ends_after, last_end
from frametally.previews.routes import SPARKLINES_PREFIX
from frametally.rendering.playback.routes import VIEWS_PREFIX
from frametally.results import archive_results, open_results
from frametally.tracking.kept import kept_tracks
from frametally.tracking.unique import unique_objects
from tests.support.ledgers import START, a_job, open_ledger
from tests.support.served_routes import ServedRoutes, serving_routes
from tests.support.sign_ins import ISSUER, OIDC_SETTINGS, browser_of
from tests.support.square_regions import SET, square_results

PEOPLE = {who: Identity(issuer=ISSUER, subject=who, name=who) for who in ("ann", "bob", "ada", "vic")}


def write_jobs(ledger: Ledger) -> None:
    """A job that has failed of each of two people and of no person."""
    for name, owner in (("anns", "ann"), ("bobs", "bob"), ("none", None)):
        person = PEOPLE[owner].person_id if owner else None
        ledger.add(a_job(name, status=JobStatus.SUBMITTED, remote_job_id=name, owner=person, video_sha256=name * 16))
        add_tags(ledger, [name], [f"tag of {name}"], actor=Actor(person) if person else None)
        set_camera(ledger, name, "dock")
        pin_note(ledger, "video", 1, f"note of {name}", actor=person)
        assert ledger.transition(ledger.job(name), JobStatus.FAILED, failure="It broke.", ended_at=START)


def test_a_ledger_of_own_jobs_shows_nothing_of_others(tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path / 'frametally.db'}") as whole:
        write_jobs(whole)
        own = whole.seen_by(PEOPLE["ann"].person_id)
        assert own.job("anns").id == "anns"
        for other in ("bobs", "none"):
            with pytest.raises(JobError, match="does not exist"):
                own.job(other)
        assert [job.id for job in own.jobs()] == [job.id for job in find(own, JobQuery(), limit=9)] == ["anns"]
        assert find(own, JobQuery(text="bobs"), limit=9) == []
        assert (count_jobs(own, JobQuery()), count_by_status(own)) == (1, {JobStatus.FAILED: 1})
        values = known(own)
        assert (values.tags, list(values.videos)) == (("tag of anns",), ["anns" * 16])
        assert all_tags(own) == {"anns": ["tag of anns"]}
        assert [end.job_id for end in ends_after(own, 0)] == ["anns"]
        assert last_end(own) < last_end(whole)
        assert (jobs_of(own, "dock"), len(jobs_of(whole, "dock"))) == (["anns"], 3)
        assert [note.text for note in notes_of(own, "video")] == ["note of anns"]
        assert len(own.seen_by(None).jobs()) == len(whole.jobs()) == 3


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoutes]:
    data_dir = tmp_path_factory.mktemp("own")
    with serving_routes(data_dir, {**OIDC_SETTINGS, "FRAMETALLY_JOBS_VISIBLE": "own"}) as served:
        with open_ledger(f"sqlite:///{data_dir}/frametally.db") as ledger:
            for who, role in (("ann", "analyst"), ("bob", "analyst"), ("vic", "viewer")):
                see_person(ledger, known_person(PEOPLE[who], START))
                set_role(ledger, PEOPLE[who].person_id, role)
            write_jobs(ledger)
        (data_dir / "results.json").write_text(json.dumps(square_results()))
        for name in ("anns", "bobs"):
            archive_results(data_dir / "results.json", data_dir / "results" / name)
            results = open_results(data_dir / "results" / name)
            kept_tracks(results, "motion")
            unique_objects(View(results, "motion"))
            (data_dir / "results" / name / "a.csv").write_text(name)
        yield served


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("ann", {"anns": True, "bobs": False}),
        ("vic", {"anns": False, "bobs": False}),
        ("ada", {"anns": True, "bobs": True}),
    ],
)
def test_routes_refuse_the_jobs_of_others_whatever_a_ticket_says(
    served: ServedRoutes, who: str, sees: dict[str, bool]
) -> None:
    secret = (served.data_dir / "secret").read_text().strip()
    headers, session = browser_of(secret, who)
    tickets = Tickets(secret).held_by(Holder(person=PEOPLE[who].person_id, session=session))
    for job_id, is_seen in sees.items():
        addresses = [
            f"{FILES_PREFIX}{tickets.for_file(Path('results') / job_id / 'a.csv')}",
            f"{VIEWS_PREFIX}{tickets.for_view(ViewTicket(job_id, 'motion'))}/times",
            f"{SPARKLINES_PREFIX}{tickets.for_preview(f'{job_id}@1')}",
        ]
        statuses = [requests.get(served.url + each, headers=headers, timeout=10).status_code for each in addresses]
        assert statuses == [200 if is_seen else 403] * 3


@pytest.mark.parametrize(("who", "status"), [("ann", 403), ("ada", 200)])
def test_a_comparison_has_no_jobs_of_others_whatever_their_tickets_say(
    served: ServedRoutes, who: str, status: int
) -> None:
    headers, session = browser_of((served.data_dir / "secret").read_text().strip(), who)
    tickets = Tickets((served.data_dir / "secret").read_text().strip())
    held = tickets.held_by(Holder(person=PEOPLE[who].person_id, session=session))
    own, other = (held.for_view(ViewTicket(job_id, "motion")) for job_id in ("anns", "bobs"))
    body = {"regions": SET, "jobs": [{"name": "anns", "ticket": own}, {"name": "bobs", "ticket": other}]}
    address = f"{served.url}{VIEWS_PREFIX}{own}/regions/comparison"
    assert requests.post(address, headers=headers, data=json.dumps(body), timeout=20).status_code == status


def test_the_stream_of_ends_is_silent_about_the_jobs_of_others(served: ServedRoutes) -> None:
    secret = (served.data_dir / "secret").read_text().strip()
    seen = {}
    for who in ("ann", "bob", "ada"):
        headers, session = browser_of(secret, who)
        ticket = Tickets(secret).held_by(Holder(person=PEOPLE[who].person_id, session=session)).for_ends()
        url = f"{served.url}{ENDS_PREFIX}{ticket}?after=0"
        with requests.get(url, headers=headers, stream=True, timeout=10) as answer:
            seen[who] = next(int(line[6:]) for line in answer.iter_lines() if line.startswith(b"data: "))
    assert seen["ann"] < seen["bob"] < seen["ada"]  # the job of no person ended last
