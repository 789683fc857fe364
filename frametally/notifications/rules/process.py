"""Checks rules in a process of its own: `python -m frametally.notifications.rules.process`.

The first line of the standard input says what (`RuleSpec`); the last line of the standard output is an `Answer`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from frametally.notifications.rules.evaluation import evaluate
from frametally.notifications.rules.spec import Answer, Finding, RuleSpec
from frametally.processes.sandbox import enter_sandbox
from frametally.video.encoding_process import enter_encoder_sandbox, outcome_of, yield_and_end_with_parent

_FAILED = "Checking the rules failed."


def main() -> None:
    """Read what to check, and end with the parent process."""
    spec = msgspec.json.decode(sys.stdin.buffer.readline(), type=RuleSpec)
    yield_and_end_with_parent()
    if spec.video:
        enter_encoder_sandbox(Path(spec.video))
    else:
        enter_sandbox()
    found: list[Finding] = []
    report = outcome_of(lambda: found.append(evaluate(spec)), _FAILED)
    answer = Answer(finding=found[0] if found else None, failure=" ".join([report.what, report.next_step]).strip())
    sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")


if __name__ == "__main__":
    main()
