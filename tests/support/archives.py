"""Archives of results that this process has made before are copied: to make one takes ten times as long."""

from __future__ import annotations

import sys
from pathlib import Path

from frametally.results import archive_results

_ROOMS = ("frametally.results", "frametally.storage.seekable_zstd")
"""What an archive contains depends on the constants of these modules, which tests change."""
_MOST = 32
_Key = tuple[bytes, tuple[int, ...]]
_FILES: dict[_Key, dict[Path, bytes]] = {}
"""The files of the newest archives."""


def archive_cached(json_path: Path, folder: Path) -> None:
    """Archive a results file, for tests of what is in archives; those of how they are made call `archive_results()`."""
    key = json_path.read_bytes(), _constants()
    if folder.exists():
        archive_results(json_path, folder)
    elif files := _FILES.get(key):
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    else:
        archive_results(json_path, folder)
        _keep(key, folder)


def _keep(key: _Key, folder: Path) -> None:
    if len(_FILES) == _MOST:
        del _FILES[next(iter(_FILES))]
    _FILES[key] = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _constants() -> tuple[int, ...]:
    modules = [module for name, module in sys.modules.items() if name.startswith(_ROOMS)]
    return tuple(value for module in modules for value in vars(module).values() if type(value) is int)
