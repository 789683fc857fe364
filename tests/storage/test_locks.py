"""Locks on the data folder: shared by dashboards and commands, exclusive for a restore."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from frametally.errors import SettingsError
from frametally.storage.locks import lock_exclusive, lock_shared, locked


def test_any_number_of_processes_share_a_folder_without_a_restore(tmp_path: Path) -> None:
    first, second = lock_shared(tmp_path), lock_shared(tmp_path)
    with pytest.raises(SettingsError, match="in use"), lock_exclusive(tmp_path):
        pass
    first.close()
    second.close()
    with lock_exclusive(tmp_path), pytest.raises(SettingsError, match="being restored"):
        lock_shared(tmp_path)


def test_a_shared_lock_ends_with_its_object(tmp_path: Path) -> None:
    held = lock_shared(tmp_path)
    del held
    with lock_exclusive(tmp_path):
        pass


def test_an_exclusive_lock_waits_for_its_holder(tmp_path: Path) -> None:
    order = []
    entered = threading.Event()

    def wait_for_it() -> None:
        entered.set()
        with locked(tmp_path):
            order.append("second")

    with locked(tmp_path):
        waiting = threading.Thread(target=wait_for_it)
        waiting.start()
        entered.wait(10)
        order.append("first")
    waiting.join(10)
    assert order == ["first", "second"]


def test_a_missing_file_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), locked(tmp_path / "missing"):
        pass
