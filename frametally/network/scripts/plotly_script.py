"""The plotly.js of the installed package, as our pages start it: with the kinds of traces that our charts have.

The file registers 45 kinds, maps and 3D among them, and so runs nearly all of its code; with three of them, it is ready
in a third of the time. It also loses the wrapper that lets other module systems load it: browsers compile the function
of the wrapper when it is called, on the thread of the page; what is in no function is compiled while it arrives.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path
from typing import Final

TRACES: Final = frozenset({"scatter", "bar", "heatmap"})
"""Kinds of traces that our charts have; scatter is always there."""
_FILE: Final = "plotly.min.js"
_START: Final = re.compile(
    r"(/\*\*.{0,400}?\*/\n)\(\n function\(root, factory\) \{.{0,400}?\} "
    r'\(typeof self !== "undefined" \? self : this, \(\) => \{\n',
    re.DOTALL,
)
_END: Final = re.compile(r"return Plotly;\n\}\)\);\s*")
_MAX_END_CHARS: Final = 100
_ALL: Final = re.compile(r"\.register\(\[((?:[\w$]+\(\),){20,}[\w$]+\(\))\]\)")
_MODULE: Final = re.compile(r"var ([\w$]+)=[\w$]+\(\([\w$,]*\)=>\{")
_LARGEST_KIND_CHARS: Final = 4000
_LARGEST_ALIAS_CHARS: Final = 100
"""How far before them the modules begin that a kind and its alias are found in."""


def plotly_script() -> bytes:
    """The script, which sets `window.Plotly`; parts of it that have another form than we know stay as they are."""
    return with_kinds(unwrapped(plotly_file().read_text()), TRACES - {"scatter"}).encode()


def unwrapped(script: str) -> str:
    """The script without its wrapper."""
    start, end = _START.match(script), _END.search(script, max(0, len(script) - _MAX_END_CHARS))
    if start is None or end is None or end.end() != len(script):
        return script
    return start[1] + script[start.end() : end.start()]


def with_kinds(script: str, kinds: Collection[str]) -> str:
    """The script registering only these kinds of traces; unchanged if one of them is not found."""
    lists = list(_ALL.finditer(script))
    if len(lists) != 1:
        return script
    registered = lists[0][1].split(",")
    kept = [_registering(script, kind) for kind in sorted(kinds)]
    if not set(kept) <= set(registered):
        return script
    return script[: lists[0].start(1)] + ",".join(kept) + script[lists[0].end(1) :]


def _registering(script: str, kind: str) -> str:
    """The call that returns a kind, of a module which only exports what another one does; `()` if not found."""
    own = _module_before(script, script.find(f'moduleType:"trace",name:"{kind}",'), _LARGEST_KIND_CHARS)
    alias = _module_before(script, script.find(f".exports={own}()}})"), _LARGEST_ALIAS_CHARS)
    return f"{alias}()"


def _module_before(script: str, at: int, most_chars: int) -> str:
    """Name of the module in which a place is; empty if it is -1, or if none starts so near."""
    found = _MODULE.findall(script, max(at - most_chars, 0), max(at, 0))
    return found[-1] if found else ""


def plotly_file() -> Path:
    """The file of the package, found without importing plotly, which takes long."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ImportError("plotly is not installed")
    return Path(spec.origin).parent / "package_data" / _FILE
