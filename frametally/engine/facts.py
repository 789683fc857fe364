"""Files that are facts: written whole or not at all, and read where they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from frametally.storage.atomic import fsync

Fact = TypeVar("Fact", bound=Struct)


def read_fact(path: Path, kind: type[Fact]) -> Fact | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:  # not synced, then the power went: it is no state
        return None


def replace_file(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Write a file so that readers and crashes see the old one or the new one."""
    draft = path.with_name(f"{path.name}.draft")
    try:
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    if sync:
        fsync(path.parent)
