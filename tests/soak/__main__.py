"""The long forms of the tests: `python -m tests.soak [PART …]`; without a part, all of them.

Each part prints its name and the output of its tests. At the end there is one line per figure: `figure NAME VALUE`.
`make test` runs a short form: five steps of a job killed once, the main workflow and one test of each kind of action
in a browser, a sign-in with one tab, one clip in the player, the twins of four model formats, each damage of a table
once, fewer random documents, 5 examples per API operation, a few seconds of fuzzing, one killed worker, fewer frames
of real videos, an upload that is interrupted once, an excerpt of the sample, 20 simulated runs and no real one for the
estimates, no measurement of memory, instead of four dashboards two processes with an accelerated clock
(`tests/ledger/test_polling_floor.py`), no kills at random moments, and a clock that only the workflow of a job sees
set (`tests/jobs/test_clock_guard.py`).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.source_tree import ROOT

REPEATS = 20
FACTOR = 50
"""Multiplies the iterations of the short form."""
EXAMPLES = 1000
PLAYER_FACTOR = 29
"""For 204 seeks, steps and pauses."""


@dataclass(frozen=True)
class Outcome:
    """The numbers of tests by result, summed over runs of pytest."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    duration_s: float = 0.0

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.duration_s + other.duration_s,
        )


