"""Modules of Streamlit that its page loads when the first elements arrive: browsers load them while the page starts.

Streamlit loads the code of each kind of element, and what that imports, one after another. Where another version names
its files in another way, nothing is found, and everything works as without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import streamlit as st
from starlette.middleware import Middleware

from frametally.network.doors.preloads import Preloads

_STATIC: Final = Path(st.__file__).parent / "static"
_IMPORTED: Final = re.compile(r'(?:from|import)"\./([\w.-]+\.js)"')
_MIN_BYTES: Final = 2000
"""Smaller files cost more in the headers than they gain."""


_EVERYWHERE: Final = ("BidiComponent",)
_PAGES: Final = {
    "/analytics": ("Html", "Selectbox", "PageLink", "Checkbox"),
    "/jobs": ("TextInput", "DownloadButton", "ButtonGroup", "Pagination", "Checkbox"),
}
"""Kinds of elements that a page has besides."""


def element_preloads() -> list[Middleware]:
    """Let browsers load the modules of the elements together with the pages that have them."""
    pages = {"": _EVERYWHERE, **_PAGES}
    return [Middleware(Preloads, page=page, modules=streamlit_modules(kinds)) for page, kinds in pages.items()]


def streamlit_modules(kinds: Iterable[str]) -> list[str]:
    """Paths of the modules of these kinds of elements, with those that they import, without those of every page."""
    found: dict[Path, None] = {}
    known = set((_STATIC / "index.html").read_text().split('"'))
    for kind in kinds:
        for path in sorted((_STATIC / "static" / "js").glob(f"{kind}.*.js")):
            _add(path, known, found)
    return [f"/{path.relative_to(_STATIC)}" for path in found if path.stat().st_size >= _MIN_BYTES]


def _add(path: Path, known: set[str], found: dict[Path, None]) -> None:
    if path in found or f"./{path.relative_to(_STATIC)}" in known or not path.is_file():
        return
    found[path] = None
    for name in _IMPORTED.findall(path.read_text()):
        _add(path.parent / name, known, found)
