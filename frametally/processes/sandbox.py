"""What a process gives up before it reads a hostile file: the network, core dumps, new privileges, most open files.

The network is refused by a seccomp filter, which needs no privilege: `socket(2)` fails except for AF_UNIX. Where the
kernel or the architecture does not offer it, the process keeps the network. Numbers are from the kernel's headers.
"""

from __future__ import annotations

import ctypes
import platform
import resource
import socket
import struct
import sys
from typing import Final, NamedTuple

_PR_SET_NO_NEW_PRIVS: Final = 38
_SECCOMP_SET_MODE_FILTER: Final = 1
_SECCOMP_FILTER_FLAG_TSYNC: Final = 1
"""The filter also applies to threads that are already running."""
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000
"""Return values of a filter; to refuse is to fail with EPERM, which is 1."""
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""Instructions of the Berkeley packet filter, from <linux/bpf_common.h>."""
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
"""Offsets in `struct seccomp_data`."""
_X32_BIT: Final = 0x40000000
"""System calls of the x32 ABI have this bit in their number, and would pass a filter for the others."""
_MAX_FILES: Final = 256


class _Numbers(NamedTuple):
    arch: int
    seccomp: int
    socket: int
    io_uring_setup: int


_NUMBERS: Final = {"x86_64": _Numbers(0xC000003E, 317, 41, 425), "aarch64": _Numbers(0xC00000B7, 277, 198, 425)}


def enter_sandbox(*, max_memory_bytes: int | None = None) -> bool:
    """Give up what reading a file does not need; returns whether the network was among it.

    Args:
        max_memory_bytes: limit of the process's data; an allocation beyond it fails.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _MAX_FILES)
    if max_memory_bytes is not None:
        limit_memory(max_memory_bytes)
    return _refuse_network()


def limit_memory(max_bytes: int) -> None:
    """Lower the limit of the process's data; an allocation beyond it fails."""
    _limit(resource.RLIMIT_DATA, max_bytes)


def _limit(kind: int, value: int) -> None:
    """Lower a limit; a lower one that is already set stays."""
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _refuse_network() -> bool:
    numbers = _NUMBERS.get(platform.machine())
    if numbers is None or sys.platform != "linux" or struct.calcsize("P") != 8:
        return False
    filter_bytes = ctypes.create_string_buffer(_filter(numbers))
    length, padding = len(filter_bytes.raw[:-1]) // 8, b"\0" * 6
    program = ctypes.create_string_buffer(
        struct.pack("H", length) + padding + struct.pack("P", ctypes.addressof(filter_bytes))
    )
    try:
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        mode, flags = ctypes.c_ulong(_SECCOMP_SET_MODE_FILTER), ctypes.c_ulong(_SECCOMP_FILTER_FLAG_TSYNC)
        return bool(libc.syscall(ctypes.c_long(numbers.seccomp), mode, flags, program) == 0)
    except (OSError, AttributeError):
        return False


def _filter(numbers: _Numbers) -> bytes:
    """The program: another architecture ends the process; a socket that is not local, and io_uring, are refused."""
    refuse, allow = (_RETURN, 0, 0, _REFUSE), (_RETURN, 0, 0, _ALLOW)
    program = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_EQUAL, 1, 0, numbers.arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_AT_LEAST, 5, 0, _X32_BIT),
        (_EQUAL, 4, 0, numbers.io_uring_setup),
        (_EQUAL, 0, 2, numbers.socket),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_EQUAL, 0, 1, int(socket.AF_UNIX)),
        allow,
        refuse,
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)
