"""The script of the tab: loaded by browsers when it is first opened."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from frametally.network.assets import AssetBundle
from frametally.network.scripts.one_script import one_script

SCRIPT_FILE: Final = "truth.js"
_WEB: Final = Path(__file__).parent / "web"

TRUTH: Final = AssetBundle({SCRIPT_FILE: lambda: one_script(_WEB / SCRIPT_FILE).encode()})
