"""The scripts of the tab: loaded by browsers when it is first opened."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from frametally.network.assets import AssetBundle

SCRIPT_FILE: Final = "audit.js"
_WEB: Final = Path(__file__).parent / "web"

AUDIT: Final = AssetBundle({path.name: path for path in sorted(_WEB.glob("*.js"))})
