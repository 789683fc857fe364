"""Audits and checks of frames in the ledger, on SQLite and PostgreSQL."""

from __future__ import annotations

from frametally.job import JobStatus
from frametally.ledger.audits.frame_checks import checks_of, checks_version, keep_check
from frametally.ledger.audits.planned import audits_of, begin_audit
from frametally.ledger.ledger import Ledger
from tests.support.ledgers import a_job

VIDEO = "a" * 64


def test_the_newest_answer_of_each_person_is_kept_in_the_order_in_which_they_began(ledger: Ledger) -> None:
    keep_check(ledger, VIDEO, -512, "first", actor="ann")
    keep_check(ledger, VIDEO, -512, "second opinion", actor="bob")
    keep_check(ledger, VIDEO, -512, "corrected", actor="ann")
    keep_check(ledger, VIDEO, 2**40, "alone", actor=None)
    keep_check(ledger, "b" * 64, -512, "another video", actor="ann")
    found = [(check.time, check.checker, check.seen) for check in checks_of(ledger, VIDEO)]
    before = checks_version(ledger, VIDEO)
    keep_check(ledger, VIDEO, -512, "second opinion", actor="bob")
    assert checks_version(ledger, VIDEO) >= before  # one more answer, or a later one
    assert checks_version(ledger, "c" * 64) == (0, None)
    assert sorted(found) == [(-512, "ann", "corrected"), (-512, "bob", "second opinion"), (2**40, "", "alone")]
    assert [check.seen for check in checks_of(ledger.seen_by("bob"), VIDEO)] == ["second opinion"]


def test_an_audit_belongs_to_its_video_and_outlives_the_job(ledger: Ledger) -> None:
    ledger.add(a_job("j1", status=JobStatus.SUCCEEDED, video_sha256=VIDEO))
    begun = begin_audit(ledger, VIDEO, "frames", "{}", seed=2**31 - 1, planned=40, actor="ann")
    keep_check(ledger, VIDEO, 0, "seen", actor="ann")
    assert ledger.remove("j1")
    assert audits_of(ledger, VIDEO) == [begun]
    assert len(checks_of(ledger, VIDEO)) == 1
    assert audits_of(ledger, "b" * 64) == []
    assert audits_of(ledger.seen_by("bob"), VIDEO) == []