def run_pytest(*arguments: str, **env: str) -> Outcome:
    """Run pytest once with `--soak` and print its output. If it fails without a failed test, that counts as one."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "--soak", f"--junit-xml={report}", *arguments]
        started_s = time.monotonic()
        ended = subprocess.run(command, cwd=ROOT, env=os.environ | env, check=False)
        duration_s = time.monotonic() - started_s
        if not report.exists():
            return Outcome(failed=1, duration_s=duration_s)
        (suite,) = ET.parse(report).getroot().iter("testsuite")
    counts = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
    failed = counts["failures"] + counts["errors"]
    passed = counts["tests"] - failed - counts["skipped"]
    is_other_failure = not failed and ended.returncode not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    return Outcome(passed, failed + is_other_failure, counts["skipped"], duration_s)


def repeated(*arguments: str) -> Callable[[argparse.Namespace], Outcome]:
    """Run these tests `--repeats` times."""

    def run(options: argparse.Namespace) -> Outcome:
        return sum((run_pytest("--processes", "2", *arguments) for _ in range(options.repeats)), Outcome())

    return run


def lengthened(*arguments: str) -> Callable[[argparse.Namespace], Outcome]:
    """Run these tests once, with `--factor` times the iterations and `--examples` examples per API operation."""

    def run(options: argparse.Namespace) -> Outcome:
        env = {"SOAK_FACTOR": str(options.factor), "SCHEMATHESIS_EXAMPLES": str(options.examples)}
        return run_pytest(*arguments, **env)

    return run


def left_out(_: argparse.Namespace) -> Outcome:
    """What `make test` leaves out and no other part runs, once."""
    others = ("browser", "crash", "packaging", "engine/test_remaining_time.py", "ledger/test_polling_floor.py")
    return run_pytest("--processes", "2", "-m", "soak", "tests", *(f"--ignore=tests/{path}" for path in others))


def fuzzed(*arguments: str) -> Callable[[argparse.Namespace], Outcome]:
    """Run these tests once, each for `--fuzz-seconds`; they print their figures."""

    def run(options: argparse.Namespace) -> Outcome:
        return run_pytest("-s", "-o", "timeout=0", *arguments, FUZZ_SECONDS=str(options.fuzz_seconds))

    return run


def four_dashboards(options: argparse.Namespace) -> Outcome:
    """Run four dashboards with fifty tabs and twenty jobs, and kill one; a success counts as one passed test."""
    return _command("tests.crash.four_dashboards", "--seconds", str(options.seconds))


def memory(options: argparse.Namespace) -> Outcome:
    """Measure the dashboard process over twice `--jobs` sample jobs; a success counts as one passed test."""
    return _command("tests.soak.memory", "--jobs", str(options.jobs))


def kills(options: argparse.Namespace) -> Outcome:
    """`--kills` kills at random moments on each database; a run without loss counts as one passed test."""
    runs = (
        _command("tests.crash.random_kills", "--database", name, "--kills", str(options.kills))
        for name in ("sqlite", "postgresql")
    )
    return sum(runs, Outcome())


def full_house(options: argparse.Namespace) -> Outcome:
    """Open many tabs at once on one dashboard; a success counts as one passed test."""
    return _command("tests.soak.full_house", "--seconds", str(options.seconds))


def measured(module: str) -> Callable[[argparse.Namespace], Outcome]:
    """Run a module that prints its figures; figures within their limits count as one passed test."""

    def run(options: argparse.Namespace) -> Outcome:
        del options
        return _command(module)

    return run


def fuzzed_in_child(target: str) -> Callable[[argparse.Namespace], Outcome]:
    """Fuzz a target for `--fuzz-seconds`; a run without findings counts as one passed test."""

    def run(options: argparse.Namespace) -> Outcome:
        return _command("tests.fuzz.harness", target, "--seconds", str(options.fuzz_seconds))

    return run


def _command(*arguments: str) -> Outcome:
    started_s = time.monotonic()
    code = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=False).returncode
    return Outcome(passed=code == 0, failed=code != 0, duration_s=time.monotonic() - started_s)


def player(options: argparse.Namespace) -> Outcome:
    """200 seeks, steps and pauses and 100 presented frames of each kind of clip, and a minute of playing."""
    del options
    return run_pytest("-s", "tests/browser/test_player.py", SOAK_FACTOR=str(PLAYER_FACTOR))


def journeys(options: argparse.Namespace) -> Outcome:
    """`--repeats` rounds of the ten journeys that a person makes, each on a new dashboard; prints the time of each."""
    total = Outcome()
    for number in range(1, options.repeats + 1):
        outcome = run_pytest("-s", "tests/browser/test_journeys.py")
        print(f"figure journeys_round_{number}_s {outcome.duration_s:.1f} failed {outcome.failed}", flush=True)
        total += outcome
    return total


PARTS: dict[str, Callable[[argparse.Namespace], Outcome]] = {
    "crash": repeated("tests/crash"),
    "browser": repeated("tests/browser", "--ignore=tests/browser/test_journeys.py"),
    "journeys": journeys,
    "left_out": left_out,
    "streams": lengthened(
        "tests/results/test_json_stream.py",
        "tests/results/test_masks.py",
        "tests/results/test_spellings.py",
        "tests/rendering/playback/test_packing.py",
    ),
    "cluster": lengthened("tests/cluster/test_equality.py", "tests/cluster/test_scheduler_properties.py"),
    "api": lengthened("tests/engine/test_openapi.py"),
    "workers": lengthened("tests/engine/test_worker_failures.py"),
    "floor": repeated("tests/ledger/test_polling_floor.py"),
    "videos": lengthened(
        "tests/video/test_frame_reader.py",
        "tests/video/seeking/test_seeking_reader.py",
        "tests/video/test_decoding.py",
        "tests/video/test_frame_identity.py",
        "tests/video/test_frames_property.py",
        "tests/video/test_displayed_frame.py",
    ),
    "damage": lengthened("-s", "tests/video/test_damage.py"),
    "accessibility": lengthened("tests/browser/test_accessibility.py"),
    "wheel": lengthened("tests/packaging/test_installed_dashboard.py"),
    "dashboards": four_dashboards,
    "kills": kills,
    "clock": measured("tests.soak.clock"),
    "audits": measured("tests.soak.audits"),
    "loop": measured("tests.soak.event_loop"),
    "fuzz_results": fuzzed("tests/results/test_fuzzing.py"),
    "estimates": lengthened("-s", "tests/engine/test_remaining_time.py"),
    "player": player,
    "memory": memory,
    "hostile_results": measured("tests.soak.hostile_results"),
    "dripping_services": measured("tests.soak.dripping_services"),
    "house": full_house,
    "shares": measured("tests.soak.shares"),
    "fuzz_tus": fuzzed_in_child("tus"),
    "fuzz_videos": fuzzed_in_child("videos"),
    "fuzz_models": fuzzed("tests/engine/detectors/selection/test_fuzz_models.py"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="the parts to run (default: all)")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--factor", type=int, default=FACTOR)
    parser.add_argument("--examples", type=int, default=EXAMPLES)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--fuzz-seconds", type=float, default=600.0)
    parser.add_argument("--jobs", type=int, default=70)
    parser.add_argument("--kills", type=int, default=50)
    options = parser.parse_args()
    outcomes = {}
    for name in options.parts or PARTS:
        print(f"{name}:", flush=True)
        outcomes[name] = PARTS[name](options)
    for name, outcome in outcomes.items():
        for key in ("passed", "failed", "skipped"):
            print(f"figure soak_{name}_{key} {getattr(outcome, key)}")
        print(f"figure soak_{name}_s {outcome.duration_s:.1f}")
    return 1 if any(outcome.failed for outcome in outcomes.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
