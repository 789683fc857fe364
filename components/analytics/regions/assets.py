"""The scripts of the tab: loaded by browsers when it is first opened."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from frametally.network.assets import AssetBundle

SCRIPT_FILE: Final = "regions.js"
_WEB: Final = Path(__file__).parent / "web"

REGIONS: Final = AssetBundle(
    {path.relative_to(_WEB).as_posix(): path for path in sorted(_WEB.rglob("*")) if path.suffix in (".js", ".css")}
)
