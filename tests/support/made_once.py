"""Folders that the first process that needs them writes, for all processes of a run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from frametally.storage.locks import locked
from tests.support.forked_runs import FOLDER


def made_once(factory: pytest.TempPathFactory, name: str, write: Callable[[Path], None]) -> Path:
    """The folder of this name; no test changes what is in it."""
    own = factory.getbasetemp()
    of_all = own.parent if own.name.startswith(FOLDER.format("")) else own
    folder, draft = of_all / name, of_all / f"{name}-{os.getpid()}"
    with locked(of_all):
        if not folder.exists():
            draft.mkdir()
            write(draft)
            draft.rename(folder)
    return folder
