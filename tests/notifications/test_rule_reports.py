"""Intervals of rules: one entry in the history and one message to the webhook each."""

from __future__ import annotations

from dataclasses import replace

from frametally.ledger.events import EventKind
from frametally.ledger.ledger import Ledger
from frametally.ledger.tables import RULE_REPORT
from frametally.notifications.rule_reports import MAX_REPORTS, report_intervals
from frametally.regions.rules import RuleInterval
from tests.notifications.conftest import Receiver, end_job, make_notifier, settings_for
from tests.support.ledgers import Clock

CROWD = RuleInterval("Crowd <!channel>", "Dock", 12.0, 31.5, 60, 5, is_open=False)
LATER = replace(CROWD, start_s=50.0, end_s=62.0, is_open=True)


def test_each_interval_is_sent_once(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = make_notifier(ledger, replace(settings_for(receiver), public_url="https://tally.example.com"), clock)
    end_job(ledger, "a")
    notifier.send_due()
    assert len(report_intervals(ledger, "a", [CROWD, LATER], actor=None)) == 2
    assert notifier.send_due() == 2
    # The same rule after the zone was moved a little, and again.
    moved = [replace(CROWD, start_s=12.4), replace(LATER, end_s=63.0)]
    assert report_intervals(ledger, "a", moved, actor=None) == []
    assert notifier.send_due() == 0
    ended, first, second = receiver.messages
    assert ended["event"] == "job.succeeded"
    assert (first["event"], first["job"]["id"]) == ("rule.held", "a")
    assert first["rule"] == {
        "name": "Crowd <!channel>", "zone": "Dock", "start_s": 12.0, "end_s": 31.5, "is_open": False, "peak": 5,
    }  # fmt: skip
    assert "Crowd &lt;!channel&gt;: from 0:12.0 to 0:31.5, up to 5 objects in Dock." in first["text"]
    assert first["text"].endswith("https://tally.example.com/analytics?job=a")
    assert first["id"] != second["id"]
    assert [event.cause for event in ledger.history("a", kinds=[EventKind.RULE])] == [
        "Crowd <!channel>: from 0:12.0 to 0:31.5, up to 5 objects in Dock.",
        "Crowd <!channel>: from 0:50.0 to 1:02.0 or later, up to 5 objects in Dock.",
    ]


def test_another_rule_and_a_new_interval_are_reported(ledger: Ledger) -> None:
    end_job(ledger, "a")
    end_job(ledger, "b")
    report_intervals(ledger, "a", [CROWD], actor=None)
    assert len(report_intervals(ledger, "a", [replace(CROWD, rule="Queue"), LATER], actor=None)) == 2
    assert len(report_intervals(ledger, "b", [CROWD], actor=None)) == 1
    rules = [event.cause.split(":")[0] for event in ledger.history("a", kinds=[EventKind.RULE])]
    assert rules == ["Crowd <!channel>", "Queue", "Crowd <!channel>"]


def test_a_rule_that_never_rests_does_not_flood_the_receiver(ledger: Ledger) -> None:
    end_job(ledger, "a")
    many = [replace(CROWD, start_s=100.0 * at, end_s=100.0 * at + 1) for at in range(MAX_REPORTS + 50)]
    assert len(report_intervals(ledger, "a", many, actor=None)) == MAX_REPORTS
    assert report_intervals(ledger, "a", many, actor=None) == []


def test_reports_are_removed_with_their_job(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = make_notifier(ledger, settings_for(receiver), clock)
    end_job(ledger, "a")
    report_intervals(ledger, "a", [CROWD], actor=None)
    assert ledger.remove("a")
    assert report_intervals(ledger, "a", [CROWD], actor=None) == []
    with ledger.reading() as connection:
        assert not connection.execute(RULE_REPORT.select()).all()
    notifier.send_due()
    assert receiver.messages == []


def test_rules_are_not_sent_by_email(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = make_notifier(ledger, settings_for(receiver), clock)
    end_job(ledger, "a")
    report_intervals(ledger, "a", [CROWD], actor=None)
    notifier.outbox.open_channel("e-mail", clock())
    notifier.outbox.fill("e-mail", clock())
    while notice := notifier.outbox.claim("e-mail", clock()):
        assert notice.status == "succeeded"
