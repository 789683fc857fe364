"""`frametally dashboard`: serve the dashboard with Streamlit."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from frametally.config.app_folder import APP_FOLDER
from frametally.errors import SettingsError


def add_parser(commands: Any) -> None:
    """Add `dashboard` to the subcommands of an argparse parser."""
    parser = commands.add_parser(
        "dashboard",
        help="serve the dashboard",
        description="Serve the dashboard. Set other options of Streamlit as environment variables, for example "
        "STREAMLIT_SERVER_SSL_CERT_FILE.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8501, help="port to listen on (8501)")
    parser.set_defaults(execute=execute)


def execute(options: argparse.Namespace) -> NoReturn:
    """Replace this process with Streamlit's server, so that signals and the exit code are Streamlit's own.

    Raises:
        SettingsError: the installation has no `app.py`.
    """
    command = streamlit_command(APP_FOLDER, host=options.host, port=options.port)
    os.execv(command[0], command)  # noqa: S606 (no shell is involved)


def streamlit_command(folder: Path, *, host: str, port: int) -> list[str]:
    """The command line that serves `app.py` of the folder.

    The `.streamlit/config.toml` of the script's folder overrides that of the working directory, so theme and limits
    apply from anywhere.

    Raises:
        SettingsError: the folder has no `app.py`.
    """
    script = folder / "app.py"
    if not script.is_file():
        raise SettingsError(f"{script} does not exist.", "Reinstall frametally.")
    # -P keeps the working directory off sys.path: a file there must not replace a module of the same name.
    streamlit = [sys.executable, "-P", "-m", "streamlit", "run", str(script)]
    return [*streamlit, "--server.address", host, "--server.port", str(port)]
