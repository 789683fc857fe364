"""Parser of the command line `frametally COMMAND …`.

Each command is a module with `add_parser(commands)`, which adds its subparser and sets `execute(options) -> int` as its
default. To add a command, write such a module and list it in `COMMANDS`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from frametally.cli import access, backup, dashboard, engine, restore, run
from frametally.cli.exit_code import ExitCode
from frametally.cli.results import audit, evaluate, events, labels, report, track
from frametally.errors import FrametallyError, ServiceError

COMMANDS = (run, track, events, report, audit, evaluate, labels, dashboard, engine, backup, restore, access)

_EXIT_CODES = """\
exit codes:
  0    success
  1    evaluate: F1 is lower than --min-f1
  2    wrong arguments
  3    a file, a model, a setting or a backup cannot be used
  4    the inference service returned an error or did not respond
  5    the job failed
  130  interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command given by `arguments`, by default those of the process; returns the exit code."""
    options = make_parser().parse_args(arguments)
    try:
        return int(options.execute(options))
    except ServiceError as error:
        return _fail(str(error), ExitCode.SERVICE_FAILED)
    except FrametallyError as error:
        return _fail(str(error), ExitCode.BAD_INPUT)
    except KeyboardInterrupt:
        return _fail("Interrupted.", ExitCode.INTERRUPTED)


def make_parser() -> argparse.ArgumentParser:
    """The parser with all commands registered."""
    parser = argparse.ArgumentParser(
        prog="frametally",
        description="Run video inference and explore what it detects.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


def _fail(message: str, exit_code: ExitCode) -> int:
    print(message, file=sys.stderr)
    return exit_code
