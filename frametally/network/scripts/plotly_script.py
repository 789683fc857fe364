"""The plotly.js of the installed package, without the wrapper that lets other module systems load it.

Browsers compile the function of the wrapper when it is called, on the thread of the page; what is in no function is
compiled while it arrives.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_FILE: Final = "plotly.min.js"
_START: Final = re.compile(
    r"(/\*\*.{0,400}?\*/\n)\(\n function\(root, factory\) \{.{0,400}?\} "
    r'\(typeof self !== "undefined" \? self : this, \(\) => \{\n',
    re.DOTALL,
)
_END: Final = re.compile(r"return Plotly;\n\}\)\);\s*")
_MAX_END_CHARS: Final = 100


def plotly_script() -> bytes:
    """The script, which sets `window.Plotly`; unchanged if its wrapper has another form than we know."""
    return unwrapped(plotly_file().read_text()).encode()


def unwrapped(script: str) -> str:
    """The script without its wrapper."""
    start, end = _START.match(script), _END.search(script, max(0, len(script) - _MAX_END_CHARS))
    if start is None or end is None or end.end() != len(script):
        return script
    return start[1] + script[start.end() : end.start()]


def plotly_file() -> Path:
    """The file of the package, found without importing plotly, which takes long."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ImportError("plotly is not installed")
    return Path(spec.origin).parent / "package_data" / _FILE
