"""A load balancer without stickiness for our own routes: each request to them goes to the next dashboard in turn.

Streamlit's session is in one process: its WebSocket, and what it serves for it, go to the first one.
"""

from __future__ import annotations

import itertools
import re
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.support.proxy import ReceivedRequest, forward, handling

_OURS = b"/frametally/"


@contextmanager
def balancing(ports: Sequence[int], ours: bytes = _OURS) -> Iterator[tuple[str, Counter[tuple[int, str]]]]:
    """Yield the URL, and how often which route of which dashboard (its place in `ports`) was asked.

    `ours`: the start of the paths that take turns; `/` for a client of the engine, which has no session.
    """
    served: Counter[tuple[int, str]] = Counter()
    turns = itertools.cycle(range(len(ports)))

    def handle(client: socket.socket, request: ReceivedRequest) -> None:
        place = 0
        if request.target.startswith(ours):
            place = next(turns)
            served[place, re.split(rb"[/?]", request.target.removeprefix(ours))[0].decode()] += 1
        forward(client, request, ports[place])

    with handling(handle) as url:
        yield url, served
