"""The files that the player loads: its scripts, and the plotly.js of the installed package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from frametally.network.assets import AssetBundle

SCRIPT_FILE: Final = "player.js"
PLOTLY_FILE: Final = "plotly.min.js"
_WEB: Final = Path(__file__).parent / "web"


def _plotly_file() -> Path:
    """Found without importing plotly, which takes long."""
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ImportError("plotly is not installed")
    return Path(spec.origin).parent / "package_data" / PLOTLY_FILE


SCRIPTS: Final = AssetBundle({path.relative_to(_WEB).as_posix(): path for path in sorted(_WEB.rglob("*.js"))})
PLOTLY: Final = AssetBundle({PLOTLY_FILE: _plotly_file()})
