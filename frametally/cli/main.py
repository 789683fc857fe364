"""Parser of the command line `frametally COMMAND …`.

Each command is a module with `add_parser(commands)`, which adds its subparser and sets `execute(options) -> int` as its
default. To add a command, write such a module and list it in `COMMANDS`. Only the module of the command in use is
imported, as all together take more than a second.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

from frametally.cli.exit_code import ExitCode
from frametally.errors import FrametallyError, ServiceError

COMMANDS = {
    "run": "frametally.cli.run",
    **{name: f"frametally.cli.results.{name}" for name in ("track", "events", "report", "audit", "evaluate", "labels")},
    **{name: f"frametally.cli.{name}" for name in ("dashboard", "engine", "backup", "restore", "access")},
}
"""The module of each command, in the order of the help."""

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
    arguments = sys.argv[1:] if arguments is None else arguments
    options = make_parser([name for name in arguments[:1] if name in COMMANDS] or COMMANDS).parse_args(arguments)
    try:
        return int(options.execute(options))
    except ServiceError as error:
        return _fail(str(error), ExitCode.SERVICE_FAILED)
    except FrametallyError as error:
        return _fail(str(error), ExitCode.BAD_INPUT)
    except KeyboardInterrupt:
        return _fail("Interrupted.", ExitCode.INTERRUPTED)


def make_parser(names: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """The parser with these commands registered."""
    parser = argparse.ArgumentParser(
        prog="frametally",
        description="Run video inference and explore what it detects.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    for name in names:
        import_module(COMMANDS[name]).add_parser(commands)
    return parser


def _fail(message: str, exit_code: ExitCode) -> int:
    print(message, file=sys.stderr)
    return exit_code
