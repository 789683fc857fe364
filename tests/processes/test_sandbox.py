"""What a process gives up before it reads a hostile file, seen in a process of its own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

from frametally.processes.environment import child_environment

CHILD = """
import json, resource, socket, threading
from frametally.processes.sandbox import enter_sandbox

def refused(family):
    try:
        socket.socket(family).close()
    except OSError as error:
        return error.errno
    return 0

ready, go, in_thread = threading.Event(), threading.Event(), []

def other_thread():
    ready.set()
    go.wait()
    in_thread.append(refused(socket.AF_INET))

thread = threading.Thread(target=other_thread)
thread.start()
ready.wait()
has_no_network = enter_sandbox(max_memory_bytes=1 << 30)
go.set()
thread.join()
local = [end.close() for end in socket.socketpair()]
try:
    large = bytearray(2 << 30)
except MemoryError:
    large = None
print(json.dumps({
    "refused": [refused(socket.AF_INET), refused(socket.AF_INET6), refused(socket.AF_NETLINK), *in_thread],
    "says": has_no_network,
    "limits": [resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_CORE, resource.RLIMIT_NOFILE)],
    "has_large": large is not None,
}))
"""
EPERM = 1


def test_a_child_has_no_network_no_core_dump_and_bounded_memory_in_all_its_threads() -> None:
    command = [sys.executable, "-c", CHILD]
    output = subprocess.run(command, env=child_environment(os.environ), capture_output=True, text=True, check=True)
    seen = json.loads(output.stdout)
    offered = sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")
    assert seen["says"] is offered
    assert seen["refused"] == [EPERM if offered else 0] * 4
    assert seen["limits"][0] == 0
    assert seen["limits"][1] <= 256
    assert not seen["has_large"]
