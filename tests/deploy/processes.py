"""The services of deploy/compose.yaml as processes of this machine: the same commands, on loopback and other ports."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.deploy.files import DEPLOY, Started, started
from tests.support.source_tree import ROOT

START_S = 120.0
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
UPSTREAM = re.compile(r"(?P<name>dashboard-\d):8501")


def service(name: str) -> Started:
    """A service of the compose file."""
    return next(each for each in started() if each.where == name)


@contextmanager
def running(name: str, port: int, log: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a service of ours by its command, until its port answers; it is stopped when the context ends."""
    command = [*service(name).command]
    command[command.index("--host") + 1] = "127.0.0.1"
    command[command.index("--port") + 1] = str(port)
    assert command[0] == "frametally"
    foreign = {key: text for key, text in os.environ.items() if not key.startswith(("FRAMETALLY_", "ROBO"))}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=log.parent,
            env={**foreign, "PYTHONPATH": str(ROOT), **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _until_it_answers(process, port, log)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def balancing(port: int, dashboards: Mapping[str, int], folder: Path) -> Iterator[str]:
    """Run nginx with deploy/nginx.conf before these dashboards; the header X-Upstream names which one has answered."""
    text = (DEPLOY / "nginx.conf").read_text()
    text = UPSTREAM.sub(lambda found: f"127.0.0.1:{dashboards[found['name']]}", text)
    text = text.replace("listen 8080;", f"listen 127.0.0.1:{port};").replace("/tmp/", f"{folder}/")
    text = text.replace("proxy_pass ", "add_header X-Upstream $upstream_addr always; proxy_pass ")
    config, log = folder / "nginx.conf", folder / "nginx.log"
    config.write_text(text)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [NGINX, "-c", str(config), "-e", str(log), "-g", "daemon off; user root;"], stdout=output, stderr=output
        )
    try:
        _until_it_answers(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up_s = time.monotonic() + START_S
    while time.monotonic() < give_up_s:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(f"no answer:\n{log.read_text()}")
