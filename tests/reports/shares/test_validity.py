"""A link dies with its time, its job, its video and the rights of its maker; a job that is restored revives it."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from frametally.access.identity import Identity
from frametally.access.people import known_person
from frametally.access.person import Person, Role
from frametally.analysis.view_spec import ViewSpec
from frametally.errors import AccessDenied, FrametallyError, ViewError
from frametally.jobs.deletion import UNDO_S, delete, remove_deleted, restore_jobs
from frametally.ledger.moment_notes import pin_note
from frametally.ledger.people import remove_person, see_person, set_role
from frametally.ledger.shares import jobs_of_share, share_with_id
from frametally.ledger.tables import SHARE
from frametally.reports.request import BriefRequest, Evidence
from frametally.reports.shares.shares import MAX_DAYS, ShareOptions
from frametally.storage.space import DISK_RESERVE_BYTES, DiskFull
from frametally.video.picture_key import picture_key_of_job
from tests.reports.shares.conftest import Shared
from tests.support.ledgers import START, a_job
from tests.support.people import viewer
from tests.support.polling import until
from tests.support.sign_ins import ISSUER


def status_after_change(shared: Shared, path: str) -> int:
    """The answer when what was known a moment ago counts no longer."""
    people = shared.deployment.access.people
    assert people
    people.forget_answers()
    shared.until_asked_again()
    return shared.get(path).status_code


def test_it_is_served_until_it_expires_or_is_ended(shared: Shared) -> None:
    short, long = shared.share(expires_at=START + timedelta(days=1)), shared.share()
    shared.clock.now = START + timedelta(days=1) - timedelta(seconds=1)
    assert [status_after_change(shared, new.path) for new in (short, long)] == [200, 200]
    shared.clock.now = START + timedelta(days=1)
    assert [status_after_change(shared, new.path) for new in (short, long)] == [404, 200]
    shared.shares.end(long.share.id, actor=shared.ann)
    until(lambda: shared.status(long) == 404)  # by itself, within a moment
    assert not (shared.shares.folder / long.share.id).exists()
    with pytest.raises(ViewError):
        shared.shares.end(long.share.id, actor=shared.ann)


def test_it_dies_with_its_job_and_lives_again_when_that_is_restored(shared: Shared) -> None:
    ledger, job = shared.deployment.ledger, shared.job
    new = shared.share()
    delete(ledger, [job.id], START, actor=None)
    assert status_after_change(shared, new.path) == 404
    shared.shares.tidy()
    restore_jobs(ledger, [job.id], START, actor=None)
    assert status_after_change(shared, new.path) == 200


def test_it_goes_with_a_job_that_is_removed(shared: Shared) -> None:
    ledger = shared.deployment.ledger
    ledger.add(a_job("short", status="succeeded", owner=shared.ann.id))
    request = BriefRequest(view=ViewSpec(job_ids=("short",)))
    new = shared.share(request=request)
    delete(ledger, ["short"], START, actor=None)
    remove_deleted(ledger, shared.deployment.settings.results_dir, START + timedelta(seconds=UNDO_S + 1))
    assert status_after_change(shared, new.path) == 404
    assert jobs_of_share(ledger, new.share.id).jobs == ()
    shared.shares.tidy()
    assert not (shared.shares.folder / new.share.id).exists()
    shared.clock.now = ledger.clock() + timedelta(days=2)
    shared.shares.tidy()
    assert share_with_id(ledger, new.share.id) is None


def test_it_dies_with_its_video(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    new = shared.share()
    monkeypatch.setattr(shared.deployment.library, "get", lambda _: None)
    assert status_after_change(shared, new.path) == 404
    shared.shares.tidy()
    assert not (shared.shares.folder / new.share.id).exists()


def test_it_dies_with_the_rights_of_its_maker(shared: Shared) -> None:
    ledger, ann = shared.deployment.ledger, shared.ann
    assert ann.id
    new, operators = (
        shared.share(),
        shared.shares.create(
            BriefRequest(view=ViewSpec(job_ids=(shared.job.id,))),
            _options(shared),
            actor=None,
        ),
    )
    seen = {}
    for role in ("viewer", "none", "admin", "analyst", None):
        set_role(ledger, ann.id, role)
        seen[role] = status_after_change(shared, new.path), status_after_change(shared, operators.path)
    served, refused = (200, 200), (404, 200)
    assert seen == {"viewer": refused, "none": refused, "admin": served, "analyst": served, None: refused}


def test_a_removed_person_takes_their_links_along(shared: Shared) -> None:
    identity = Identity(issuer=ISSUER, subject="bob", name="Bob")
    known = known_person(identity, START)
    see_person(shared.deployment.ledger, known)
    set_role(shared.deployment.ledger, known.id, "analyst")
    new = shared.share(actor=Person(id=known.id, name="Bob", role=Role.ANALYST))
    assert status_after_change(shared, new.path) == 200
    remove_person(shared.deployment.ledger, known)
    assert status_after_change(shared, new.path) == 404
    see_person(shared.deployment.ledger, known)  # signs in again
    set_role(shared.deployment.ledger, known.id, "analyst")
    assert status_after_change(shared, new.path) == 404


def test_a_role_that_a_group_gave_counts_as_it_was(shared: Shared) -> None:
    ledger, ann = shared.deployment.ledger, shared.ann
    assert ann.id
    set_role(ledger, ann.id, None)
    status_after_change(shared, "/")
    new = shared.share()  # her sign-in says that she is an analyst; nothing here does
    assert new.share.maker_role == "analyst"
    assert status_after_change(shared, new.path) == 200
    set_role(ledger, ann.id, "viewer")
    assert status_after_change(shared, new.path) == 404


def test_the_video_is_served_by_range_if_the_link_includes_it(shared: Shared) -> None:
    video = shared.deployment.library.get(shared.job.video_sha256 or "")
    assert video
    with_video, without = shared.share(has_video=True), shared.share()
    part = shared.get(f"{with_video.path}/video", headers={"Range": "bytes=4-11"})
    assert (part.status_code, part.content) == (206, video.path.read_bytes()[4:12])
    assert part.headers["content-range"].startswith("bytes 4-11/")
    assert shared.get(f"{without.path}/video").status_code == 404
    assert [f"{new.token}/video" in shared.get(new.path).text for new in (with_video, without)] == [True, False]


def test_a_brief_has_the_notes_that_its_maker_sees(shared: Shared) -> None:
    ledger, ann = shared.deployment.ledger, shared.ann
    for actor in (ann.id, "bob"):
        pin_note(ledger, picture_key_of_job(shared.job.id, 0).video, 0, f"by {actor}", actor=actor)
    request = BriefRequest(view=ViewSpec(job_ids=(shared.job.id,)), evidence=(Evidence.NOTES,))
    seen = {}
    for sees_own_only in (False, True):
        person = Person(id=ann.id, name="Ann", role=Role.ANALYST, sees_own_only=sees_own_only)
        brief = shared.deployment.shares.briefs.make(request, maker=person, made_at=START)
        seen[sees_own_only] = {name: f"by {name}" in repr(brief.facts) for name in (ann.id, "bob")}
    assert seen == {False: {ann.id: True, "bob": True}, True: {ann.id: True, "bob": False}}


@pytest.mark.parametrize("blur", [{"blurred": ("person",)}, {"blurs_whole_persons": True}])
def test_a_link_with_blur_never_serves_the_kept_video(shared: Shared, blur: dict[str, object]) -> None:
    request = BriefRequest(view=ViewSpec(job_ids=(shared.job.id,)), **blur)  # type: ignore[arg-type]
    with pytest.raises(ViewError, match="blurred"):
        shared.share(request=request, has_video=True)
    new = shared.share(request=request)
    with shared.deployment.ledger.writing() as connection:  # whatever the ledger says
        connection.execute(SHARE.update().where(SHARE.c.id == new.share.id).values(has_video=True))
    assert shared.get(f"{new.path}/video").status_code == 404


def test_a_full_disk_is_named_and_leaves_nothing(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name for path in shared.shares.folder.iterdir()}
    usage = shutil.disk_usage(shared.shares.folder)._replace(free=DISK_RESERVE_BYTES)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskFull, match="this brief"):
        shared.share()
    assert {path.name for path in shared.shares.folder.iterdir()} == before


def test_impossible_options_are_refused_and_leave_nothing(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name for path in shared.shares.folder.iterdir()}
    for options in (
        {"expires_at": START},
        {"expires_at": START + timedelta(days=MAX_DAYS + 1)},
        {"password": "abc"},
        {"name": "n" * 201},
    ):
        with pytest.raises(ViewError):
            shared.share(**options)
    with pytest.raises(AccessDenied):
        shared.share(actor=viewer("vic"))
    own_only = Person(id="bob", name="Bob", role=Role.ANALYST, sees_own_only=True)
    with pytest.raises(AccessDenied):
        shared.share(actor=own_only)

    def fail(*_: object, **__: object) -> None:
        raise ViewError("It failed.")

    monkeypatch.setattr(shared.briefs, "make", fail)
    with pytest.raises(FrametallyError, match="It failed"):
        shared.share(name="fails")
    assert {path.name for path in shared.shares.folder.iterdir()} == before
    assert "fails" not in {share.name for share in shared.shares.seen_by(shared.ann)}


def _options(shared: Shared) -> ShareOptions:
    return ShareOptions(name="Operator's", expires_at=shared.clock() + timedelta(days=1))
