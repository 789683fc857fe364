"""Imports of libraries without the parts that are never used here, which take memory in every process.

supervision imports SciPy for smoothed traces and for data sets: 40 MB and two thirds of the time of its import. While
it is imported, stand-ins take the place of those modules of SciPy; what was taken from one imports SciPy when it is
called.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

_UNUSED: Final = ("scipy.interpolate", "scipy.spatial")
_lock = threading.Lock()


def supervision() -> Any:
    """The library that draws on frames, with everything that `import supervision` gives."""
    if "supervision" not in sys.modules:
        with _lock, _replaced(_UNUSED):
            importlib.import_module("supervision")
    return importlib.import_module("supervision")  # waits while another thread imports it


@contextmanager
def _replaced(names: tuple[str, ...]) -> Iterator[None]:
    """Stand-ins for those of the modules that are not imported yet."""
    added = {name: _StandIn(name) for name in names if name not in sys.modules}
    sys.modules.update(added)
    try:
        yield
    finally:
        for name, one in added.items():
            if sys.modules.get(name) is one:
                del sys.modules[name]


class _StandIn(ModuleType):
    """Has every public name: a function that calls what the module has under this name."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **options: Any) -> Any:
            return getattr(importlib.import_module(self.__name__), name)(*args, **options)

        return call
