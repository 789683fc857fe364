"""Fuzzing in a child process with a memory limit: `python -m tests.fuzz.harness TARGET [--seconds 600] [--seed 1]`.

An input is made from its number alone, so a finding is repeated with `--first NUMBER --inputs 1`. A finding is an input
after which the child ended by a signal, took more than `LIMIT_S`, or raised an error without a reason for the user.
Its bytes are written to `--keep`, if given. The child runs with `MAX_BYTES` of address space.
"""

from __future__ import annotations

import argparse
import importlib
import os
import resource
import select
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Protocol

from tests.support.source_tree import ROOT

TARGETS = {"tus": "tests.fuzz.tus_headers", "videos": "tests.fuzz.video_probing"}
MAX_BYTES = 1 << 30
LIMIT_S = 10.0
START_LIMIT_S = 120.0
_ENDED = "the process"
_SMALL = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "PYTHONFAULTHANDLER": "1"}
"""Thread pools and arenas reserve address space that is never used."""


class Target(Protocol):
    """A module that can be fuzzed."""

    def opened(self, folder: Path) -> Any:
        """Context manager around all inputs of one child; its value is passed to `attempt`."""

    def attempt(self, opened: Any, data: bytes, random: Random) -> str:
        """Process one input; returns the kind of answer. Any exception is a finding."""

    def make_input(self, opened: Any, random: Random) -> bytes: ...


@dataclass
class Report:
    """What came out of a run of the fuzzer."""

    answers: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    peak_bytes: int = 0
    """The highest resident size of a child."""

    @property
    def inputs(self) -> int:
        return self.answers.total() + len(self.findings)

    def show(self, name: str) -> None:
        """Print the findings and the figures."""
        for finding in self.findings:
            print(finding)
        print(f"{name}: {self.inputs} inputs, answers {dict(self.answers.most_common())}")
        print(f"figure fuzz_{name}_inputs {self.inputs}")
        print(f"figure fuzz_{name}_findings {len(self.findings)}")
        print(f"figure fuzz_{name}_slowest_s {self.slowest_s:.2f}")
        print(f"figure fuzz_{name}_peak_mb {self.peak_bytes / 1e6:.0f}")


def fuzz(
    name: str,
    *,
    seconds: float = float("inf"),
    inputs: int = sys.maxsize,
    first: int = 0,
    keep: Path | None = None,
    limit_s: float = LIMIT_S,
) -> Report:
    """Try the inputs from number `first` on, for this long or this many, each for up to `limit_s`."""
    report = Report()
    number, ends_s = first, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        while number < first + inputs and time.monotonic() < ends_s:
            with _child(name, Path(folder)) as child:
                while number < first + inputs and time.monotonic() < ends_s:
                    reason = _try(child, number, report, limit_s)
                    if reason:
                        report.findings.append(f"input {number} of {name}: {reason}")
                        _keep(name, number, keep)
                    number += 1
                    if reason.startswith(_ENDED):
                        break
    return report


def _try(child: subprocess.Popen[bytes], number: int, report: Report, limit_s: float) -> str:
    """Have the child process one input; returns what was wrong, empty if nothing was."""
    started_s = time.monotonic()
    reason, answer = _answer(child, f"{number}\n", limit_s)
    report.slowest_s = max(report.slowest_s, time.monotonic() - started_s)
    if reason:
        return reason
    kind, peak_kib = answer.rsplit(" ", 1)
    report.peak_bytes = max(report.peak_bytes, int(peak_kib) * 1024)
    if kind.startswith("! "):
        return kind[2:].replace("\\n", "\n")
    report.answers[kind] += 1
    return ""


def _keep(name: str, number: int, folder: Path | None) -> None:
    if folder is not None:
        made = subprocess.run(_command(name, "--print", str(number)), cwd=ROOT, capture_output=True, check=True)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}-{number}").write_bytes(made.stdout)


def _answer(child: subprocess.Popen[bytes], request: str, limit_s: float) -> tuple[str, str]:
    """(reason, line): the next line of the child, or why there is none."""
    assert child.stdin
    assert child.stdout
    with suppress(BrokenPipeError):
        child.stdin.write(request.encode())
        child.stdin.flush()
    if not select.select([child.stdout], [], [], limit_s)[0]:
        child.kill()
        return f"{_ENDED} took more than {limit_s:.0f} s", ""
    line = child.stdout.readline().decode()
    if not line:
        return f"{_ENDED} ended with {child.wait()}", ""
    return "", line.rstrip("\n")


@contextmanager
def _child(name: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    env = {**os.environ, **_SMALL, "PYTHONPATH": str(ROOT)}
    command = _command(name, "--child", str(folder))
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as child:
        try:
            reason, _ = _answer(child, "", START_LIMIT_S)
            if reason:
                raise RuntimeError(f"The child of {name} did not start: {reason}.")
            yield child
        finally:
            child.kill()


def _command(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.fuzz.harness", name, *arguments]


def _serve(target: Target, folder: Path) -> None:
    """Process the inputs whose numbers arrive on stdin; one line for each on stdout."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a library that prints must not disturb the answers
    with target.opened(folder) as opened:
        _limit_memory()
        print("ready", file=answers, flush=True)
        for line in sys.stdin:
            random = Random(int(line))
            try:
                answer = target.attempt(opened, target.make_input(opened, random), random)
            except Exception:
                answer = "! " + traceback.format_exc().replace("\n", "\\n")
            print(answer, _peak_kib(), file=answers, flush=True)


def _peak_kib() -> int:
    """Peak resident size; unlike `ru_maxrss`, without that of the process that started this one."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", help=f"{', '.join(sorted(TARGETS))}, or the name of a module")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--inputs", type=int, default=sys.maxsize)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--print", type=int, dest="number", help="write the bytes of this input to stdout")
    options = parser.parse_args()
    target: Target = importlib.import_module(TARGETS.get(options.target, options.target))
    if options.child:
        _serve(target, options.child)
        return 0
    if options.number is not None:
        with tempfile.TemporaryDirectory() as folder, target.opened(Path(folder)) as opened:
            sys.stdout.buffer.write(target.make_input(opened, Random(options.number)))
        return 0
    report = fuzz(
        options.target, seconds=options.seconds, inputs=options.inputs, first=options.first, keep=options.keep
    )
    report.show(options.target)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
