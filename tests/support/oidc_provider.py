"""A real OpenID Connect provider on loopback, as its own process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.polling import until
from tests.support.ports import reserved_port
from tests.support.served_routes import answers


@contextmanager
def running_provider(people: Sequence[str]) -> Iterator[str]:
    """Serve a provider that knows these people; yield the URL of its metadata."""
    users = [part for name in people for part in ("--user-claims", json.dumps({"sub": name, "name": name.title()}))]
    command = [str(Path(sys.executable).with_name("oidc-provider-mock")), *users]
    with (
        reserved_port() as port,
        subprocess.Popen(
            [*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as provider,
    ):
        try:
            until(lambda: answers(port))
            yield f"http://127.0.0.1:{port}/.well-known/openid-configuration"
        finally:
            provider.terminate()
            provider.wait()
