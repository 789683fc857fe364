"""The data folder is for its owner only."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

from frametally.processes.environment import child_environment
from frametally.storage.permissions import restrict


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_ours_is_mended_and_the_rest_of_a_shared_folder_stays(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "results" / "job").mkdir(parents=True)
    ours = [folder / "results" / "job" / "counts", folder / "ledger.db", folder / "ledger.db-wal"]
    other, target = folder / "other", tmp_path / "target"
    for path in (*ours, other, target):
        path.touch()
        path.chmod(0o664)
    (folder / "results" / "link").symlink_to(target)
    (folder / "media").symlink_to(tmp_path)
    for path in (folder, folder / "results", folder / "results" / "job", tmp_path):
        path.chmod(0o755)
    restrict(folder, ["results", "ledger.db*", "media", "nothing"])
    assert [mode_of(path) for path in ours] == [0o600] * 3
    assert [mode_of(path) for path in (folder, folder / "results", folder / "results" / "job")] == [0o700] * 3
    assert [mode_of(path) for path in (other, target, tmp_path)] == [0o664, 0o664, 0o755]


def test_new_files_of_a_process_and_its_children_are_private(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; from frametally.storage.permissions import keep_new_files_private as keep; keep();"
        "open('own', 'w'); subprocess.run([sys.executable, '-c', 'import os; os.makedirs(\"a/b\")'], check=True)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=child_environment(os.environ), check=True)
    assert [mode_of(tmp_path / name) for name in ("own", "a", "a/b")] == [0o600, 0o700, 0o700]
