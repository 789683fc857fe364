"""Imports of libraries without the parts that are never used here, which take memory in every process.

supervision imports SciPy for smoothed traces and for data sets: 40 MB and two thirds of the time of its import. While
it is imported, its modules, and no others, get stand-ins for those modules of SciPy; what was taken from one imports
SciPy when it is called.
"""

from __future__ import annotations

import builtins
import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

_UNUSED: Final = frozenset({"scipy.interpolate", "scipy.spatial"})
_lock = threading.Lock()


def supervision() -> Any:
    """The library that draws on frames, with everything that `import supervision` gives."""
    if "supervision" not in sys.modules:
        with _lock, _replaced_for("supervision", _UNUSED):
            importlib.import_module("supervision")
    return importlib.import_module("supervision")  # waits while another thread imports it


@contextmanager
def _replaced_for(package: str, names: frozenset[str]) -> Iterator[None]:
    """Stand-ins for these modules in imports by the package.

    They are not in `sys.modules`, from which another thread that imports SciPy at the same time would take them.
    """
    original = builtins.__import__

    def importing(name: str, space: Any = None, *arguments: Any, **options: Any) -> Any:
        if name in names and str((space or {}).get("__name__")).startswith(f"{package}."):
            return _StandIn(name)
        return original(name, space, *arguments, **options)

    builtins.__import__ = importing  # type: ignore[assignment]
    try:
        yield
    finally:
        builtins.__import__ = original


class _StandIn(ModuleType):
    """Has every public name: a function that calls what the module has under this name."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **options: Any) -> Any:
            return getattr(importlib.import_module(self.__name__), name)(*args, **options)

        return call
