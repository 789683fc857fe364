"""An environment of its own for `trackers`, which needs an OpenCV wheel that Frametally cannot have beside its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PACKAGES = ("trackers", "trackeval", "motmetrics", "opencv-python")
_PEER = Path(__file__).with_name("peer.py")
ONE_CORE = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}


class PeerEnvironment:
    """A virtual environment in a folder, made once."""

    def __init__(self, folder: Path) -> None:
        self._python = folder / "bin" / "python"
        if not self._python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([self._python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)

    def run(self, *arguments: str | Path) -> str:
        """The output of `peer.py` with these arguments."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | ONE_CORE
        command = [self._python, "-W", "ignore", _PEER, *arguments]
        return subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout.strip()

    def versions(self) -> str:
        """What is compared with."""
        lines = subprocess.run([self._python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True).stdout
        return ", ".join(line for line in lines.split() if line.startswith(PACKAGES))
