"""The notifier and its outbox: each job end is announced once, also after a restart or a crash."""

from __future__ import annotations

import threading
from datetime import timedelta
from threading import Thread

from frametally.job import JobStatus
from frametally.ledger.ledger import Ledger
from frametally.notifications.notifier import Notifier
from frametally.notifications.outbox import GIVE_UP_AFTER, LEASE_S, Outbox, ends_after, last_event
from tests.notifications.conftest import Receiver, end_job, make_notifier, settings_for
from tests.support.ledgers import START, Clock, a_job, open_ledger


def test_each_job_end_is_announced_once(ledger_url: str, clock: Clock, receiver: Receiver) -> None:
    ledger = Ledger(ledger_url, clock)
    end_job(ledger, "before")
    clock.wait(1)
    notifier = make_notifier(ledger, settings_for(receiver), clock)
    for job_id, status in (("a", JobStatus.SUCCEEDED), ("b", JobStatus.FAILED), ("c", JobStatus.LOST)):
        end_job(ledger, job_id, status)
    ledger.add(a_job("open"))
    assert (notifier.send_due(), notifier.send_due()) == (3, 0)
    announced = [(message["job"]["id"], message["event"]) for message in receiver.messages]
    assert announced == [("a", "job.succeeded"), ("b", "job.failed"), ("c", "job.lost")]
    ledger.close()


def test_the_message_of_a_job_that_is_done_can_have_a_link(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = Notifier(ledger, settings_for(receiver), clock, share_link=lambda job: f"https://tally/s/{job.id}")
    notifier.send_due()
    end_job(ledger, "a")
    end_job(ledger, "b", JobStatus.FAILED)
    notifier.send_due()
    assert [message.get("share_url") for message in receiver.messages] == ["https://tally/s/a", None]
    assert receiver.messages[0]["text"].endswith("\nShared view: https://tally/s/a")
    assert "Shared view" not in receiver.messages[1]["text"]


def test_lost_job_that_succeeds_later_is_announced_again(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = make_notifier(ledger, settings_for(receiver), clock)
    end_job(ledger, "a", JobStatus.LOST)
    notifier.send_due()
    ledger.transition(ledger.job("a"), JobStatus.SUCCEEDED, ended_at=START)
    notifier.send_due()
    assert [message["event"] for message in receiver.messages] == ["job.lost", "job.succeeded"]


def test_rejected_notice_is_retried_with_growing_intervals(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = make_notifier(ledger, settings_for(receiver), clock)
    receiver.responses = [(500, {}), (503, {}), (302, {"Location": "https://elsewhere"})]
    end_job(ledger, "a")
    notifier.send_due()
    assert "returned 500" in notifier.outbox.last_error("webhook")
    for pause_s, attempts in ((9.0, 1), (4.0, 2), (20.0, 2), (20.0, 3), (60.0, 3), (60.0, 4)):
        clock.wait(pause_s)
        notifier.send_due()
        assert len(receiver.requests) == attempts
    assert {message["id"] for message in receiver.messages} == {receiver.messages[0]["id"]}
    assert notifier.outbox.last_error("webhook") == ""


def test_retry_waits_for_retry_after(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = make_notifier(ledger, settings_for(receiver), clock)
    receiver.responses = [(429, {"Retry-After": "300"})]
    end_job(ledger, "a")
    notifier.send_due()
    clock.wait(299)
    assert notifier.send_due() == 0
    clock.wait(1)
    assert notifier.send_due() == 1


def test_retries_end_after_a_day(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = make_notifier(ledger, settings_for(receiver), clock)
    receiver.responses = [(500, {})] * 100
    end_job(ledger, "a")
    for _ in range(60):
        notifier.send_due()
        clock.wait(3600)
    assert 10 < len(receiver.requests) < 35
    receiver.responses = []
    assert notifier.send_due() == 0


def test_pending_notice_survives_a_restart(sqlite_url: str, clock: Clock, receiver: Receiver) -> None:
    with open_ledger(sqlite_url) as ledger:
        ledger.clock = clock
        make_notifier(ledger, settings_for(receiver), clock)
        end_job(ledger, "a")
    with open_ledger(sqlite_url) as ledger:
        assert make_notifier(ledger, settings_for(receiver), clock).channels == ["webhook"]
    assert [message["job"]["id"] for message in receiver.messages] == ["a"]


def test_claim_of_a_crashed_process_expires(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    crashed, other = (make_notifier(ledger, settings_for(receiver), clock) for _ in range(2))
    end_job(ledger, "a")
    crashed.outbox.fill("webhook", clock())
    assert crashed.outbox.claim("webhook", clock())
    assert other.send_due() == 0
    clock.wait(LEASE_S)
    assert other.send_due() == 1


def test_each_notice_is_sent_by_one_of_many_threads(ledger_url: str, clock: Clock, receiver: Receiver) -> None:
    ledger = Ledger(ledger_url, clock)
    notifiers = [make_notifier(ledger, settings_for(receiver), clock) for _ in range(4)]
    for number in range(8):
        end_job(ledger, f"j{number}")
    together = threading.Barrier(4)

    def send(notifier: Notifier) -> None:
        together.wait()
        notifier.send_due()

    threads = [Thread(target=send, args=(notifier,)) for notifier in notifiers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(message["job"]["id"] for message in receiver.messages) == [f"j{number}" for number in range(8)]
    ledger.close()


def test_removed_job_is_not_announced(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = make_notifier(ledger, settings_for(receiver), clock)
    end_job(ledger, "a")
    notifier.outbox.fill("webhook", clock())
    ledger.remove("a")
    notifier.send_due()
    clock.wait(3600)
    notifier.send_due()
    assert receiver.requests == []


def test_old_notices_are_removed_and_not_sent_again(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = make_notifier(ledger, settings_for(receiver), clock)
    end_job(ledger, "a")
    notifier.send_due()
    for _ in range(5):
        clock.wait(GIVE_UP_AFTER.total_seconds() / 2 + 1)
        notifier.send_due()
    assert len(receiver.requests) == 1


def test_thread_sends_notices(ledger: Ledger, clock: Clock, receiver: Receiver) -> None:
    notifier = make_notifier(ledger, settings_for(receiver), clock)
    notifier.start()
    notifier.start()
    end_job(ledger, "a")
    for _ in range(2000):
        if receiver.requests:
            break
        threading.Event().wait(0.01)
    notifier.stop()
    assert [message["job"]["id"] for message in receiver.messages] == ["a"]


def test_job_ends_after_an_event_are_read_from_the_history(ledger: Ledger) -> None:
    end_job(ledger, "before")
    mark = last_event(ledger)
    assert ends_after(ledger, mark) == []
    end_job(ledger, "a")
    end_job(ledger, "b", JobStatus.FAILED)
    assert [(ended.job_id, ended.status) for ended in ends_after(ledger, mark)] == [
        ("a", JobStatus.SUCCEEDED),
        ("b", JobStatus.FAILED),
    ]
    assert ends_after(ledger, last_event(ledger)) == []


def test_new_channel_does_not_get_earlier_job_ends(ledger: Ledger, clock: Clock) -> None:
    end_job(ledger, "old")
    clock.wait(1)
    outbox = Outbox(ledger)
    outbox.open_channel("e-mail", clock())
    outbox.open_channel("e-mail", clock() - timedelta(days=1))
    outbox.fill("e-mail", clock())
    assert outbox.claim("e-mail", clock()) is None
