"""The rule watch: a process of its own checks a job, and each interval is sent once."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from frametally.job import JobStatus
from frametally.ledger.events import EventKind
from frametally.ledger.ledger import Ledger
from frametally.ledger.region_sets import NEW, save
from frametally.library.library import Library
from frametally.notifications.rules import watch
from frametally.notifications.rules.watch import RuleWatch
from frametally.regions.shapes import RegionSet
from tests.notifications.conftest import Receiver, make_notifier, settings_for
from tests.notifications.rules.test_checks import actions_of, claimed, end, start
from tests.notifications.rules.test_evaluation import SET
from tests.support.archives import archive_cached
from tests.support.ledgers import Clock
from tests.support.square_regions import square_results


@pytest.fixture
def rule_watch(tmp_path: Path, ledger: Ledger, clock: Clock) -> RuleWatch:
    """Of a deployment with a job `a` of a camera with rules, which has results."""
    save(ledger, SET.camera, SET.to_json().decode(), based_on=NEW, actor=None)
    (tmp_path / "results.json").write_text(json.dumps(square_results()))
    archive_cached(tmp_path / "results.json", tmp_path / "results" / "a")
    start(ledger, "a")
    library = Library(tmp_path / "media", max_video_bytes=1)
    return RuleWatch(ledger, library, tmp_path / "results", clock, interval_s=0.01)


def test_a_later_job_of_the_camera_sends_one_message_for_each_interval(
    rule_watch: RuleWatch, ledger: Ledger, clock: Clock, receiver: Receiver
) -> None:
    notifier = make_notifier(ledger, settings_for(receiver), clock)
    assert not rule_watch.check_due()
    end(ledger, "a")
    assert rule_watch.check_due()
    assert not rule_watch.check_due()
    notifier.send_due()
    assert [message["event"] for message in receiver.messages] == ["job.succeeded", "rule.held"]
    assert receiver.messages[1]["rule"]["name"] == "Busy"
    assert actions_of(ledger, "a") == ["The rules of dock 3 were checked: 1 interval."]
    assert notifier.send_due() == 0


def test_a_set_without_rules_starts_no_process(
    rule_watch: RuleWatch, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subprocess, "Popen", pytest.fail)
    without = RegionSet(camera=SET.camera, size=SET.size, zones=SET.zones)
    save(ledger, SET.camera, without.to_json().decode(), based_on=1, actor=None)
    end(ledger, "a")
    assert rule_watch.check_due()
    assert (actions_of(ledger, "a"), ledger.history("a", kinds=[EventKind.RULE])) == ([], [])


def test_a_process_that_ends_early_is_tried_again(
    rule_watch: RuleWatch, ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    end(ledger, "a")
    with monkeypatch.context() as patched:
        patched.setattr(watch, "_started", process_that("raise SystemExit(9)"))
        assert rule_watch.check_due()
    assert not rule_watch.check_due()
    clock.wait(60)
    assert rule_watch.check_due()
    assert actions_of(ledger, "a") == ["The rules of dock 3 were checked: 1 interval."]


def test_a_stop_ends_the_process_and_leaves_its_check_to_the_next_start(
    rule_watch: RuleWatch, ledger: Ledger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    is_started = threading.Event()

    def slow(*arguments: Any) -> subprocess.Popen[bytes]:
        started.append(process_that("import time; time.sleep(600)")(*arguments))
        is_started.set()
        return started[0]

    monkeypatch.setattr(watch, "_started", slow)
    end(ledger, "a")
    rule_watch.start()
    assert is_started.wait(30)
    rule_watch.stop()
    assert started[0].poll() is not None
    assert claimed(ledger, clock).attempts == 1
    assert ledger.job("a").status is JobStatus.SUCCEEDED


def process_that(code: str) -> Any:
    def start_it(_: Any, output: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", code], stdout=output, stdin=subprocess.PIPE)

    return start_it
